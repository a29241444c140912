/* Times in a sentence, in the words of the language that is given. */
import type { QueueName } from "../client/frames.ts";
import type { Expected } from "../client/wait.ts";
import { day, dayKey, timeOfDay } from "../parts/time.ts";
import type { Text } from "./text.ts";

const DAY_MS = 86_400_000;
const LONG_MINUTES = 90; /* from here on people think in hours */

export function minutesText(minutes: number, t: Text): string {
    if (minutes < LONG_MINUTES) return t.minutes(minutes);
    const hours = t.hours(Math.floor(minutes / 60));
    return minutes % 60 === 0 ? hours : t.and(hours, t.minutes(minutes % 60));
}

export function expectedText(expected: Expected, t: Text): string {
    switch (expected.kind) {
        case "unknown":
            return t.waitUnknown;
        case "soon":
            return t.waitSoon;
        case "within":
            return t.waitWithin(minutesText(expected.to, t));
        case "range":
            return t.waitRange(
                expected.to < LONG_MINUTES ? String(expected.from) : minutesText(expected.from, t),
                minutesText(expected.to, t),
            );
    }
}

export function opensText(opens_at: number, now: number, t: Text): string {
    if (dayKey(opens_at) === dayKey(now)) return t.opensToday(timeOfDay(opens_at));
    if (dayKey(opens_at) === dayKey(now + DAY_MS)) return t.opensTomorrow(timeOfDay(opens_at));
    return t.opensOn(day(opens_at), timeOfDay(opens_at));
}

/** Closed still: what the broker said holds until the opening time that it gave. */
export function queueShut(queue: QueueName, now: number): boolean {
    return queue.closed === true && (queue.opens_at === undefined || queue.opens_at > now);
}
