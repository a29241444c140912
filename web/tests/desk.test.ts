/* The console and the wallboard against a scripted broker. */
import { describe, expect, test } from "vitest";
import { Console } from "../client/console.ts";
import type { Desk, DeskOptions } from "../client/desk.ts";
import type { Down, DownFrame, Work } from "../client/frames.ts";
import type { Session } from "../client/session.ts";
import { Wallboard } from "../client/wallboard.ts";
import { JSON_FORM } from "../client/wire.ts";
import { entry, MemoryStorage, resumed, WELCOME, work, World } from "./world.ts";

function desk<S extends Desk>(role: Session["role"], make: (options: DeskOptions) => S) {
    const world = new World();
    const storage = new MemoryStorage();
    const session: Session = { role, agent: "anna", name: "Anna", organisation: "Gemeente Voorbeeld" };
    const store = make({ env: world, storage, wire: JSON_FORM, client: "me", session, language: () => "nl" });
    store.connect();
    const welcome = (more: Partial<Down<"welcome">> = {}) => {
        world.last.onopen?.();
        world.last.say({ ...WELCOME, role, agent: "anna", presence: "offline", ...more } as DownFrame);
    };
    const say = (frame: DownFrame) => world.last.say(frame);
    const sent = (verb: string) => world.last.sent.filter((frame) => frame.verb === verb);
    const cut = (ms = 1000) => {
        world.last.onclose?.({ code: 1006 });
        world.pass(ms);
    };
    return { world, store, welcome, say, sent, cut };
}

const agent = () => desk("agent", (options) => new Console(options));
const offered = (id: string, more: Partial<Work> = {}) =>
    work(id, { version: 2, state: "offered", offered: ["anna"], due_at: 1_020_000, ...more });
const list = (store: Desk) => store.mine().map((each) => each.conversation);

describe("offers", () => {
    test("ring beside the list and are not read before they are taken; what is taken is opened", () => {
        const { store, welcome, say, sent } = agent();
        welcome();
        say(offered("c"));
        expect(store.offers().map((each) => each.conversation)).toEqual(["c"]);
        expect([list(store), sent("resume")]).toEqual([[], []]);
        store.accept("c");
        expect(sent("accept")).toEqual([{ verb: "accept", conversation: "c" }]);
        say(work("c", { version: 3, owner: "anna" }));
        expect([store.offers(), list(store), store.selected]).toEqual([[], ["c"], "c"]);
        expect(sent("resume")).toHaveLength(1);
    });

    test("end with a decline, with the broker's word, or by themselves", () => {
        const { world, store, welcome, say, sent } = agent();
        welcome();
        say(offered("a"));
        say(offered("b"));
        store.decline("a", "pauze");
        expect(sent("decline")).toEqual([{ verb: "decline", conversation: "a", reason: "pauze" }]);
        say(work("a", { version: 3, state: "queued" }));
        expect(store.offers().map((each) => each.conversation)).toEqual(["b"]);
        world.pass(24_000);
        expect(store.offers()).toEqual([]);
    });

    test("a late answer is told, and opens nothing", () => {
        const { store, welcome, say } = agent();
        welcome();
        say(offered("c"));
        store.accept("c");
        say({ verb: "error", code: "stale", text: "", refused: "accept", conversation: "c" });
        expect(store.problem).toEqual({ code: "stale", refused: "accept" });
        say(work("c", { version: 3, owner: "tom" }));
        say(work("c", { version: 9, owner: "anna" }));
        expect(store.selected).toBeNull();
    });

    test("a new connection: an offer that does not come again is over", () => {
        const { store, welcome, say, cut } = agent();
        welcome();
        say(offered("a"));
        say(offered("b"));
        cut();
        welcome();
        say(offered("b"));
        expect(store.offers().map((each) => each.conversation)).toEqual(["b"]);
    });
});

