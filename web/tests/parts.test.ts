import { beforeAll, describe, expect, test, vi } from "vitest";
import type * as Language from "../parts/language.ts";
import type * as Time from "../parts/time.ts";
import { linkify } from "../parts/linkify.ts";
import { textBytes, wireDecode, wireEncode, JSON_FORM, MSGPACK } from "../client/wire.ts";
import { tokensUsed } from "../tools/tokens.ts";

describe("linkify", () => {
    test.each<[string, string[]]>([
        ["geen adres", []],
        ["zie https://a.nl/b.", ["https://a.nl/b"]],
        ["(https://a.nl/b(c)) en HTTP://B.nl!", ["https://a.nl/b(c)", "HTTP://B.nl"]],
        ["javascript:alert(1) data:text/html,x mailto:a@b.nl", []],
        ["https://bank.nl@kwaad.example/", []],
        ['<a href="https://a.nl">', ["https://a.nl"]],
        ["https://", []],
        ["xhttps://a.nl", []],
    ])("%s", (text, found) => {
        const pieces = linkify(text);
        expect(pieces.map((piece) => piece.text).join("")).toBe(text);
        expect(pieces.filter((piece) => piece.href !== undefined).map((piece) => piece.text)).toEqual(found);
    });
});

describe("time", () => {
    let time: typeof Time;
    let language: typeof Language.language;

    beforeAll(async () => {
        vi.stubGlobal("document", { documentElement: {} });
        time = await import("../parts/time.ts");
        ({ language } = await import("../parts/language.ts"));
    });

    test.each([
        [-5, "0 s", "0:00"],
        [59_999, "59 s", "0:59"],
        [60_000, "1 min", "1:00"],
        [3_599_000, "59 min", "59:59"],
        [3_900_000, "1 u 05", "1:05:00"],
        [86_400_000 * 3, "3 d", "72:00:00"],
    ])("%i ms", (ms, age, clock) => {
        expect(time.age(ms)).toBe(age);
        expect(time.clock(ms)).toBe(clock);
    });

    test("days and times in the language of the page", () => {
        const at = new Date(2026, 10, 24, 9, 5).getTime();
        expect(time.timeOfDay(at)).toBe("09:05");
        expect(time.day(at)).toBe("dinsdag 24 november");
        language.choose("en");
        expect(time.day(at)).toBe("Tuesday 24 November");
        expect(time.age(3_900_000)).toBe("1 h 05");
        language.choose("nl");
        expect(time.dayKey(at)).toBe(time.dayKey(at + 60_000));
    });
});

describe("wire", () => {
    test.each([MSGPACK, JSON_FORM] as const)("%s there and back, without what is undefined", (wire) => {
        const frame = { verb: "say", conversation: "c", counter: 1, text: "é👋🏽", channel: undefined } as const;
        expect(wireDecode(wireEncode(wire, frame))).toEqual({ verb: "say", conversation: "c", counter: 1, text: "é👋🏽" });
    });

    test("lengths are bytes of UTF-8", () => {
        expect([textBytes("a"), textBytes("é"), textBytes("€"), textBytes("👋")]).toEqual([1, 2, 3, 4]);
    });
});

test("of a theme only the tokens in use are kept, and what those refer to", () => {
    const theme = "/* x */ .thema {\n--a: var(--b);\n--b: 1px;\n--c: 2px;\n}";
    expect(tokensUsed(theme, ["p { margin: var(--a) }"])).toBe(".thema {\n    --a: var(--b);\n    --b: 1px;\n}\n");
});
