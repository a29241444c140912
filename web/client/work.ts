/* What a conversation is to one member of staff, and what its log says about hand-overs. Pure: no clock, no socket. */
import type { AgentRow, Entry, Presence, StatusName, Work } from "./frames.ts";

export type Part = "owner" | "joined" | "offered" | "none";

const OFFER_OVER_MS = 3000; /* the broker takes an offer back itself; one whose end went missing must not ring for ever */

export function workPart(work: Work, agent: string): Part {
    if (work.owner === agent && work.state !== "closed") return "owner";
    if (work.state === "offered" && (work.offered ?? []).includes(agent)) return "offered";
    if (work.state !== "closed" && (work.joined ?? []).includes(agent)) return "joined";
    return "none";
}

/** Offered to @agent now, the most urgent first. */
export function workOffers(all: Iterable<Work>, agent: string, now: number): Work[] {
    return [...all]
        .filter((each) => workPart(each, agent) === "offered" && (each.due_at ?? Infinity) + OFFER_OVER_MS > now)
        .sort((a, b) => (a.due_at ?? Infinity) - (b.due_at ?? Infinity));
}

/** What is left of a time that ends at @due_at and took @total_ms in all: whole seconds, and a share from 1 down to 0. */
export function countdown(due_at: number, total_ms: number, now: number): { left_s: number; share: number } {
    const left = Math.max(0, due_at - now);
    return { left_s: Math.ceil(left / 1000), share: total_ms > 0 ? Math.min(1, left / total_ms) : 0 };
}

/** Somebody with this presence takes new work of @channel. */
export function presenceTakes(presence: Presence, channel: string, statuses: readonly StatusName[]): boolean {
    if (presence === "available") return true;
    return statuses.find((each) => each.status === presence)?.channels?.includes(channel) ?? false;
}

export interface Colleague {
    readonly row: AgentRow;
    /** Takes new work of the channel in question. */
    readonly takes: boolean;
}

/** Everyone but @except, who can take work first, then who is here, then by name. */
export function colleagues(
    agents: readonly AgentRow[],
    except: readonly (string | undefined)[],
    channel: string,
    statuses: readonly StatusName[],
): Colleague[] {
    const rank = ({ row, takes }: Colleague) => (takes ? 0 : row.presence === "offline" ? 2 : 1);
    return agents
        .filter((row) => !except.includes(row.agent))
        .map((row) => ({ row, takes: presenceTakes(row.presence, channel, statuses) }))
        .sort((a, b) => rank(a) - rank(b) || a.row.name.localeCompare(b.row.name));
}

export type ReturnReason = "returned" | "timed_out" | "declined";
const RETURNS: readonly string[] = ["returned", "timed_out", "declined"];
const HAND_OVERS: readonly string[] = ["handed_over", "moved"];

/** Handed over by @me, taken by nobody, and back: why. Until @me has said something since, for then it is known.
 *
 *   active (me) → handed over or moved → … declined, timed out or returned → active (me) → (nothing said) */
export function workReturned(
    entries: readonly Entry[],
    me: { readonly agent: string; readonly name: string },
): ReturnReason | null {
    const mine = (entry: Entry) => (entry.author === undefined ? entry.name === me.name : entry.author === me.agent);
    const states = entries.filter((each) => each.kind === "state" && each.state); /* others tell who takes part */
    const now = states.pop();
    if (now?.state !== "active" || !mine(now)) return null;
    const between: Entry[] = [];
    let before = states.pop();
    for (; before !== undefined && before.state !== "active"; before = states.pop()) between.unshift(before);
    if (before !== undefined && !mine(before)) return null;
    const given = between.findIndex((each) => HAND_OVERS.includes(each.reason ?? ""));
    const back = between
        .slice(given + 1)
        .reverse()
        .find((each) => RETURNS.includes(each.reason ?? ""));
    if (given < 0 || back === undefined) return null;
    const said = entries.some((each) => each.seq > now.seq && each.kind !== "state" && each.from === "agent" && mine(each));
    return said ? null : (back.reason as ReturnReason);
}