describe("presence", () => {
    test.each<[string, string, string | null]>([
        ["being away is undone after a short loss", "offline", "busy"],
        ["`missed` stands", "missed", null],
        ["what a supervisor chose stands", "break", null],
    ])("%s", (_, found, asked) => {
        const { store, welcome, say, sent, cut } = agent();
        welcome();
        store.setPresence("busy");
        say({ verb: "presence", presence: "busy" });
        cut();
        welcome({ presence: found });
        expect(sent("presence").map((frame) => "presence" in frame && frame.presence)).toEqual(asked === null ? [] : [asked]);
        expect(store.presence).toBe(found);
    });

    test("nobody is called back to work by a page: neither after `missed` nor after a long loss", () => {
        const { store, welcome, say, sent, cut } = agent();
        welcome();
        say({ verb: "presence", presence: "missed" });
        cut();
        welcome({ presence: "offline" });
        expect(sent("presence")).toEqual([]);
        store.setPresence("available");
        say({ verb: "presence", presence: "available" });
        cut(400_000);
        welcome({ presence: "offline" });
        expect(sent("presence")).toEqual([]);
    });
});

describe("the list", () => {
    test("what is put away leaves it and comes back by itself, and is read anew", () => {
        const { store, welcome, say, sent } = agent();
        welcome();
        say(work("c", { owner: "anna" }));
        store.select("c");
        say(resumed(0, 1));
        say(entry(1));
        store.snooze("c", 2_000_000);
        expect(sent("snooze")).toEqual([{ verb: "snooze", conversation: "c", until: 2_000_000 }]);
        say(work("c", { version: 2, state: "snoozed", due_at: 2_000_000 }));
        expect(list(store)).toEqual([]);
        say(work("c", { version: 4, owner: "anna" }));
        expect(list(store)).toEqual(["c"]);
        expect(sent("resume").at(-1)).toMatchObject({ conversation: "c", seq: 1 });
        expect(sent("resume")).toHaveLength(2);
    });

    test("taking part is being in it, until one leaves or the broker shuts one out", () => {
        const { store, welcome, say, sent } = agent();
        welcome();
        say(work("c", { owner: "tom", joined: ["anna"] }));
        expect([list(store), store.takesPart(store.work.get("c") as Work)]).toEqual([["c"], true]);
        store.leave("c");
        expect(sent("part")).toEqual([{ verb: "part", conversation: "c" }]);
        say(work("c", { version: 2, owner: "tom" }));
        expect([list(store), sent("leave")]).toEqual([[], [{ verb: "leave", conversation: "c" }]]);
        say(work("c", { version: 3, owner: "tom", joined: ["anna"] }));
        say({ verb: "error", code: "not_found", text: "", refused: "resume", conversation: "c" });
        expect(list(store)).toEqual([]);
    });

    test("ending in two steps carries the number seen, and the reason at the end", () => {
        const { store, welcome, say, sent } = agent();
        welcome();
        say(work("c", { owner: "anna" }));
        say(resumed(0, 1));
        say(entry(1));
        store.close("c");
        say(work("c", { version: 2, owner: "anna", state: "wrap_up", due_at: 1_060_000 }));
        expect(list(store)).toEqual(["c"]);
        store.close("c", "opgelost");
        expect(sent("close")).toEqual([
            { verb: "close", conversation: "c", seq: 1 },
            { verb: "close", conversation: "c", seq: 1, reason: "opgelost" },
        ]);
        say(work("c", { version: 3, state: "closed" }));
        expect(list(store)).toEqual([]);
    });

    test("an error about something else leaves a resume alone", () => {
        const { store, welcome, say } = agent();
        welcome();
        say(work("c", { owner: "anna" }));
        store.transfer("c", { agent: "tom" });
        say({ verb: "error", code: "capacity", text: "", refused: "transfer", conversation: "c" });
        expect(store.problem).toEqual({ code: "capacity", refused: "transfer" });
        expect(store.threads.get("c")?.refused).toBeNull();
        say(resumed(0, 0));
        expect(store.threads.get("c")?.log.known).toBe(true);
    });

    test("whispers count as unread; bulletins stay until they are put away", () => {
        const { store, welcome, say } = agent();
        welcome();
        say(work("c", { owner: "anna" }));
        say(resumed(0, 2));
        say(entry(1, { from: "agent", author: "anna" }));
        say(entry(2, { kind: "whisper", from: "agent", author: "fatima" }));
        expect(store.unread("c")).toBe(1);
        say({ verb: "bulletin", text: "Brandoefening om drie uur", from: "Fatima", at: 1 });
        say({ verb: "bulletin", text: "Toch niet", from: "Fatima", at: 2 });
        store.forgetBulletin(store.bulletins[0]?.key ?? -1);
        expect(store.bulletins.map((each) => each.text)).toEqual(["Toch niet"]);
    });
});

