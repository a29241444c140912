import { describe, expect, test } from "vitest";
import { conversationEntries } from "../client/conversation.ts";
import type { UpFrame } from "../client/frames.ts";
import { ANSWER_PATIENCE_MS, GAP_PATIENCE_MS, outboxKey, Thread, TYPING_EVERY_MS } from "../client/thread.ts";
import { entry, MemoryStorage, resumed, World } from "./world.ts";

function followed(storage = new MemoryStorage()) {
    const world = new World();
    const sent: UpFrame[] = [];
    const line = { up: true, accepts: true, woken: 0 };
    const port = {
        send: (frame: UpFrame) => {
            if (line.up) sent.push(frame);
            return line.up;
        },
        wake: () => {
            line.woken++;
        },
        accepts: () => line.accepts,
    };
    const thread = new Thread(
        world,
        storage,
        port,
        { conversation: "c", client: "me", token: "t", side: "resident" },
        () => undefined,
    );
    const says = () => sent.flatMap((frame) => (frame.verb === "say" ? [[frame.counter, frame.text]] : []));
    const last = () => sent.at(-1);
    return { world, storage, thread, sent, says, last, line };
}

describe("resume", () => {
    test("asks for all at first, then from the last without a gap", () => {
        const { thread, last } = followed();
        thread.connected(true);
        expect(last()).toMatchObject({ verb: "resume", token: "t", seq: 0 });
        thread.frame(resumed(0, 2));
        thread.frame(entry(1));
        thread.frame(entry(2));
        thread.disconnected();
        thread.connected(true);
        expect(last()).toMatchObject({ verb: "resume", seq: 2 });
    });

    test("other data: forget the numbers", () => {
        const { thread, last } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 1));
        thread.frame(entry(1));
        thread.disconnected();
        thread.connected(false);
        expect(last()).toMatchObject({ verb: "resume", seq: 0 });
    });

    test("a gap that stays is asked for, one that fills is not", () => {
        const { world, thread, sent, last } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 1));
        thread.frame(entry(1));
        thread.frame(entry(3));
        thread.frame(entry(2));
        world.pass(GAP_PATIENCE_MS);
        expect(sent).toHaveLength(1);
        thread.frame(entry(5));
        world.pass(GAP_PATIENCE_MS);
        expect(last()).toMatchObject({ verb: "resume", seq: 3 });
    });

    test("no answer: it looks whether the connection lives, and asks again", () => {
        const { world, thread, sent, line } = followed();
        thread.connected(true);
        world.pass(ANSWER_PATIENCE_MS);
        expect(line.woken).toBe(1);
        expect(sent.filter((frame) => frame.verb === "resume")).toHaveLength(2);
    });

    test("refused for good is told; refused for now is tried again", () => {
        const { world, thread, sent } = followed();
        thread.connected(true);
        thread.frame({ verb: "error", code: "store_away", text: "", conversation: "c", retry: true });
        expect(thread.refused).toBeNull();
        world.pass(500);
        expect(sent).toHaveLength(2);
        thread.frame({ verb: "error", code: "bad_token", text: "", conversation: "c" });
        expect(thread.refused).toBe("bad_token");
    });

    test("the store is back: what others said meanwhile is looked up", () => {
        const { thread, last } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 1));
        thread.frame(entry(1));
        thread.accepted();
        expect(last()).toMatchObject({ verb: "resume", seq: 1 });
    });
});

