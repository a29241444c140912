/* Until when a conversation can be put away, as people say it. Pure; hours are those of the place where the page is. */
export type SnoozeName = "hour" | "afternoon" | "tomorrow" | "monday";

export interface SnoozeChoice {
    readonly name: SnoozeName;
    readonly until: number;
}

const MINUTE_MS = 60_000;
const MORNING = 9;
const AFTERNOON = 14;
const MONDAY = 1;

/** In the order of time. The afternoon is on offer before noon; Monday unless that is tomorrow. */
export function snoozeChoices(now: number): SnoozeChoice[] {
    const today = new Date(now);
    const at = (days: number, hour: number) =>
        new Date(today.getFullYear(), today.getMonth(), today.getDate() + days, hour).getTime();
    const daysToMonday = ((7 - today.getDay()) % 7) + MONDAY;
    const choices: SnoozeChoice[] = [{ name: "hour", until: Math.ceil(now / MINUTE_MS) * MINUTE_MS + 60 * MINUTE_MS }];
    if (today.getHours() < 12) choices.push({ name: "afternoon", until: at(0, AFTERNOON) });
    choices.push({ name: "tomorrow", until: at(1, MORNING) });
    if (daysToMonday > 1) choices.push({ name: "monday", until: at(daysToMonday, MORNING) });
    return choices;
}

/** What a field of the kind `datetime-local` holds; null: nothing that lies in the future. */
export function snoozeOwn(value: string, now: number): number | null {
    const until = new Date(value).getTime();
    return Number.isFinite(until) && until > now ? until : null;
}

/** A time as such a field takes it. */
export function snoozeField(at: number): string {
    const local = new Date(at);
    const two = (n: number) => String(n).padStart(2, "0");
    const day = `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())}`;
    return `${day}T${two(local.getHours())}:${two(local.getMinutes())}`;
}