describe("wallboard", () => {
    const board: Down<"board"> = {
        verb: "board",
        at: 1_000_000,
        queues: [],
        waiting: [{ conversation: "c", queue: "burgerzaken", channel: "sms", since: 900_000, priority: 2 }],
    };
    const supervisor = () => desk("supervisor", (options) => new Wallboard(options));

    test("reads along: what the board says until a frame comes, no sign of reading or typing", () => {
        const { store, welcome, say, sent } = supervisor();
        welcome();
        say(board);
        store.open("c");
        expect(store.work.get("c")).toMatchObject({ version: 0, queue: "burgerzaken", channel: "sms", priority: 2 });
        say({ ...resumed(0, 2), state: "active" });
        say(entry(1, { name: "Jan", channel: "email" }));
        expect(store.work.get("c")).toMatchObject({ version: 0, name: "Jan", channel: "email", state: "queued" });
        say(entry(2, { kind: "state", state: "active", author: "tom", from: "system" }));
        expect(store.work.get("c")).toMatchObject({ version: 0, name: "Jan", owner: "tom", state: "active" });
        store.threads.get("c")?.read(1);
        store.threads.get("c")?.typing();
        expect([...sent("read"), ...sent("typing")]).toEqual([]);
        store.threads.get("c")?.say("Vraag naar zijn adres", { whisper: true });
        expect(sent("say")).toEqual([
            { verb: "say", conversation: "c", counter: 1, text: "Vraag naar zijn adres", whisper: true },
        ]);
        say({ verb: "ack", conversation: "c", counter: 1, seq: 3, at: 0 });
        say(work("c", { owner: "tom", name: "Jan" }));
        expect(store.workOf("tom").map((each) => each.name)).toEqual(["Jan"]);
        expect(list(store)).toEqual([]);
        store.take("c");
        say(work("c", { version: 2, owner: "anna" }));
        expect(list(store)).toEqual(["c"]);
        store.select(null);
        expect(store.threads.has("c")).toBe(true);
    });

    test("what was only read is followed no more once it is put away, and comes back after a loss while open", () => {
        const { store, welcome, say, sent, cut } = supervisor();
        welcome();
        store.open("c");
        say(work("c", { owner: "tom" }));
        cut();
        welcome();
        expect(sent("resume")).toHaveLength(1);
        expect(store.work.get("c")?.owner).toBe("tom");
        store.select(null);
        expect(sent("leave")).toEqual([{ verb: "leave", conversation: "c" }]);
        expect(store.threads.has("c")).toBe(false);
    });

    test("commands", () => {
        const { world, store, welcome } = supervisor();
        welcome();
        store.prioritise("c", 3);
        store.setPresenceOf("tom", "break");
        store.tell("Let op", []);
        store.tell("Let op", ["burgerzaken"]);
        store.join("c");
        expect(world.last.sent.slice(-5)).toEqual([
            { verb: "prioritise", conversation: "c", priority: 3 },
            { verb: "set_presence", agent: "tom", presence: "break" },
            { verb: "bulletin", text: "Let op" },
            { verb: "bulletin", text: "Let op", queues: ["burgerzaken"] },
            { verb: "join", conversation: "c" },
        ]);
    });

    test("the trend has one sample a step", () => {
        const { world, store, welcome, say } = supervisor();
        const row = {
            queue: "q",
            waiting: 1,
            waiting_chat: 1,
            waiting_email: 0,
            waiting_sms: 0,
            oldest_at: 0,
            active: 0,
            available: 0,
        };
        welcome();
        say({ ...board, queues: [row] });
        say({ ...board, queues: [{ ...row, waiting: 2 }] });
        world.pass(5000);
        store.sample();
        expect(store.trend.get("q")).toEqual([1, 2]);
    });
});
