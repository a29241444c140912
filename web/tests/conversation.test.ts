import { describe, expect, test } from "vitest";
import {
    conversationApply,
    conversationEntries,
    conversationGapped,
    conversationNew,
    conversationUnread,
} from "../client/conversation.ts";
import type { DownFrame } from "../client/frames.ts";
import { entry, resumed } from "./world.ts";

const after = (...frames: DownFrame[]) => frames.reduce((log, frame) => conversationApply(log, frame, 0), conversationNew("c"));
const seqs = (log: ReturnType<typeof after>) => conversationEntries(log).map((each) => each.seq);

describe("conversation", () => {
    test.each<[string, DownFrame[], number[], boolean]>([
        ["in order", [resumed(0, 2), entry(1), entry(2)], [1, 2], false],
        ["out of order", [resumed(0, 3), entry(2), entry(3), entry(1)], [1, 2, 3], false],
        ["a gap is held", [resumed(0, 3), entry(1), entry(3)], [1], true],
        ["the gap is filled", [resumed(0, 3), entry(1), entry(3), entry(2)], [1, 2, 3], false],
        ["repeats are ignored", [resumed(0, 2), entry(1), entry(1), entry(2), entry(2), entry(1)], [1, 2], false],
        ["entries before resumed wait for it", [entry(2), entry(1), resumed(0, 2)], [1, 2], false],
        ["a later start", [resumed(7, 9), entry(8), entry(9)], [8, 9], false],
        [
            "something newer is known to exist",
            [resumed(0, 1), entry(1), { verb: "ack", conversation: "c", counter: 1, seq: 2, at: 0 }],
            [1],
            true,
        ],
        ["resume again from the last", [resumed(0, 1), entry(1), entry(3), resumed(1, 3), entry(2), entry(3)], [1, 2, 3], false],
        ["data was lost: begin anew", [resumed(0, 3), entry(1), entry(2), entry(3), resumed(0, 1), entry(1)], [1], false],
    ])("%s", (_, frames, expected, gapped) => {
        const log = after(...frames);
        expect(seqs(log)).toEqual(expected);
        expect(conversationGapped(log)).toBe(gapped);
    });

    test("older entries come in front, when they reach up to what is known", () => {
        let log = after(resumed(10, 11), entry(11), entry(8), entry(9), entry(10), {
            verb: "history_end",
            conversation: "c",
            from: 8,
        });
        expect(seqs(log)).toEqual([8, 9, 10, 11]);
        expect(log.base).toBe(7);
        log = conversationApply(log, entry(3), 0);
        log = conversationApply(log, { verb: "history_end", conversation: "c", from: 3 }, 0);
        expect(seqs(log)).toEqual([8, 9, 10, 11]);
    });

    test("earlier states of a log stay as they were", () => {
        const before = after(resumed(0, 1), entry(1));
        const later = conversationApply(before, entry(2), 0);
        const other = conversationApply(before, entry(2, { text: "other" }), 0);
        expect(seqs(before)).toEqual([1]);
        expect(conversationEntries(later)[1]?.text).toBe("m2");
        expect(conversationEntries(other)[1]?.text).toBe("other");
    });

    test("state, receipts, read marks and typing follow the log", () => {
        const log = after(
            resumed(0, 4),
            entry(1, { from: "agent" }),
            { verb: "typing", conversation: "c", from: "resident" },
            entry(2, { kind: "receipt", of: 1, state: "sent" }),
            entry(3, { kind: "receipt", of: 1, state: "failed", reason: "550" }),
            entry(4, { kind: "state", state: "closed" }),
            { verb: "read", conversation: "c", from: "resident", seq: 1 },
            { verb: "read", conversation: "c", from: "resident", seq: 0 },
        );
        expect(log.receipts.get(1)).toEqual({ state: "failed", reason: "550" });
        expect(log.state).toBe("closed");
        expect(log.readResident).toBe(1);
        expect(log.typing?.from).toBe("resident");
        expect(conversationApply(log, entry(5), 0).typing).toBeNull();
    });

    test("unread are the resident's messages past the agent's mark", () => {
        const log = after(resumed(0, 4), entry(1), entry(2, { from: "agent" }), entry(3), entry(4), {
            verb: "read",
            conversation: "c",
            from: "agent",
            seq: 3,
        });
        expect(conversationUnread(log)).toBe(1);
    });
});
