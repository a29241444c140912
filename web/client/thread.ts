/* One followed conversation: log and outbox together, kept in step with the broker. Resumes after each connect and after each gap, sends what waits,
 * and marks what was read. Both the resident's page and the console stand on it. No DOM.
 *
 * On a connection nothing is said before `resumed`: only then is it known which of our messages have landed. */
import { errorRepeats } from "./errors.ts";
import type { Environment, Storage } from "./environment.ts";
import { storageRead, storageWrite } from "./environment.ts";
import type { Down, DownFrame, UpFrame } from "./frames.ts";
import { conversationApply, conversationGapped, conversationNew, type Conversation } from "./conversation.ts";
import {
    outboxAck,
    outboxAdd,
    outboxCut,
    outboxDrop,
    outboxFail,
    outboxFull,
    outboxHold,
    outboxLoad,
    outboxNext,
    outboxRenumber,
    outboxResumed,
    outboxRetry,
    outboxSave,
    outboxSeen,
    outboxSending,
    type Outbox,
    type OutboxItem,
} from "./outbox.ts";

export const GAP_PATIENCE_MS = 250; /* frames of one turn may cross; only what stays missing is asked for again */
export const ANSWER_PATIENCE_MS = 10_000; /* then look whether the connection lives, and ask again */
export const TYPING_EVERY_MS = 3000;
export const TYPING_SHOWN_MS = 6000;
const REPEAT_FIRST_MS = 500;
const REPEAT_LAST_MS = 5000;

/** What a thread needs of the connection. */
export interface ThreadPort {
    send(frame: UpFrame): boolean;
    /** Is the connection alive? */
    wake(): void;
    /** The broker takes messages in just now. */
    accepts(): boolean;
}

export interface ThreadOptions {
    readonly conversation: string;
    readonly client: string;
    readonly token?: string | undefined;
    /** Start with so many of the newest; absent: all. */
    readonly last?: number | undefined;
    /** Side that this page speaks for. */
    readonly side: "resident" | "agent";
    /** Reads along: nobody is told of reading or typing. */
    readonly unseen?: boolean | undefined;
}

export class Thread {
    log: Conversation;
    box: Outbox;
    /** Code of the error that keeps us out; null while all is well. */
    refused: string | null = null;
    /** `history` was asked for. */
    loadingOlder = false;
    private open = false;
    private ready = false;
    private resuming = false;
    private repeats = 0;
    private typedAt = 0;
    private readUpTo = 0;
    private cancelGap: (() => void) | null = null;
    private cancelRepeat: (() => void) | null = null;
    private cancelPatience: (() => void) | null = null;

    constructor(
        private readonly env: Environment,
        private readonly storage: Storage,
        private readonly port: ThreadPort,
        readonly options: ThreadOptions,
        private readonly changed: () => void,
    ) {
        this.log = conversationNew(options.conversation);
        this.box = outboxLoad(
            storageRead(storage, outboxKey(options.client, options.conversation)) as Parameters<typeof outboxLoad>[0],
        );
    }

    /** Connected and welcomed. @sameData: the epoch is the one we knew. */
    connected(sameData: boolean): void {
        if (!sameData) {
            this.log = conversationNew(this.options.conversation);
            this.readUpTo = 0;
        }
        this.open = true;
        this.ready = false;
        this.box = outboxCut(this.box);
        this.resume();
        this.changed();
    }

    disconnected(): void {
        this.open = this.ready = this.resuming = this.loadingOlder = false;
        this.box = outboxCut(this.box);
        this.cancelTimers();
        this.changed();
    }

    get isOpen(): boolean {
        return this.open;
    }

    /** This error answers something that the thread itself asked for. */
    awaits(frame: Down<"error">): boolean {
        return (frame.counter ?? 0) > 0 || (this.resuming && (frame.refused ?? "resume") === "resume");
    }

    /** The broker takes messages in again. What others said around the loss may have been stored and not been told: look in the log. */
    accepted(): void {
        if (this.open) this.resume();
        this.pump();
    }

    /** Stop following; what is unsent stays stored. */
    leave(): void {
        if (this.open) this.port.send({ verb: "leave", conversation: this.options.conversation });
        this.open = this.ready = false;
        this.cancelTimers();
    }

    frame(frame: DownFrame): void {
        if (frame.verb === "error") this.error(frame);
        else this.log = conversationApply(this.log, frame, this.env.now());
        if (frame.verb === "resumed") this.resumed(frame);
        if (frame.verb === "ack") this.setBox(outboxAck(this.box, frame.counter, frame.seq));
        if (frame.verb === "history_end") this.loadingOlder = false;
        if (frame.verb === "entry" && frame.client === this.options.client && frame.counter !== undefined)
            this.setBox(outboxAck(this.box, frame.counter, frame.seq));
        this.box = outboxSeen(this.box, this.log.last);
        this.mind();
        this.pump();
        this.changed();
    }

    /** False when the outbox is full; nothing was taken then. */
    say(text: string, how: Pick<OutboxItem, "channel" | "note" | "whisper"> = {}): boolean {
        if (outboxFull(this.box)) return false;
        this.setBox(outboxAdd(this.box, { key: this.env.id(), text, at: this.env.now(), ...how }));
        this.typedAt = 0;
        this.pump();
        this.changed();
        return true;
    }

    retry(key: string, channel?: string): void {
        this.setBox(outboxRetry(this.box, key, channel));
        this.pump();
        this.changed();
    }

