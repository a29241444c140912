/* The languages are complete, and no word on a page comes from anywhere else. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { ERRORS } from "../client/frames.gen.ts";
import * as en from "../text/en.ts";
import * as nl from "../text/nl.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const sections = (language: object) => Object.entries(language) as [string, Record<string, unknown>][];

describe("languages", () => {
    test("have the same sections and keys, each filled, of the same kind", () => {
        const shape = (language: object) =>
            sections(language).map(([name, texts]) => [
                name,
                Object.entries(texts).map(([key, text]) => [key, typeof text, typeof text === "function" ? text.length : 0]),
            ]);
        expect(shape(en)).toEqual(shape(nl));
        for (const language of [nl, en])
            for (const [, texts] of sections(language))
                for (const text of Object.values(texts)) {
                    const words = typeof text === "function" ? (text as (...all: unknown[]) => string)("A", "B") : text;
                    expect(words).toMatch(/\S/);
                }
    });

    test("differ where words do", () => {
        for (const [name, texts] of sections(nl)) {
            const other = sections(en).find(([section]) => section === name)?.[1] ?? {};
            const same = Object.entries(texts).filter(
                ([key, text]) => typeof text === "string" && text.length > 12 && text === other[key],
            );
            expect(same).toEqual([]);
        }
    });

    test("name only errors that the broker knows", () => {
        const known = new Set([...Object.keys(ERRORS), "other", "closed"]);
        expect(Object.keys(nl.errors).filter((code) => !known.has(code))).toEqual([]);
    });

    test("every text is used", () => {
        const code = sources()
            .map((file) => readFileSync(file, "utf8"))
            .join("\n");
        const used = (key: string) => new RegExp(`\\.${key}\\b|\\b${key}: \\w+Icon|"${key}"`).test(code);
        const unused = sections(nl)
            .filter(([name]) => name !== "errors")
            .flatMap(([name, texts]) =>
                Object.keys(texts)
                    .filter((key) => !used(key))
                    .map((key) => `${name}.${key}`),
            );
        expect(unused).toEqual([]);
    });
});

function sources(): string[] {
    return ["resident", "console", "supervise", "parts"].flatMap((folder) =>
        readdirSync(join(root, folder))
            .filter((name) => /\.tsx?$/.test(name))
            .map((name) => join(root, folder, name)),
    );
}

const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt"]);

/* Letters in JSX, or in an attribute that is read out or shown, are words that no translator sees. */
function words(file: string, text = readFileSync(file, "utf8")): string[] {
    const found: string[] = [];
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
    const letters = (words: string) => /\p{L}{2,}/u.test(words);
    const visit = (node: ts.Node) => {
        if (ts.isJsxText(node) && letters(node.text)) found.push(node.text.trim());
        if (
            ts.isJsxExpression(node) &&
            !ts.isJsxAttribute(node.parent) &&
            node.expression !== undefined &&
            ts.isStringLiteralLike(node.expression) &&
            letters(node.expression.text)
        )
            found.push(node.expression.text);
        if (
            ts.isJsxAttribute(node) &&
            SPOKEN.has(node.name.getText()) &&
            node.initializer !== undefined &&
            ts.isStringLiteral(node.initializer) &&
            letters(node.initializer.text)
        )
            found.push(node.initializer.text);
        ts.forEachChild(node, visit);
    };
    visit(tree);
    return found;
}

describe("words", () => {
    test.each(sources().map((file) => [file.slice(root.length + 1), file] as const))("%s has none of its own", (_, file) => {
        expect(words(file)).toEqual([]);
    });

    test("the search finds words where there are some", () => {
        const text = 'const a = <p aria-label="Een naam" class="x">Hallo {"daar"} {n} s</p>;';
        expect(words("a.tsx", text)).toEqual(["Een naam", "Hallo", "daar"]);
    });
});
