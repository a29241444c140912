/* The agent's console without its looks: what a desk has, and presence, offers and what follows from them. */
import type { ConnectionStatus } from "./connection.ts";
import { Desk } from "./desk.ts";
import type { Down, DownFrame, Presence, Work } from "./frames.ts";
import { workOffers } from "./work.ts";

const PRESENCE_KEPT_MS = 300_000; /* after a shorter absence the console asks for its old presence again; after a longer one a person must */

export class Console extends Desk {
    presence: Presence = "offline";
    presenceWanted: Presence | null = null;
    /** When each offer was first seen here, by the broker's clock: a bar shows how much of it is left. */
    readonly offeredAt = new Map<string, number>();
    private accepting: string | null = null;
    private lostAt = 0;

    setPresence(presence: Presence): void {
        this.presenceWanted = presence;
        this.connection.send({ verb: "presence", presence });
        this.changed();
    }

    offers(): Work[] {
        return workOffers(this.work.values(), this.session.agent, this.env.now() + this.clockMs);
    }

    /** Taken and then on screen. */
    accept(conversation: string): void {
        this.accepting = conversation;
        this.command({ verb: "accept", conversation });
    }

    decline(conversation: string, reason?: string): void {
        this.command({ verb: "decline", conversation, reason });
    }

    protected override statusChanged(status: ConnectionStatus): void {
        if (this.status.phase === "open" && status.phase !== "open") this.lostAt = this.env.now();
        super.statusChanged(status);
    }

    protected override welcome(frame: Down<"welcome">): void {
        super.welcome(frame);
        if (!this.signedOut) this.keepPresence(frame);
    }

    private keepPresence(frame: Down<"welcome">): void {
        const before = this.presence;
        const wished = this.presenceWanted;
        this.presence = frame.presence ?? "offline";
        this.presenceWanted = null;
        if (this.lostAt === 0 || this.env.now() - this.lostAt >= PRESENCE_KEPT_MS) return;
        /* A choice that may not have arrived is made again. Otherwise only being away is undone: `missed` and what a supervisor chose stand. */
        const wanted = wished ?? (this.presence === "offline" && before !== "missed" ? before : this.presence);
        if (wanted !== this.presence) this.setPresence(wanted);
    }

    protected override frame(frame: DownFrame): void {
        if (frame.verb !== "presence") return super.frame(frame);
        this.presence = frame.presence;
        this.presenceWanted = null;
        this.changed();
    }

    protected override conversation(work: Work): void {
        super.conversation(work);
        const { conversation } = work;
        if (this.part(work) !== "offered") this.offeredAt.delete(conversation);
        else if (!this.offeredAt.has(conversation)) this.offeredAt.set(conversation, this.env.now() + this.clockMs);
        if (this.accepting !== conversation || !this.holds(work)) return;
        this.accepting = null;
        this.select(conversation);
    }

    protected override error(frame: Down<"error">): void {
        super.error(frame);
        if (frame.refused === "accept") this.accepting = null;
        if (frame.refused === "presence") this.presenceWanted = null;
    }
}
