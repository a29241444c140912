/* Names for things that have several. */
import type { Desk } from "../client/desk.ts";
import type { Presence, QueueName, StatusName, Work } from "../client/frames.ts";
import { language, named } from "./language.ts";
import type { Text } from "./staff-text.ts";

export function residentName(work: Work, t: Text): string {
    return work.name || work.addresses?.[0]?.address || t.nameless;
}

export function channelName(channel: string, t: Text): string {
    const names: Record<string, string | undefined> = { chat: t.channelChat, email: t.channelEmail, sms: t.channelSms };
    return names[channel] ?? channel;
}

export function queueName(queues: readonly QueueName[], id: string): string {
    const found = queues.find((each) => each.queue === id);
    return found === undefined ? id : named(found);
}

export function presenceName(presence: Presence, statuses: readonly StatusName[], t: Text): string {
    const names: Record<string, string | undefined> = {
        available: t.presenceAvailable,
        busy: t.presenceBusy,
        break: t.presenceBreak,
        wrap_up: t.presenceWrapUp,
        missed: t.presenceMissed,
        offline: t.presenceOffline,
    };
    const own = statuses.find((each) => each.status === presence);
    return names[presence] ?? (own === undefined ? presence : named(own));
}

/** What can be chosen, in this order; `missed` is only ever the broker's word. */
export function presenceChoices(statuses: readonly StatusName[]): Presence[] {
    return ["available", "busy", "break", "wrap_up", ...statuses.map((each) => each.status), "offline"];
}

/** The dot beside a presence: takes work, not now, or gone. */
export function presenceDot(presence: Presence, statuses: readonly StatusName[]): string {
    if (["available", "busy", "break", "wrap_up", "missed", "offline"].includes(presence)) return presence;
    return (statuses.find((each) => each.status === presence)?.channels ?? []).length > 0 ? "available" : "break";
}

/** A member of staff: agents as the board names them, others as they sign what they say or do. */
export function agentName(store: Desk, agent: string): string {
    if (agent === store.session.agent) return store.session.name;
    const row = store.board?.agents?.find((each) => each.agent === agent);
    if (row !== undefined) return row.name;
    for (const { log } of store.threads.values()) {
        const signed = log.list.find((each) => each.author === agent && each.name);
        if (signed?.name) return signed.name;
    }
    return agent;
}

/** Codes are the organisation's own words, written as one: `doorverwezen`, `no-show`. */
export function reasonName(code: string): string {
    const words = code.replace(/[-_]+/g, " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `nl` as a language is called in the language of the page; an odd tag as it is. */
export function languageName(tag: string): string {
    try {
        return new Intl.DisplayNames([language.now], { type: "language" }).of(tag) ?? tag;
    } catch {
        return tag;
    }
}
