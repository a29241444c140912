import { describe, expect, test } from "vitest";
import * as out from "../client/outbox.ts";

const item = (key: string) => ({ key, text: key, at: 0 });
const full = (...keys: string[]) => keys.reduce((box, key) => out.outboxAdd(box, item(key)), out.outboxNew());
const keys = (box: out.Outbox) => box.items.map((each) => each.key);

describe("outbox", () => {
    test("one at a time, numbered from the last ack", () => {
        let box = full("a", "b");
        expect(out.outboxNext(box)).toMatchObject({ item: { key: "a" }, counter: 1 });
        box = out.outboxSending(box, "a");
        expect(out.outboxNext(box)).toBeNull();
        box = out.outboxAck(box, 1, 10);
        expect(keys(box)).toEqual(["b"]);
        expect(box.landed).toMatchObject([{ item: { key: "a" }, seq: 10 }]);
        expect(out.outboxNext(box)).toMatchObject({ item: { key: "b" }, counter: 2 });
        expect(out.outboxSeen(box, 10).landed).toEqual([]);
    });

    test("an ack twice, or of another number, takes nothing away", () => {
        let box = out.outboxAck(out.outboxSending(full("a", "b"), "a"), 1, 10);
        box = out.outboxAck(box, 1, 10);
        expect(out.outboxAck(box, 5, 10)).toBe(box);
        expect(keys(box)).toEqual(["b"]);
    });

    test("after a lost ack, resumed says that the message has landed", () => {
        let box = out.outboxCut(out.outboxSending(full("a", "b"), "a"));
        box = out.outboxResumed(box, 1, true);
        expect(keys(box)).toEqual(["b"]);
        expect(out.outboxNext(box)).toMatchObject({ counter: 2 });
    });

    test("what was never sent cannot have landed, whatever the counter says", () => {
        const box = out.outboxResumed(full("a"), 3, true);
        expect(keys(box)).toEqual(["a"]);
        expect(out.outboxNext(box)).toMatchObject({ counter: 4 });
    });

    test("a lower counter on a new connection means lost data: numbers start there", () => {
        const box = out.outboxResumed({ ...full("a"), acked: 9 }, 2, true);
        expect(out.outboxNext(box)).toMatchObject({ counter: 3 });
        expect(out.outboxResumed({ ...full("a"), acked: 9 }, 2, false).acked).toBe(9);
    });

    test("a refusal for good steps aside; its number goes to the next; it can be sent again or dropped", () => {
        let box = out.outboxFail(out.outboxSending(full("a", "b"), "a"), "bad_channel");
        expect(out.outboxNext(box)).toMatchObject({ item: { key: "b" }, counter: 1 });
        expect(keys(out.outboxDrop(box, "b"))).toEqual(["a", "b"]);
        expect(keys(out.outboxDrop(box, "a"))).toEqual(["b"]);
        box = out.outboxRetry(box, "a", "sms");
        expect(box.items.map((each) => [each.key, each.channel])).toEqual([
            ["b", undefined],
            ["a", "sms"],
        ]);
    });

    test("what is stored comes back as it was", () => {
        const box = out.outboxSending(full("a", "b"), "a");
        const again = out.outboxLoad(JSON.parse(JSON.stringify(out.outboxSave(box))) as ReturnType<typeof out.outboxSave>);
        expect(keys(again)).toEqual(["a", "b"]);
        expect(again.items[0]?.tried).toBe(true);
        expect(again.flight).toBeNull();
        expect(out.outboxLoad(null)).toEqual(out.outboxNew());
    });

    test("it has an end", () => {
        let box = out.outboxNew();
        for (let i = 0; i < out.OUTBOX_ITEMS_MAX; i++) box = out.outboxAdd(box, item(String(i)));
        expect(out.outboxFull(box)).toBe(true);
    });
});
