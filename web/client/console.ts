/* The agent's console without its looks: the work list, a thread for each conversation held, presence, the queues' counts, drafts.
 *
 * Every conversation held is followed, not only the one on screen: unread counts and previews are live, and opening one costs nothing. */
import { Connection, type ConnectionStatus } from "./connection.ts";
import type { Environment, Storage } from "./environment.ts";
import { storageRead, storageWrite } from "./environment.ts";
import type { Board, Channel, Down, DownFrame, Presence, QueueName, UpFrame, Work } from "./frames.ts";
import { conversationUnread } from "./conversation.ts";
import type { Session } from "./session.ts";
import { Store } from "./store.ts";
import { Thread } from "./thread.ts";
import type { Wire } from "./wire.ts";

export const PAGE_ENTRIES = 50; /* entries fetched at a time */
const PRESENCE_KEPT_MS = 300_000; /* after a shorter absence the console asks for its old presence again; after a longer one a person must */

export interface Problem {
    readonly code: string;
    readonly at: number;
}

export class Console extends Store {
    status: ConnectionStatus;
    presence: Presence = "offline";
    presenceWanted: Presence | null = null;
    queues: readonly QueueName[] = [];
    textBytesMax = 16_384;
    board: Board | null = null;
    /** Broker's clock minus ours. */
    clockMs = 0;
    selected: string | null = null;
    /** Refusal of something other than a message. */
    problem: Problem | null = null;
    signedOut = false;
    readonly work = new Map<string, Work>();
    readonly threads = new Map<string, Thread>();
    /** What is being written in each conversation; survives a reload. */
    readonly drafts: Map<string, string>;
    private epoch: string | undefined;
    private lostAt = 0;
    private readonly connection: Connection;

    constructor(
        private readonly env: Environment,
        private readonly storage: Storage,
        wire: Wire,
        private readonly client: string,
        readonly session: Session,
        private readonly language: () => string,
    ) {
        super();
        this.drafts = new Map(Object.entries((storageRead(storage, this.draftsKey()) ?? {}) as Record<string, string>));
        this.connection = new Connection(env, wire, {
            hello: () => ({ client: this.client, language: this.language(), epoch: this.epoch }),
            welcome: (frame) => this.welcome(frame),
            frame: (frame) => this.frame(frame),
            status: (status) => this.statusChanged(status),
        });
        this.status = this.connection.status;
    }

    connect(): void {
        this.connection.start();
    }

    disconnect(): void {
        this.connection.stop();
    }

    wake(): void {
        this.connection.wake();
    }

    offline(): void {
        this.connection.offline();
    }

    /** Mine, newest first; also what left with an answer of ours unsent: that must not vanish from sight. */
    mine(): Work[] {
        return [...this.work.values()]
            .filter((each) => this.holds(each) || this.unsent(each.conversation))
            .sort((a, b) => (b.assigned_at ?? b.opened_at) - (a.assigned_at ?? a.opened_at));
    }

    holds(work: Work): boolean {
        return work.owner === this.session.agent && work.state !== "closed";
    }

    unsent(conversation: string): boolean {
        return (this.threads.get(conversation)?.box.items.length ?? 0) > 0;
    }

    unread(conversation: string): number {
        const thread = this.threads.get(conversation);
        return thread === undefined ? 0 : conversationUnread(thread.log);
    }

    unreadTotal(): number {
        return this.mine().reduce((sum, each) => sum + this.unread(each.conversation), 0);
    }

    select(conversation: string | null): void {
        const before = this.selected;
        this.selected = conversation;
        if (before !== null && before !== conversation) this.forget(before);
        this.changed();
    }

    setPresence(presence: Presence): void {
        this.presenceWanted = presence;
        this.connection.send({ verb: "presence", presence });
        this.changed();
    }

    setDraft(conversation: string, text: string): void {
        if (text === "") this.drafts.delete(conversation);
        else this.drafts.set(conversation, text);
        storageWrite(this.storage, this.draftsKey(), Object.fromEntries(this.drafts));
        this.changed();
    }

    /** Refused as stale when the resident has said more than is known here. */
    close(conversation: string): void {
        this.command({ verb: "close", conversation, seq: this.threads.get(conversation)?.log.last });
    }

    requeue(conversation: string, queue?: string): void {
        this.command({ verb: "requeue", conversation, queue });
    }

    link(conversation: string, channel: Channel, address: string): void {
        this.command({ verb: "link", conversation, channel, address });
    }

    unlink(conversation: string, channel: string, address: string): void {
        this.command({ verb: "unlink", conversation, channel, address });
    }

    forgetProblem(): void {
        this.problem = null;
        this.changed();
    }

