/* What the console and the wallboard share, without looks: a connection as a member of staff, the board, and conversations that are followed, each with
 * its thread. Every conversation in which one takes part is followed, not only the one on screen: unread counts and previews are live, and opening one
 * costs nothing. */
import { Connection, type ConnectionStatus } from "./connection.ts";
import type { Environment, Storage } from "./environment.ts";
import { storageRead, storageWrite } from "./environment.ts";
import type { Board, Channel, Down, DownFrame, QueueName, StatusName, UpFrame, Work } from "./frames.ts";
import { conversationUnread } from "./conversation.ts";
import type { Session } from "./session.ts";
import { Store } from "./store.ts";
import { Thread } from "./thread.ts";
import type { Wire } from "./wire.ts";
import { workPart, type Part } from "./work.ts";

export const PAGE_ENTRIES = 50; /* entries fetched at a time */
const BULLETINS_MAX = 5; /* shown at once; older ones give way */

export interface Problem {
    readonly code: string;
    /** Verb of what was refused. */
    readonly refused: string | undefined;
}

export type Bulletin = Down<"bulletin"> & { readonly key: number };

export interface DeskOptions {
    readonly env: Environment;
    readonly storage: Storage;
    readonly wire: Wire;
    readonly client: string;
    readonly session: Session;
    readonly language: () => string;
}

export class Desk extends Store {
    status: ConnectionStatus;
    queues: readonly QueueName[] = [];
    statuses: readonly StatusName[] = [];
    textBytesMax = 16_384;
    board: Board | null = null;
    /** Broker's clock minus ours. */
    clockMs = 0;
    selected: string | null = null;
    /** Refusal of something other than a message. */
    problem: Problem | null = null;
    /** Notices of supervisors, the newest last. */
    bulletins: readonly Bulletin[] = [];
    signedOut = false;
    readonly session: Session;
    readonly work = new Map<string, Work>();
    readonly threads = new Map<string, Thread>();
    /** What is being written in each conversation; survives a reload. */
    readonly drafts: Map<string, string>;
    protected readonly env: Environment;
    protected readonly connection: Connection;
    private readonly storage: Storage;
    private readonly client: string;
    private epoch: string | undefined;
    private bulletinKey = 0;

