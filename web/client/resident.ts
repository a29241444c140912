/* The resident's page without its looks: choose a subject, start, talk, come back. One conversation at a time.
 *
 * What must survive a reload lies in storage: the conversation and its token (shared by the tabs of this browser), the start that is not yet acked and
 * the outbox (of this client alone). Entries are not stored: the log serves them. */
import { Connection, type ConnectionStatus } from "./connection.ts";
import type { Environment, Storage } from "./environment.ts";
import { storageRead, storageWrite } from "./environment.ts";
import { errorRepeats } from "./errors.ts";
import type { Down, DownFrame, QueueName } from "./frames.ts";
import { outboxNew, outboxSave } from "./outbox.ts";
import { Store } from "./store.ts";
import { ANSWER_PATIENCE_MS, outboxKey, Thread } from "./thread.ts";
import type { Wire } from "./wire.ts";

export const CHAT_KEY = "loket.chat";
const START_REPEAT_MS = 1000;
const TELL_AT_ONCE = ["full", "queue_closed"]; /* it would succeed later, but that may be tomorrow */

interface Chat {
    readonly conversation: string;
    readonly token: string;
    readonly queue: string;
}

export interface Start {
    readonly key: string;
    readonly queue: string;
    readonly text: string;
    readonly name?: string | undefined;
    /** To be helped in. */
    readonly language?: string | undefined;
    readonly at: number;
}

export class Resident extends Store {
    status: ConnectionStatus;
    organisation = "";
    queues: readonly QueueName[] = [];
    textBytesMax = 16_384;
    /** Signed in as staff in this browser: the broker takes us for an agent, and agents start no conversations. */
    staff = false;
    /** The first message; stored until the broker has it. */
    private start: Start | null;
    /** Why the first message was refused. */
    startRefused: string | null = null;
    thread: Thread | null = null;
    queue = "";
    /** Place in line, while there is one. */
    waiting: Down<"waiting"> | null = null;
    /** Broker's clock minus ours. */
    clockMs = 0;
    /** The resident ends the conversation: asked of the broker, or why it refused. */
    ending: "asked" | { readonly code: string } | null = null;
    private epoch: string | undefined;
    private readonly connection: Connection;
    private cancelStart: () => void = () => undefined;

    constructor(
        private readonly env: Environment,
        private readonly storage: Storage,
        wire: Wire,
        private readonly client: string,
        private readonly language: () => string,
    ) {
        super();
        this.epoch = (storageRead(storage, "loket.epoch") ?? undefined) as string | undefined;
        this.start = storageRead(storage, this.startKey()) as Start | null;
        this.queue = this.start?.queue ?? "";
        this.connection = new Connection(env, wire, {
            hello: () => ({ client: this.client, language: this.language(), epoch: this.epoch }),
            welcome: (frame) => this.welcome(frame),
            frame: (frame) => this.frame(frame),
            status: (status) => this.statusChanged(status),
        });
        this.status = this.connection.status;
        const chat = storageRead(storage, CHAT_KEY) as Chat | null;
        if (this.start === null && chat !== null) this.follow(chat);
    }

    connect(): void {
        this.connection.start();
    }

    wake(): void {
        this.connection.wake();
    }

    offline(): void {
        this.connection.offline();
    }

    /** Another tab of this browser began or ended a conversation. */
    storageChanged(): void {
        const chat = storageRead(this.storage, CHAT_KEY) as Chat | null;
        if (this.start !== null || this.thread !== null || chat === null) return;
        const thread = this.follow(chat);
        if (this.status.phase === "open") thread.connected(true);
        this.changed();
    }

    begin(queue: string, text: string, name?: string): void {
        this.start = { key: this.env.id(), queue, text, name, language: this.language(), at: this.env.now() };
        this.startRefused = null;
        this.queue = queue;
        storageWrite(this.storage, this.startKey(), this.start);
        this.sendStart();
        this.changed();
    }

    /** No more waiting, or no more talking. */
    end(): void {
        if (this.thread === null) return;
        const asked = this.connection.send({ verb: "close", conversation: this.thread.options.conversation });
        this.ending = asked ? "asked" : { code: "closed" };
        this.changed();
    }

