/* Times that people are told or choose: snooze, wait, opening. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { snoozeChoices, snoozeField, snoozeOwn } from "../client/snooze.ts";
import { waitExpected } from "../client/wait.ts";
import type * as Words from "../resident/words.ts";
import * as en from "../text/en.ts";
import * as nl from "../text/nl.ts";

const at = (day: number, hour = 0, minute = 0) =>
    new Date(2026, 10, day, hour, minute).getTime(); /* 23 November 2026 is a Monday */

describe("snooze", () => {
    test.each<[string, number, [string, number][]]>([
        [
            "a Tuesday morning",
            at(24, 10, 5),
            [
                ["hour", at(24, 11, 5)],
                ["afternoon", at(24, 14)],
                ["tomorrow", at(25, 9)],
                ["monday", at(30, 9)],
            ],
        ],
        [
            "a Tuesday afternoon",
            at(24, 15),
            [
                ["hour", at(24, 16)],
                ["tomorrow", at(25, 9)],
                ["monday", at(30, 9)],
            ],
        ],
        [
            "a Sunday: tomorrow is Monday",
            at(29, 9),
            [
                ["hour", at(29, 10)],
                ["afternoon", at(29, 14)],
                ["tomorrow", at(30, 9)],
            ],
        ],
        [
            "a Monday: the next one",
            at(23, 13),
            [
                ["hour", at(23, 14)],
                ["tomorrow", at(24, 9)],
                ["monday", at(30, 9)],
            ],
        ],
    ])("%s", (_, now, choices) => {
        expect(snoozeChoices(now).map(({ name, until }) => [name, until])).toEqual(choices);
    });

    test("whole minutes, and nine in the morning whatever the clocks do in between", () => {
        expect(snoozeChoices(at(24, 10) + 12_345)[0]?.until).toBe(at(24, 11, 1));
        const before = new Date(2026, 2, 28, 20).getTime(); /* the night in which summer time begins in Europe */
        expect(new Date(snoozeChoices(before).find(({ name }) => name === "tomorrow")?.until ?? 0).getHours()).toBe(9);
    });

    test("an own time lies ahead and survives the field", () => {
        const now = at(24, 10);
        expect(snoozeOwn("2026-11-24T10:01", now)).toBe(at(24, 10, 1));
        for (const value of ["2026-11-24T10:00", "2025-01-01T00:00", "", "morgen"]) expect(snoozeOwn(value, now)).toBeNull();
        expect(snoozeField(at(5, 9, 7))).toBe("2026-11-05T09:07");
    });
});

test.each([
    [undefined, undefined, { kind: "unknown" }],
    [30, undefined, { kind: "unknown" }],
    [undefined, 40, { kind: "soon" }],
    [undefined, 400, { kind: "within", to: 7 }],
    [90, 60, { kind: "unknown" }],
    [0, 0, { kind: "soon" }],
    [10, 60, { kind: "soon" }],
    [10, 61, { kind: "within", to: 2 }],
    [59, 600, { kind: "within", to: 10 }],
    [60, 60 * 8 + 1, { kind: "range", from: 1, to: 9 }],
    [150, 150, { kind: "range", from: 2, to: 3 }],
    [120, 120, { kind: "range", from: 2, to: 3 }],
    [3600, 6900, { kind: "range", from: 60, to: 115 }],
])("a wait of %s to %s s", (from, to, expected) => expect(waitExpected(from, to)).toEqual(expected));

describe("in words", () => {
    let words: typeof Words;
    const dutch = { ...nl.common, ...nl.resident };
    const english = { ...en.common, ...en.resident };

    beforeAll(async () => {
        vi.stubGlobal("document", { documentElement: {} });
        words = await import("../resident/words.ts");
    });

    test.each([
        [undefined, undefined, "We kunnen nog niet zeggen hoe lang het duurt.", "We cannot say yet how long it takes."],
        [0, 50, "Het duurt waarschijnlijk minder dan een minuut.", "It will probably take less than a minute."],
        [30, 170, "Het duurt waarschijnlijk minder dan 3 minuten.", "It will probably take less than 3 minutes."],
        [120, 480, "Het duurt waarschijnlijk 2 tot 8 minuten.", "It will probably take 2 to 8 minutes."],
        [
            3600,
            6900,
            "Het duurt waarschijnlijk 60 minuten tot 1 uur en 55 minuten.",
            "It will probably take 60 minutes to 1 hour and 55 minutes.",
        ],
        [7200, 10_800, "Het duurt waarschijnlijk 2 uur tot 3 uur.", "It will probably take 2 hours to 3 hours."],
    ])("%s to %s s", (from, to, inDutch, inEnglish) => {
        expect(words.expectedText(waitExpected(from, to), dutch)).toBe(inDutch);
        expect(words.expectedText(waitExpected(from, to), english)).toBe(inEnglish);
    });

    test.each([
        [at(24, 13), "We gaan vandaag open om 13:00 uur."],
        [at(25, 9), "We gaan morgen open om 09:00 uur."],
        [at(30, 9), "We gaan open op maandag 30 november om 09:00 uur."],
    ])("opens", (opens, text) => expect(words.opensText(opens, at(24, 8), dutch)).toBe(text));

    test("a queue is closed until the time that the broker gave", () => {
        const queue = { queue: "q", name_nl: "Q", name_en: "Q", closed: true, opens_at: at(24, 9) };
        expect(words.queueShut(queue, at(24, 8))).toBe(true);
        expect(words.queueShut(queue, at(24, 9))).toBe(false);
        expect(words.queueShut({ ...queue, opens_at: undefined }, at(24, 9))).toBe(true);
        expect(words.queueShut({ ...queue, closed: undefined }, at(24, 8))).toBe(false);
    });
});