    drop(key: string): void {
        this.setBox(outboxDrop(this.box, key));
        this.changed();
    }

    typing(): void {
        if (!this.ready || this.options.unseen === true || this.env.now() - this.typedAt < TYPING_EVERY_MS) return;
        this.typedAt = this.env.now();
        this.port.send({ verb: "typing", conversation: this.options.conversation });
    }

    /** Everything up to @seq is on screen. */
    read(seq: number): void {
        const known = this.options.side === "agent" ? this.log.readAgent : this.log.readResident;
        if (!this.ready || this.options.unseen === true || seq <= Math.max(known, this.readUpTo)) return;
        this.readUpTo = seq;
        if (!this.port.send({ verb: "read", conversation: this.options.conversation, seq })) return;
        this.log = conversationApply(
            this.log,
            { verb: "read", conversation: this.options.conversation, seq, from: this.options.side },
            this.env.now(),
        );
        this.changed();
    }

    older(last: number): void {
        if (!this.ready || this.loadingOlder || this.log.base === 0) return;
        this.loadingOlder = this.port.send({
            verb: "history",
            conversation: this.options.conversation,
            before: this.log.base + 1,
            last,
        });
        this.changed();
    }

    /** Not in the log yet, in the order of writing. */
    waiting(): readonly (OutboxItem & { seq?: number })[] {
        return [...this.box.landed.map(({ item, seq }) => ({ ...item, seq })), ...this.box.items];
    }

    private resume(): void {
        const { conversation, token, last } = this.options;
        const from = this.log.known ? { seq: this.log.last } : last === undefined ? { seq: 0 } : { last };
        this.resuming = this.port.send({ verb: "resume", conversation, token, ...from });
        this.watch();
    }

    private resumed(frame: Down<"resumed">): void {
        const first = !this.ready;
        this.refused = null;
        this.resuming = false;
        this.ready = true;
        this.repeats = 0;
        this.setBox(outboxResumed(this.box, frame.counter, first));
        if (first) this.readUpTo = 0;
    }

    /* A refused `say` carries its counter; what concerns the conversation without one, while we wait for `resumed`, is about that. */
    private error(frame: Down<"error">): void {
        const counter = frame.counter ?? 0;
        this.loadingOlder = false;
        if (counter > 0) {
            if (this.box.flight === null) return;
            if (frame.code === "counter_gap") {
                const news = counter !== this.box.acked + 1;
                this.setBox(outboxRenumber(this.box, counter));
                if (!news) this.repeatLater(() => this.pump());
            } else if (counter === this.box.acked + 1) {
                const repeats = errorRepeats(frame);
                this.setBox(repeats ? outboxHold(this.box) : outboxFail(this.box, frame.code));
                if (repeats) this.repeatLater(() => this.pump());
            }
        } else if (this.awaits(frame)) {
            this.resuming = false;
            if (errorRepeats(frame)) this.repeatLater(() => this.resume());
            else this.refused = frame.code;
        }
    }

    private mind(): void {
        if (!conversationGapped(this.log) || !this.ready || this.resuming) {
            this.cancelGap?.();
            this.cancelGap = null;
        } else {
            this.cancelGap ??= this.env.timer(GAP_PATIENCE_MS, () => {
                this.cancelGap = null;
                if (this.ready && conversationGapped(this.log)) this.resume();
            });
        }
    }

    private pump(): void {
        const next = this.ready && this.port.accepts() && this.cancelRepeat === null ? outboxNext(this.box) : null;
        if (next === null) return;
        this.setBox(outboxSending(this.box, next.item.key));
        this.transmit(next.item, next.counter);
        this.watch();
    }

    private transmit(item: OutboxItem, counter: number): void {
        const { conversation } = this.options;
        const { text, channel, note, whisper } = item;
        this.port.send({ verb: "say", conversation, counter, text, channel, note, whisper });
    }

    /* While an answer is due: after some time see whether the connection lives, and ask again. Repeating is safe by the protocol. */
    private watch(): void {
        this.cancelPatience?.();
        this.cancelPatience = this.env.timer(ANSWER_PATIENCE_MS, () => {
            this.cancelPatience = null;
            if (!this.open || !(this.resuming || this.box.flight !== null)) return;
            this.port.wake();
            if (this.resuming) this.resume();
            else {
                const item = this.box.items.find((each) => each.key === this.box.flight);
                if (item !== undefined && this.port.accepts()) this.transmit(item, this.box.acked + 1);
                this.watch();
            }
        });
    }

    private repeatLater(call: () => void): void {
        const wait = Math.min(REPEAT_LAST_MS, REPEAT_FIRST_MS * 2 ** Math.min(this.repeats++, 8));
        this.cancelRepeat?.();
        this.cancelRepeat = this.env.timer(wait, () => {
            this.cancelRepeat = null;
            if (this.open) call();
        });
    }

    private setBox(box: Outbox): void {
        if (box === this.box) return;
        const before = this.box;
        this.box = box;
        if (before.acked === box.acked && before.items === box.items) return;
        storageWrite(this.storage, outboxKey(this.options.client, this.options.conversation), outboxSave(box));
    }

    private cancelTimers(): void {
        for (const cancel of [this.cancelGap, this.cancelRepeat, this.cancelPatience]) cancel?.();
        this.cancelGap = this.cancelRepeat = this.cancelPatience = null;
    }
}

export function outboxKey(client: string, conversation: string): string {
    return `loket.outbox.${client}.${conversation}`;
}
