/* What this client has said in one conversation and the broker has not yet acked: a pure reducer. Kept in storage before anything is sent.
 *
 * The broker takes counters 1, 2, 3 … of one client in one conversation without gaps, and a number is used up only by an ack. So no number is stored
 * here: the number of the item at the head is `acked + 1`, and only the head is on its way (one at a time). That is slower for a backlog than sending
 * ahead, by one round trip a message, and makes it impossible to take an answer for the wrong message after a renumbering: a refused item steps aside,
 * the next one gets its number.
 *
 * An item that was `tried` may have landed although its ack was lost; `resumed` says so by its counter. One that was never tried cannot have. */
export interface OutboxItem {
    readonly key: string;
    readonly text: string;
    readonly channel?: string | undefined;
    readonly note?: boolean | undefined;
    readonly whisper?: boolean | undefined;
    /** When it was written, ms since 1970. */
    readonly at: number;
    readonly tried?: boolean | undefined;
    /** Error code of a refusal that repeating will not cure; it waits here for its author. */
    readonly failed?: string | undefined;
}

export interface Outbox {
    readonly acked: number;
    readonly items: readonly OutboxItem[];
    /** Key of the item on its way over the present connection. */
    readonly flight: string | null;
    /** Acked, but not yet seen in the log: still shown from here. Not stored. */
    readonly landed: readonly { readonly item: OutboxItem; readonly seq: number }[];
}

export const OUTBOX_ITEMS_MAX = 200; /* of at most 16 kB: within the 5 MB that browsers grant */

export function outboxNew(): Outbox {
    return { acked: 0, items: [], flight: null, landed: [] };
}

/** The part that is stored. */
export function outboxSave(box: Outbox): { acked: number; items: readonly OutboxItem[] } {
    return { acked: box.acked, items: box.items };
}

export function outboxLoad(saved: { acked?: number; items?: readonly OutboxItem[] } | null): Outbox {
    return { ...outboxNew(), acked: saved?.acked ?? 0, items: saved?.items ?? [] };
}

export function outboxFull(box: Outbox): boolean {
    return box.items.length >= OUTBOX_ITEMS_MAX;
}

export function outboxAdd(box: Outbox, item: OutboxItem): Outbox {
    return { ...box, items: [...box.items, item] };
}

/** The item to send now and its counter; null when one is on its way or nothing waits. */
export function outboxNext(box: Outbox): { item: OutboxItem; counter: number } | null {
    if (box.flight !== null) return null;
    const item = box.items.find((each) => each.failed === undefined);
    return item === undefined ? null : { item, counter: box.acked + 1 };
}

/** Store the result before the frame leaves. */
export function outboxSending(box: Outbox, key: string): Outbox {
    return { ...box, flight: key, items: change(box.items, key, { tried: true }) };
}

/** A new connection: whatever was on its way is in doubt. */
export function outboxCut(box: Outbox): Outbox {
    return { ...box, flight: null };
}

/** @counter is on disk at @seq. Also for an entry of ours that comes before its ack. */
export function outboxAck(box: Outbox, counter: number, seq: number): Outbox {
    if (counter !== box.acked + 1) return box;
    const item = box.items.find((each) => each.failed === undefined);
    if (item?.tried !== true) return { ...box, acked: counter };
    return {
        acked: counter,
        items: box.items.filter((each) => each !== item),
        flight: box.flight === item.key ? null : box.flight,
        landed: [...box.landed, { item, seq }],
    };
}

/** The broker expects another number: it has up to @expected - 1 of ours. The item keeps its place and gets the number that is next. */
export function outboxRenumber(box: Outbox, expected: number): Outbox {
    return { ...box, flight: null, acked: Math.max(0, expected - 1) };
}

/** Refused, may succeed later: it stays at the head. */
export function outboxHold(box: Outbox): Outbox {
    return { ...box, flight: null };
}

/** Refused for good: it steps aside, its number goes to the next. */
export function outboxFail(box: Outbox, code: string): Outbox {
    if (box.flight === null) return box;
    return { ...box, flight: null, items: change(box.items, box.flight, { failed: code, tried: undefined }) };
}

/** The author wants it sent after all: it queues again, as the newest. */
export function outboxRetry(box: Outbox, key: string, channel?: string): Outbox {
    const item = box.items.find((each) => each.key === key);
    if (item?.failed === undefined) return box;
    const again = { ...item, failed: undefined, tried: undefined, channel: channel ?? item.channel };
    return { ...box, items: [...box.items.filter((each) => each !== item), again] };
}

/** Only what was refused can be taken back. */
export function outboxDrop(box: Outbox, key: string): Outbox {
    return { ...box, items: box.items.filter((each) => each.key !== key || each.failed === undefined) };
}

/** `resumed`: the broker has this client's messages up to @counter. @first of this connection: nothing of ours can be on its way, so a lower number
 * than ours means that data was lost. */
export function outboxResumed(box: Outbox, counter: number, first: boolean): Outbox {
    if (counter < box.acked) return first ? { ...box, acked: counter } : box;
    let { items } = box;
    let flight = box.flight;
    for (let n = box.acked; n < counter; n++) {
        const item = items.find((each) => each.failed === undefined);
        if (item?.tried !== true) break;
        items = items.filter((each) => each !== item);
        if (flight === item.key) flight = null;
    }
    return { ...box, acked: counter, items, flight };
}

/** The log shows everything up to @seq. */
export function outboxSeen(box: Outbox, seq: number): Outbox {
    if (!box.landed.some((each) => each.seq <= seq)) return box;
    return { ...box, landed: box.landed.filter((each) => each.seq > seq) };
}

function change(items: readonly OutboxItem[], key: string, by: Partial<OutboxItem>): OutboxItem[] {
    return items.map((each) => (each.key === key ? { ...each, ...by } : each));
}
