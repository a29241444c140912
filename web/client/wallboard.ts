/* The supervisor's wallboard without its looks: the board as the broker sends it, a short memory for the trend, and any conversation that is opened. */
import { conversationEntries } from "./conversation.ts";
import { Desk } from "./desk.ts";
import type { Board, DownFrame, Entry, Presence, Work } from "./frames.ts";

export const TREND_STEP_MS = 5000;
export const TREND_STEPS = 120; /* ten minutes */

export class Wallboard extends Desk {
    /** Waiting of each queue, oldest first, one for each step. */
    readonly trend = new Map<string, number[]>();
    private trendAt = 0;

    /** Read along, unseen. */
    open(conversation: string): void {
        if (!this.work.has(conversation)) this.work.set(conversation, workSketch(conversation, this.board));
        this.follow(conversation, false);
        this.select(conversation);
    }

    take(conversation: string): void {
        this.command({ verb: "take", conversation });
    }

    prioritise(conversation: string, priority: number): void {
        this.command({ verb: "prioritise", conversation, priority });
    }

    setPresenceOf(agent: string, presence: Presence): void {
        this.command({ verb: "set_presence", agent, presence });
    }

    /** To agents of @queues; none: to all. */
    tell(text: string, queues: readonly string[]): void {
        this.command({ verb: "bulletin", text, queues: queues.length > 0 ? [...queues] : undefined });
    }

    /** Known to be with @agent: what was opened here. */
    workOf(agent: string): Work[] {
        return [...this.work.values()].filter((each) => each.owner === agent && each.state !== "closed");
    }

    /** Once a step, also when nothing changed: a flat line is news too. */
    sample(): void {
        const now = this.env.now();
        if (this.board === null || now - this.trendAt < TREND_STEP_MS) return;
        this.trendAt = now;
        for (const row of this.board.queues) {
            const past = this.trend.get(row.queue) ?? [];
            this.trend.set(row.queue, [...past, row.waiting].slice(-TREND_STEPS));
        }
    }

    protected override frame(frame: DownFrame): void {
        super.frame(frame);
        if (frame.verb === "board") this.sample();
        if (frame.verb !== "entry") return;
        const { conversation } = frame;
        const log = this.threads.get(conversation)?.log;
        if (this.work.get(conversation)?.version === 0 && log !== undefined)
            this.work.set(conversation, workSketch(conversation, this.board, conversationEntries(log)));
    }
}

/** What can be said of a conversation before its first frame: as much as the board and its log say. Any frame is newer. */
export function workSketch(conversation: string, board: Board | null, entries: readonly Entry[] = []): Work {
    const row = board?.waiting?.find((each) => each.conversation === conversation);
    const at = row?.since ?? 0;
    let name: string | undefined;
    let channel = row?.channel ?? "chat";
    let state: string | undefined;
    let owner: string | undefined;
    for (const entry of entries) {
        if (entry.from === "resident" && entry.kind === "message") {
            name = entry.name ?? name;
            channel = entry.channel ?? channel;
        } else if (entry.kind === "state" && entry.state) {
            state = entry.state;
            owner = state === "active" || state === "wrap_up" ? entry.author : undefined;
        }
    }
    return {
        verb: "conversation",
        conversation,
        version: 0,
        state: state ?? (row === undefined ? "" : "queued"),
        queue: row?.queue ?? "",
        owner,
        resident: "",
        name,
        channel,
        seq: 0,
        opened_at: at,
        queued_at: at,
        priority: row?.priority,
    };
}