    /** Leave the conversation behind: back to the subjects. */
    startOver(): void {
        this.thread?.leave();
        if (this.thread !== null) this.storage.remove(outboxKey(this.client, this.thread.options.conversation));
        this.thread = this.waiting = this.ending = null;
        this.start = this.startRefused = null;
        this.cancelStart();
        this.storage.remove(CHAT_KEY);
        this.storage.remove(this.startKey());
        this.changed();
    }

    private startKey(): string {
        return `loket.start.${this.client}`;
    }

    private follow(chat: Chat): Thread {
        const port = {
            send: this.connection.send.bind(this.connection),
            wake: () => this.connection.wake(),
            accepts: () => !this.status.storeAway,
        };
        const { conversation, token } = chat;
        this.queue = chat.queue;
        const options = { conversation, token, client: this.client, side: "resident" } as const;
        return (this.thread = new Thread(this.env, this.storage, port, options, this.changed));
    }

    private statusChanged(status: ConnectionStatus): void {
        const before = this.status;
        this.status = status;
        if (before.phase === "open" && status.phase !== "open") {
            this.thread?.disconnected();
            this.ending = null; /* whether it was heard, the log will say */
        }
        if (before.storeAway && !status.storeAway && status.phase === "open") {
            this.thread?.accepted();
            this.sendStart();
        }
        this.changed();
    }

    private welcome(frame: Down<"welcome">): void {
        const sameData = this.epoch === undefined || this.epoch === frame.epoch;
        this.epoch = frame.epoch;
        storageWrite(this.storage, "loket.epoch", frame.epoch);
        this.organisation = frame.organisation;
        this.clockMs = frame.now - this.env.now();
        this.queues = frame.queues ?? [];
        this.textBytesMax = frame.text_bytes_max;
        this.staff = frame.role !== "resident";
        this.sendStart();
        this.thread?.connected(sameData);
        this.changed();
    }

    private frame(frame: DownFrame): void {
        if (frame.verb === "started") return this.started(frame);
        const conversation = "conversation" in frame ? frame.conversation : undefined;
        if (frame.verb === "error" && !conversation && this.thread === null) return this.startError(frame);
        if (this.thread === null || conversation !== this.thread.options.conversation) return;
        if (frame.verb === "waiting") this.waiting = frame.place > 0 ? frame : null;
        if (frame.verb === "error" && frame.refused === "close") this.ending = { code: frame.code };
        if (frame.verb === "entry" && frame.kind === "state") {
            this.ending = null;
            if (frame.state !== "queued") this.waiting = null;
        }
        this.thread.frame(frame);
        if (frame.verb === "waiting") this.changed();
    }

    /* Safe to repeat by its key, so it is repeated until `started` comes. */
    private sendStart(): void {
        this.cancelStart();
        if (this.start === null || this.thread !== null || this.startRefused !== null || this.status.storeAway) return;
        const { key, queue, text, name, language } = this.start;
        if (!this.connection.send({ verb: "start", key, queue, text, name, language })) return;
        this.cancelStart = this.env.timer(ANSWER_PATIENCE_MS, () => {
            this.connection.wake();
            this.sendStart();
        });
    }

    private startError(frame: Down<"error">): void {
        if (errorRepeats(frame) && !TELL_AT_ONCE.includes(frame.code)) {
            this.cancelStart();
            this.cancelStart = this.env.timer(START_REPEAT_MS, () => this.sendStart());
        } else {
            this.cancelStart();
            this.startRefused = frame.code;
            this.changed();
        }
    }

    private started(frame: Down<"started">): void {
        if (this.thread !== null || frame.key !== this.start?.key) return;
        const chat: Chat = { conversation: frame.conversation, token: frame.token, queue: this.start.queue };
        this.cancelStart();
        /* The first message had number 1. First the new, then the old: a page that dies between the two repeats the start and lands here again. */
        const box = { ...outboxNew(), acked: 1 };
        storageWrite(this.storage, outboxKey(this.client, chat.conversation), outboxSave(box));
        storageWrite(this.storage, CHAT_KEY, chat);
        this.storage.remove(this.startKey());
        this.follow(chat).connected(true);
        this.changed();
    }

    /** The first message, for as long as the log does not show it. */
    get startShown(): Start | null {
        return this.thread === null || this.thread.log.last === 0 ? this.start : null;
    }
}