    constructor({ env, storage, wire, client, session, language }: DeskOptions) {
        super();
        this.env = env;
        this.storage = storage;
        this.client = client;
        this.session = session;
        this.drafts = new Map(Object.entries((storageRead(storage, this.draftsKey()) ?? {}) as Record<string, string>));
        this.connection = new Connection(env, wire, {
            hello: () => ({ client, language: language(), epoch: this.epoch }),
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

    /** What one takes part in, newest first; also what left with an answer of ours unsent: that must not vanish from sight. */
    mine(): Work[] {
        return [...this.work.values()]
            .filter((each) => this.takesPart(each) || this.unsent(each.conversation))
            .sort((a, b) => (b.assigned_at ?? b.opened_at) - (a.assigned_at ?? a.opened_at));
    }

    part(work: Work): Part {
        return workPart(work, this.session.agent);
    }

    holds(work: Work): boolean {
        return this.part(work) === "owner";
    }

    /** May write in it. */
    takesPart(work: Work): boolean {
        const part = this.part(work);
        return part === "owner" || (part === "joined" && this.threads.get(work.conversation)?.refused == null);
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

    setDraft(conversation: string, text: string): void {
        if (text === "") this.drafts.delete(conversation);
        else this.drafts.set(conversation, text);
        storageWrite(this.storage, this.draftsKey(), Object.fromEntries(this.drafts));
        this.changed();
    }

    /** Refused as stale when the resident has said more than is known here. */
    close(conversation: string, reason?: string): void {
        this.command({ verb: "close", conversation, seq: this.threads.get(conversation)?.log.last, reason });
    }

    requeue(conversation: string, queue?: string): void {
        this.command({ verb: "requeue", conversation, queue });
    }

    transfer(conversation: string, to: { readonly agent: string } | { readonly queue: string }): void {
        this.command({ verb: "transfer", conversation, ...to });
    }

    /** Without @agent: oneself. */
    join(conversation: string, agent?: string): void {
        this.command({ verb: "join", conversation, agent });
    }

    leave(conversation: string, agent?: string): void {
        this.command({ verb: "part", conversation, agent });
    }

    /** Without @until: until the resident writes. */
    snooze(conversation: string, until?: number): void {
        this.command({ verb: "snooze", conversation, until });
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

    forgetBulletin(key: number): void {
        this.bulletins = this.bulletins.filter((each) => each.key !== key);
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

    protected command(frame: UpFrame): void {
        this.problem = this.connection.send(frame) ? null : { code: "closed", refused: frame.verb };
        this.changed();
    }

    private draftsKey(): string {
        return `loket.drafts.${this.session.agent}`;
    }

    protected statusChanged(status: ConnectionStatus): void {
        const before = this.status;
        this.status = status;
        if (before.phase === "open" && status.phase !== "open") for (const thread of this.threads.values()) thread.disconnected();
        if (status.reason === "sign_in") this.signedOut = true;
        if (before.storeAway && !status.storeAway && status.phase === "open")
            for (const thread of this.threads.values()) thread.accepted();
        this.changed();
    }

    protected welcome(frame: Down<"welcome">): void {
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
        this.statuses = frame.statuses ?? [];
        this.textBytesMax = frame.text_bytes_max;
        /* Each conversation that is still ours follows as a frame; what went to somebody else or was closed meanwhile does not. */
        const held = new Set(frame.work ?? []);
        for (const [id, work] of this.work) {
            const gone = !held.has(id) && (this.holds(work) || this.part(work) === "offered");
            if (gone || !sameData) this.left(work);
        }
        for (const thread of this.threads.values()) thread.connected(sameData);
        this.connection.send({ verb: "watch" });
        this.changed();
    }

    protected frame(frame: DownFrame): void {
        switch (frame.verb) {
            case "board":
                this.board = { ...frame, agents: frame.agents ?? this.board?.agents };
                this.clockMs = frame.at - this.env.now();
                break;
            case "bulletin":
                this.bulletins = [...this.bulletins, { ...frame, key: this.bulletinKey++ }].slice(-BULLETINS_MAX);
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

    protected conversation(work: Work): void {
        const known = this.work.get(work.conversation);
        if (known !== undefined && known.version > work.version) return;
        const news = known === undefined || !this.takesPart(known);
        this.work.set(work.conversation, work);
        if (this.takesPart(work)) this.follow(work.conversation, news);
        else this.forget(work.conversation);
    }

    protected error(frame: Down<"error">): void {
        const thread = frame.conversation ? this.threads.get(frame.conversation) : undefined;
        const handled = thread?.awaits(frame) ?? false;
        thread?.frame(frame);
        if (handled || frame.code === "unknown_verb") return;
        this.problem = { code: frame.code, refused: frame.refused };
    }

    /** @anew: it came back to us, and whoever had left is told of nothing any more until they ask again. */
    protected follow(conversation: string, anew: boolean): void {
        let thread = this.threads.get(conversation);
        if (thread === undefined) {
            const port = {
                send: this.connection.send.bind(this.connection),
                wake: () => this.connection.wake(),
                accepts: () => !this.status.storeAway,
            };
            const unseen = this.session.role === "supervisor";
            const options = { conversation, client: this.client, last: PAGE_ENTRIES, side: "agent", unseen } as const;
            thread = new Thread(this.env, this.storage, port, options, this.changed);
            this.threads.set(conversation, thread);
        }
        if (this.status.phase === "open" && (anew || !thread.isOpen)) thread.connected(true);
    }

    /* While we were away it went to somebody else or was closed. */
    private left(work: Work): void {
        this.work.set(work.conversation, { ...work, owner: undefined, offered: undefined, joined: undefined });
        this.forget(work.conversation);
    }

    /* What left the list and is not on screen is followed no longer. */
    protected forget(conversation: string): void {
        const work = this.work.get(conversation);
        if (this.selected === conversation || this.unsent(conversation)) return;
        if (work !== undefined && this.takesPart(work)) return;
        this.threads.get(conversation)?.leave();
        this.threads.delete(conversation);
        if (work === undefined || this.part(work) !== "offered") this.work.delete(conversation);
    }
}