describe("say", () => {
    test("nothing is said before resumed; then one at a time, in order", () => {
        const { thread, says } = followed();
        thread.say("a");
        thread.say("b");
        thread.connected(true);
        expect(says()).toEqual([]);
        thread.frame(resumed(0, 0));
        expect(says()).toEqual([[1, "a"]]);
        thread.frame({ verb: "ack", conversation: "c", counter: 1, seq: 1, at: 0 });
        expect(says()).toEqual([
            [1, "a"],
            [2, "b"],
        ]);
        expect(thread.waiting().map((item) => [item.text, item.seq])).toEqual([
            ["a", 1],
            ["b", undefined],
        ]);
        thread.frame(entry(1, { client: "me", counter: 1, text: "a" }));
        expect(thread.waiting().map((item) => item.text)).toEqual(["b"]);
    });

    test("written before it is sent: a page that dies says it again under the same number", () => {
        const { storage, thread } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        thread.say("a");
        expect(storage.get(outboxKey("me", "c"))).toContain('"a"');
        const next = followed(storage);
        next.thread.connected(true);
        next.thread.frame(resumed(0, 0, 0));
        expect(next.says()).toEqual([[1, "a"]]);
    });

    test("it had landed although its ack was lost: not said again", () => {
        const { thread, says } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        thread.say("a");
        thread.disconnected();
        thread.connected(true);
        thread.frame(resumed(0, 1, 1));
        thread.frame(entry(1, { client: "me", counter: 1, text: "a" }));
        expect(says()).toEqual([[1, "a"]]);
        expect(thread.waiting()).toEqual([]);
        expect(conversationEntries(thread.log)).toHaveLength(1);
    });

    test("its entry comes before its ack, or the ack never: shown once", () => {
        const { thread } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        thread.say("a");
        thread.frame(entry(1, { client: "me", counter: 1, text: "a" }));
        expect(thread.waiting()).toEqual([]);
        thread.frame({ verb: "ack", conversation: "c", counter: 1, seq: 1, at: 0 });
        expect(thread.waiting()).toEqual([]);
        thread.say("b");
        expect(thread.waiting().map((item) => item.text)).toEqual(["b"]);
    });

    test("the broker expects another number: the message gets it", () => {
        const { thread, says } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        thread.say("a");
        thread.frame({ verb: "error", code: "counter_gap", text: "", conversation: "c", counter: 4 });
        expect(says()).toEqual([
            [1, "a"],
            [4, "a"],
        ]);
    });

    test("refused for now is held and repeated; refused for good steps aside for the next", () => {
        const { world, thread, says } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        thread.say("a");
        thread.say("b");
        thread.frame({ verb: "error", code: "store_away", text: "", conversation: "c", counter: 1, retry: true });
        expect(says()).toHaveLength(1);
        world.pass(500);
        expect(says()).toEqual([
            [1, "a"],
            [1, "a"],
        ]);
        thread.frame({ verb: "error", code: "too_large", text: "", conversation: "c", counter: 1 });
        expect(says().at(-1)).toEqual([1, "b"]);
        expect(thread.waiting()[0]).toMatchObject({ text: "a", failed: "too_large" });
    });

    test("while the broker takes nothing in, nothing is sent", () => {
        const { thread, says, line } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        line.accepts = false;
        thread.say("a");
        expect(says()).toEqual([]);
        line.accepts = true;
        thread.accepted();
        expect(says()).toEqual([[1, "a"]]);
    });

    test("no ack: repeated after some patience", () => {
        const { world, thread, says } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        thread.say("a");
        world.pass(ANSWER_PATIENCE_MS);
        expect(says()).toEqual([
            [1, "a"],
            [1, "a"],
        ]);
    });
});

describe("small signs", () => {
    test("typing at most every three seconds", () => {
        const { world, thread, sent } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 0));
        for (let i = 0; i < 5; i++) thread.typing();
        world.pass(TYPING_EVERY_MS);
        thread.typing();
        expect(sent.filter((frame) => frame.verb === "typing")).toHaveLength(2);
    });

    test("read marks only grow, and are sent once", () => {
        const { thread, sent } = followed();
        thread.connected(true);
        thread.frame(resumed(0, 2));
        for (const seq of [1, 1, 2, 1, 2]) thread.read(seq);
        expect(sent.flatMap((frame) => (frame.verb === "read" ? [frame.seq] : []))).toEqual([1, 2]);
    });
});