    /** Channels on which this resident can be answered: the last used first. */
    channels(work: Work): Channel[] {
        const thread = this.threads.get(work.conversation);
        const found = new Set<string>([work.channel]);
        if (work.present || thread?.log.list.some((each) => each.channel === "chat")) found.add("chat");
        for (const each of work.addresses ?? []) found.add(each.channel);
        return [...found] as Channel[];
    }

    private command(frame: UpFrame): void {
        this.problem = this.connection.send(frame) ? null : { code: "closed", at: this.env.now() };
        this.changed();
    }

    private draftsKey(): string {
        return `loket.drafts.${this.session.agent}`;
    }

    private statusChanged(status: ConnectionStatus): void {
        const before = this.status;
        this.status = status;
        if (before.phase === "open" && status.phase !== "open") {
            this.lostAt = this.env.now();
            for (const thread of this.threads.values()) thread.disconnected();
        }
        if (status.reason === "sign_in") this.signedOut = true;
        if (before.storeAway && !status.storeAway && status.phase === "open")
            for (const thread of this.threads.values()) thread.accepted();
        this.changed();
    }

    private welcome(frame: Down<"welcome">): void {
        if (frame.role !== this.session.role || frame.agent !== this.session.agent) {
            /* The cookie ended while we were away, or somebody else signed in from this browser. */
            this.signedOut = true;
            this.connection.stop();
            return;
        }
        const sameData = this.epoch === undefined || this.epoch === frame.epoch;
        this.epoch = frame.epoch;
        this.clockMs = frame.now - this.env.now();
        this.queues = frame.queues ?? [];
        this.textBytesMax = frame.text_bytes_max;
        this.keepPresence((frame.presence ?? "offline") as Presence);
        const held = new Set(frame.work ?? []);
        for (const [id, work] of this.work) if (!sameData || !held.has(id)) this.left(work);
        if (!sameData) this.work.clear();
        for (const id of held) this.follow(id, sameData);
        for (const [id, thread] of this.threads) if (!held.has(id)) thread.connected(sameData);
        this.connection.send({ verb: "watch" });
        this.changed();
    }

    private keepPresence(presence: Presence): void {
        const wanted = this.presenceWanted ?? this.presence;
        const short = this.lostAt > 0 && this.env.now() - this.lostAt < PRESENCE_KEPT_MS;
        this.presence = presence;
        this.presenceWanted = null;
        if (short && wanted !== presence) this.setPresence(wanted);
    }

    private frame(frame: DownFrame): void {
        switch (frame.verb) {
            case "board":
                this.board = frame;
                this.clockMs = frame.at - this.env.now();
                break;
            case "presence":
                this.presence = frame.presence as Presence;
                this.presenceWanted = null;
                break;
            case "conversation":
                this.conversation(frame);
                break;
            case "error":
                this.error(frame);
                break;
            default:
                if ("conversation" in frame) this.threads.get(frame.conversation)?.frame(frame);
                return;
        }
        this.changed();
    }

    private conversation(work: Work): void {
        const known = this.work.get(work.conversation);
        if (known !== undefined && known.version > work.version) return;
        this.work.set(work.conversation, work);
        if (this.holds(work)) this.follow(work.conversation, true);
        else this.forget(work.conversation);
    }

    private error(frame: Down<"error">): void {
        const thread = frame.conversation ? this.threads.get(frame.conversation) : undefined;
        const handled = thread?.awaits(frame) ?? false;
        thread?.frame(frame);
        if (handled || frame.code === "unknown_verb") return;
        this.presenceWanted = null;
        this.problem = { code: frame.code, at: this.env.now() };
    }

    private follow(conversation: string, sameData: boolean): void {
        let thread = this.threads.get(conversation);
        if (thread === undefined) {
            const port = {
                send: this.connection.send.bind(this.connection),
                wake: () => this.connection.wake(),
                accepts: () => !this.status.storeAway,
            };
            thread = new Thread(
                this.env,
                this.storage,
                port,
                { conversation, client: this.client, last: PAGE_ENTRIES, side: "agent" },
                this.changed,
            );
            this.threads.set(conversation, thread);
        }
        if (this.status.phase === "open" && !thread.isOpen) thread.connected(sameData);
    }

    /* While we were away it went to somebody else or was closed. */
    private left(work: Work): void {
        this.work.set(work.conversation, { ...work, owner: undefined });
        this.forget(work.conversation);
    }

    /* What left the list and is not on screen is followed no longer. */
    private forget(conversation: string): void {
        const work = this.work.get(conversation);
        if (this.selected === conversation || this.unsent(conversation)) return;
        if (work !== undefined && this.holds(work)) return;
        this.threads.get(conversation)?.leave();
        this.threads.delete(conversation);
        this.work.delete(conversation);
    }
}
