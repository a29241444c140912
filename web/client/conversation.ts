/* One conversation as this page knows it: a pure reducer over the broker's frames. No clock, no socket, no DOM.
 *
 *      base         last            newest
 *       │ entries … │   gap   held …  │
 *       ▼           ▼                 ▼
 *   0 … 5 │ 6  7  8 │ (9)  10 11      11
 *
 * `entries` is without gaps from base+1 to last. What arrives beyond a gap is held until the gap is filled; `gapped` says that it is time to resume
 * from `last`. Numbers seen before are ignored, so that resume may overlap and pushes may repeat.
 *
 * The array of entries is shared between states and only ever appended to: a state reads its first `count` places. That keeps a resume of thousands
 * of entries linear without giving up plain values. */
import type { DownFrame, Entry } from "./frames.ts";

export interface Receipt {
    readonly state: string;
    readonly reason: string | undefined;
}

export interface Conversation {
    readonly id: string;
    readonly list: readonly Entry[];
    readonly count: number;
    readonly base: number;
    readonly last: number;
    readonly held: ReadonlyMap<number, Entry>;
    /** Older entries asked for by `history`, until its end. */
    readonly older: readonly Entry[];
    readonly newest: number;
    /** `resumed` was seen: the numbers mean something. */
    readonly known: boolean;
    readonly state: string;
    readonly readResident: number;
    readonly readAgent: number;
    readonly receipts: ReadonlyMap<number, Receipt>;
    readonly typing: { readonly from: string | undefined; readonly name: string | undefined; readonly at: number } | null;
}

export function conversationNew(id: string): Conversation {
    return {
        id,
        list: [],
        count: 0,
        base: 0,
        last: 0,
        held: new Map(),
        older: [],
        newest: 0,
        known: false,
        state: "",
        readResident: 0,
        readAgent: 0,
        receipts: new Map(),
        typing: null,
    };
}

export function conversationEntries(c: Conversation): Entry[] {
    return c.list.slice(0, c.count);
}

/** Something is missing between what we have and what we know to exist. */
export function conversationGapped(c: Conversation): boolean {
    return c.known && (c.held.size > 0 || c.newest > c.last);
}

/** @now_ms marks typing signs only. */
export function conversationApply(c: Conversation, frame: DownFrame, now_ms: number): Conversation {
    switch (frame.verb) {
        case "resumed":
            return resumed(c, frame);
        case "entry":
            return entered(c, frame);
        case "ack":
            return { ...c, newest: Math.max(c.newest, frame.seq) };
        case "history_end":
            return historyEnded(c);
        case "read":
            return frame.from === "agent"
                ? { ...c, readAgent: Math.max(c.readAgent, frame.seq) }
                : { ...c, readResident: Math.max(c.readResident, frame.seq) };
        case "typing":
            return { ...c, typing: { from: frame.from, name: frame.name, at: now_ms } };
        default:
            return c;
    }
}

function resumed(c: Conversation, frame: Extract<DownFrame, { verb: "resumed" }>): Conversation {
    /* The broker knows less than we have seen: data was lost. Ours proves nothing any more. */
    const lost = c.known && frame.seq < c.last;
    /* It starts beyond our last: asked for with `last`, after a long absence. What lies between is older history. */
    const fresh = !c.known || lost || frame.from > c.last;
    const ground = fresh ? { ...conversationNew(c.id), base: frame.from, last: frame.from } : c;
    const next = {
        ...ground,
        known: true,
        newest: Math.max(frame.seq, ground.last),
        state: frame.state,
        readResident: fresh ? frame.read_resident : Math.max(c.readResident, frame.read_resident),
        readAgent: fresh ? frame.read_agent : Math.max(c.readAgent, frame.read_agent),
    };
    return fresh ? settle({ ...next, held: new Map(c.known ? [] : c.held) }) : next;
}

function entered(c: Conversation, entry: Entry): Conversation {
    if (entry.seq <= c.base) return { ...c, older: [...c.older, entry] };
    if (entry.seq <= c.last) return c;
    const held = new Map(c.held);
    held.set(entry.seq, entry);
    return settle({ ...c, held, newest: Math.max(c.newest, entry.seq) });
}

/* Move what now follows without a gap from `held` to the list. Before `resumed` nobody knows where the list starts. */
function settle(c: Conversation): Conversation {
    if (!c.known) return c;
    const held = new Map([...c.held].filter(([seq]) => seq > c.last));
    const list = c.count === c.list.length ? (c.list as Entry[]) : c.list.slice(0, c.count);
    let { last, state, receipts, typing } = c;
    for (let entry = held.get(last + 1); entry !== undefined; entry = held.get(last + 1)) {
        held.delete(entry.seq);
        list.push(entry);
        last = entry.seq;
        if (entry.kind === "state" && entry.state !== undefined) state = entry.state;
        if (entry.kind === "receipt" && entry.of !== undefined)
            receipts = new Map(receipts).set(entry.of, { state: entry.state ?? "unknown", reason: entry.reason });
        if (entry.kind === "message" && entry.from === typing?.from) typing = null;
    }
    return { ...c, held, list, count: list.length, last, state, receipts, typing };
}

function historyEnded(c: Conversation): Conversation {
    const bySeq = new Map(c.older.map((entry) => [entry.seq, entry]));
    const found: Entry[] = [];
    for (let seq = c.base; bySeq.has(seq); seq--) found.unshift(bySeq.get(seq) as Entry);
    if (found.length === 0) return { ...c, older: [] };
    let receipts = c.receipts;
    for (const entry of found) {
        if (entry.kind === "receipt" && entry.of !== undefined && !receipts.has(entry.of))
            receipts = new Map(receipts).set(entry.of, { state: entry.state ?? "unknown", reason: entry.reason });
    }
    const list = [...found, ...conversationEntries(c)];
    return { ...c, older: [], list, count: list.length, base: c.base - found.length, receipts };
}

/** Messages of the resident, and whispers, that no agent has had on screen. */
export function conversationUnread(c: Conversation): number {
    let unread = 0;
    for (let i = c.count - 1; i >= 0; i--) {
        const entry = c.list[i] as Entry;
        if (entry.seq <= c.readAgent) break;
        if (entry.kind === "whisper" || (entry.kind === "message" && entry.from === "resident")) unread++;
    }
    return unread;
}
