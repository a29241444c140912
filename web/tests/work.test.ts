import { describe, expect, test } from "vitest";
import type { AgentRow, Work } from "../client/frames.ts";
import { colleagues, countdown, presenceTakes, workOffers, workPart, workReturned } from "../client/work.ts";
import { entry, work } from "./world.ts";

const STATUSES = [
    { status: "post", name_nl: "Post", name_en: "Mail", channels: ["email"] },
    { status: "lunch", name_nl: "Lunch", name_en: "Lunch" },
];

describe("part", () => {
    test.each<[string, Partial<Work>, string]>([
        ["held", { owner: "anna" }, "owner"],
        ["in wrap-up", { owner: "anna", state: "wrap_up" }, "owner"],
        ["held by another", { owner: "tom" }, "none"],
        ["taking part", { owner: "tom", joined: ["anna"] }, "joined"],
        ["offered", { state: "offered", offered: ["tom", "anna"] }, "offered"],
        ["no more offered", { state: "queued", offered: ["anna"] }, "none"],
        ["put away", { state: "snoozed" }, "none"],
        ["over", { state: "closed", owner: "anna", joined: ["anna"] }, "none"],
    ])("%s", (_, more, part) => expect(workPart(work("c", more), "anna")).toBe(part));
});

test("offers: mine, not long over, the most urgent first", () => {
    const offer = (id: string, due_at: number, more: Partial<Work> = {}) =>
        work(id, { state: "offered", offered: ["anna"], due_at, ...more });
    const all = [
        offer("later", 30_000),
        offer("sooner", 20_000),
        offer("over", 1000),
        offer("tom's", 20_000, { offered: ["tom"] }),
    ];
    expect(workOffers(all, "anna", 10_000).map((each) => each.conversation)).toEqual(["sooner", "later"]);
    expect(workOffers(all, "anna", 2000)).toHaveLength(3);
});

test.each([
    [20_000, 0, { left_s: 20, share: 1 }],
    [20_000, 5000, { left_s: 15, share: 0.75 }],
    [20_000, 19_001, { left_s: 1, share: 999 / 20_000 }],
    [20_000, 25_000, { left_s: 0, share: 0 }],
    [30_000, 0, { left_s: 30, share: 1 }],
])("countdown: due at %i, now %i", (due_at, now, left) => expect(countdown(due_at, 20_000, now)).toEqual(left));

test.each([
    ["available", "chat", true],
    ["busy", "chat", false],
    ["missed", "chat", false],
    ["post", "email", true],
    ["post", "chat", false],
    ["lunch", "email", false],
    ["unknown", "chat", false],
])("%s takes %s: %s", (presence, channel, takes) => expect(presenceTakes(presence, channel, STATUSES)).toBe(takes));

test("colleagues: who takes work, who is here, who is not; never those who have it", () => {
    const row = (agent: string, presence: string): AgentRow => ({
        agent,
        name: agent,
        presence,
        load: 0,
        capacity: 0,
        conversations: 0,
        since: 0,
    });
    const rows = [
        row("zoë", "available"),
        row("tom", "offline"),
        row("els", "break"),
        row("bas", "available"),
        row("anna", "available"),
    ];
    const found = colleagues(rows, ["anna", undefined], "chat", STATUSES);
    expect(found.map(({ row: { agent }, takes }) => [agent, takes])).toEqual([
        ["bas", true],
        ["zoë", true],
        ["els", false],
        ["tom", false],
    ]);
});

describe("a hand-over that came back", () => {
    const me = { agent: "anna", name: "Anna" };
    const state = (seq: number, name: string, reason: string, author?: string) =>
        entry(seq, { kind: "state", state: name, reason, from: "system", author, text: undefined });
    const before = [entry(1), state(2, "active", "assigned", "anna")];
    const handed = [...before, state(3, "offered", "handed_over", "tom")];
    const again = (seq: number) => state(seq, "active", "assigned", "anna");
    test.each([
        ["declined", [...handed, state(4, "queued", "declined"), again(5)], "declined"],
        [
            "declined, and somebody joined since",
            [...handed, state(4, "queued", "declined"), again(5), { ...state(6, "", "joined", "tom"), state: undefined }],
            "declined",
        ],
        ["not answered", [...handed, state(4, "queued", "timed_out"), again(5)], "timed_out"],
        [
            "from a queue where somebody let it pass",
            [
                ...before,
                state(3, "queued", "moved", "anna"),
                state(4, "offered", "offered"),
                state(5, "queued", "declined", "tom"),
                state(6, "queued", "returned"),
                again(7),
            ],
            "returned",
        ],
        ["the resident's words change nothing", [...handed, state(4, "queued", "declined"), again(5), entry(6)], "declined"],
        [
            "known, once answered",
            [...handed, state(4, "queued", "declined"), again(5), entry(6, { from: "agent", author: "anna" })],
            null,
        ],
        ["not back yet", [...handed, state(4, "queued", "declined")], null],
        ["taken by the colleague", [...handed, state(4, "active", "accepted", "tom")], null],
        ["never handed over: an offer that another declined", [state(1, "queued", "declined", "tom"), again(2)], null],
        [
            "handed over by another",
            [state(1, "active", "assigned", "tom"), state(2, "offered", "handed_over"), state(3, "queued", "declined"), again(4)],
            null,
        ],
        ["given back on purpose", [...before, state(3, "queued", "requeued", "anna"), again(4)], null],
    ])("%s", (_, entries, reason) => expect(workReturned(entries, me)).toBe(reason));
});
