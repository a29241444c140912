import { describe, expect, test } from "vitest";
import type { DownFrame } from "../client/frames.ts";
import { CHAT_KEY, Resident } from "../client/resident.ts";
import { JSON_FORM } from "../client/wire.ts";
import { chatLines } from "../resident/lines.ts";
import { entry, MemoryStorage, resumed, WELCOME, World } from "./world.ts";

function page(storage = new MemoryStorage()) {
    const world = new World();
    const resident = new Resident(world, storage, JSON_FORM, "me", () => "nl");
    resident.connect();
    const welcome = (more: Partial<Extract<DownFrame, { verb: "welcome" }>> = {}) => {
        world.last.onopen?.();
        world.last.say({ ...WELCOME, ...more } as DownFrame);
    };
    return { world, storage, resident, welcome };
}

const STARTED: DownFrame = { verb: "started", key: "id1", conversation: "c", token: "t", expires_at: 0, seq: 1 };
const lines = (resident: Resident, accepted = true) =>
    chatLines(resident.thread, resident.startShown, accepted).map((line) =>
        line.kind === "message" ? [line.text, line.state] : line.state,
    );

describe("resident", () => {
    test("the first message is kept until the broker has it, and shown once", () => {
        const { world, storage, resident, welcome } = page();
        resident.begin("burgerzaken", "Vraag");
        expect(lines(resident, false)).toEqual([["Vraag", "held"]]);
        welcome();
        expect(world.last.sent.at(-1)).toMatchObject({ verb: "start", key: "id1", text: "Vraag" });
        world.last.say(STARTED);
        expect(storage.get(CHAT_KEY)).toContain('"t"');
        expect(world.last.sent.at(-1)).toMatchObject({ verb: "resume", conversation: "c", token: "t" });
        world.last.say(resumed(0, 1, 1));
        world.last.say(entry(1, { client: "me", counter: 1, text: "Vraag" }));
        expect(lines(resident)).toEqual([["Vraag", "sent"]]);
        world.last.say({ verb: "read", conversation: "c", seq: 1, from: "agent" });
        expect(lines(resident)).toEqual([["Vraag", "read"]]);
    });

    test("a page that dies before `started` starts again under the same key", () => {
        const first = page();
        first.welcome();
        first.resident.begin("burgerzaken", "Vraag");
        const second = page(first.storage);
        second.welcome();
        expect(second.world.last.sent.at(-1)).toMatchObject({ verb: "start", key: "id1" });
    });

    test("a page that comes back follows its conversation; starting over leaves it", () => {
        const first = page();
        first.welcome();
        first.resident.begin("burgerzaken", "Vraag");
        first.world.last.say(STARTED);
        const second = page(first.storage);
        second.welcome();
        expect(second.world.last.sent.at(-1)).toMatchObject({ verb: "resume", seq: 0 });
        second.resident.startOver();
        expect(second.resident.thread).toBeNull();
        expect(second.storage.keys().filter((key) => key !== "loket.epoch")).toEqual([]);
    });

    test("a refusal for good is told; one for now is repeated", () => {
        const { world, resident, welcome } = page();
        welcome();
        resident.begin("burgerzaken", "Vraag");
        world.last.say({ verb: "error", code: "store_away", text: "", retry: true });
        expect(resident.startRefused).toBeNull();
        world.pass(1000);
        expect(world.last.verbs().filter((verb) => verb === "start")).toHaveLength(2);
        world.last.say({ verb: "error", code: "not_found", text: "" });
        expect(resident.startRefused).toBe("not_found");
    });

    test("other people's signs and notes make no lines", () => {
        const { world, resident, welcome } = page();
        welcome();
        resident.begin("burgerzaken", "Vraag");
        world.last.say(STARTED);
        world.last.say(resumed(0, 3, 1));
        world.last.say(entry(1, { text: "Vraag" }));
        world.last.say(entry(2, { kind: "hidden" }));
        world.last.say(entry(3, { kind: "state", state: "closed" }));
        expect(lines(resident)).toEqual([["Vraag", "sent"], "closed"]);
        expect(resident.thread?.log.state).toBe("closed");
    });

    test("the start carries the language of the page, and keeps it when it is repeated", () => {
        const { world, resident, welcome } = page();
        resident.begin("burgerzaken", "Vraag");
        welcome();
        expect(world.last.sent.at(-1)).toMatchObject({ verb: "start", language: "nl" });
    });

    test.each(["full", "queue_closed"])("a queue that is %s is told, not asked again and again", (code) => {
        const { world, resident, welcome } = page();
        welcome();
        resident.begin("burgerzaken", "Vraag");
        world.last.say({ verb: "error", code, text: "", retry: true, refused: "start" });
        expect(resident.startRefused).toBe(code);
        world.pass(15_000);
        expect(world.last.verbs().filter((verb) => verb === "start")).toHaveLength(1);
    });

    function talking() {
        const made = page();
        made.welcome();
        made.resident.begin("burgerzaken", "Vraag");
        made.world.last.say(STARTED);
        made.world.last.say({ ...resumed(0, 1, 1), state: "queued" });
        made.world.last.say(entry(1, { client: "me", counter: 1, text: "Vraag" }));
        return { ...made, say: (frame: DownFrame) => made.world.last.say(frame) };
    }

    test("the place in line is live, of this conversation, and gone once somebody helps", () => {
        const { resident, say } = talking();
        let drawn = 0;
        resident.subscribe(() => drawn++);
        say({ verb: "waiting", conversation: "c", place: 3, wait_from_s: 60, wait_to_s: 300 });
        expect([resident.waiting?.place, drawn > 0]).toEqual([3, true]);
        say({ verb: "waiting", conversation: "other", place: 1 });
        expect(resident.waiting?.place).toBe(3);
        say(entry(2, { kind: "state", state: "queued" }));
        expect(resident.waiting?.place).toBe(3);
        say(entry(3, { kind: "state", state: "active", name: "Sanne" }));
        expect(resident.waiting).toBeNull();
        say({ verb: "waiting", conversation: "c", place: 1 });
        say({ verb: "waiting", conversation: "c", place: 0 });
        expect(resident.waiting).toBeNull();
    });

    test("ending is asked, and over with the log's word, a refusal or a lost connection", () => {
        const { world, resident, say } = talking();
        resident.end();
        expect(world.last.sent.at(-1)).toEqual({ verb: "close", conversation: "c" });
        expect(resident.ending).toBe("asked");
        say({ verb: "error", code: "bad_state", text: "", refused: "close", conversation: "c" });
        expect(resident.ending).toEqual({ code: "bad_state" });
        resident.end();
        say(entry(2, { kind: "state", state: "closed" }));
        expect([resident.ending, resident.thread?.log.state]).toEqual([null, "closed"]);
        resident.end();
        world.last.onclose?.({ code: 1006 });
        expect(resident.ending).toBeNull();
        resident.end();
        expect(resident.ending).toEqual({ code: "closed" });
    });

    test("how staff pass a conversation around makes no lines", () => {
        const { resident, say } = talking();
        const states = ["queued", "queued", "active", "closed", "closed"];
        states.forEach((state, i) => say(entry(i + 2, { kind: "state", state, name: state === "active" ? "Sanne" : "Tom" })));
        expect(lines(resident)).toEqual([["Vraag", "sent"], "active", "closed"]);
    });
});
