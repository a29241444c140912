/* Design tokens, only those in use. A theme has thousands, 16 kB when compressed; the pages use some hundred. The style sheets say which: a Vite plugin
 * collects every var(--…) in our own style sheets and in the component packages they import, follows what those tokens refer to, and drops the rest.
 *
 * To wear another theme, name its package and class here and in the three html files. */
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Plugin } from "vite";

const THEME = "@nl-design-system-unstable/voorbeeld-design-tokens/dist/theme.css";
const FOLDERS = ["style", "resident", "console", "supervise"];
const require = createRequire(import.meta.url);

const references = (css: string): string[] => [...css.matchAll(/var\(\s*(--[\w-]+)/g)].map((match) => match[1] as string);

/** Every style sheet below @root that is ours, and those of packages that they import. */
function sheets(root: string): string[] {
    const own = FOLDERS.flatMap((folder) =>
        readdirSync(join(root, folder))
            .filter((name) => name.endsWith(".css") && name !== "tokens.css")
            .map((name) => readFileSync(join(root, folder, name), "utf8")),
    );
    const packages = own.flatMap((css) => [...css.matchAll(/@import\s+"(@[^"]+)"/g)].map((match) => match[1] as string));
    return [...own, ...[...new Set(packages)].map((name) => readFileSync(require.resolve(name), "utf8"))];
}

export function tokensUsed(theme: string, css: readonly string[]): string {
    const plain = theme.replace(/\/\*[\s\S]*?\*\//g, "");
    const selector = /(\.[\w-]+)\s*\{/.exec(plain)?.[1] ?? ":root";
    const values = new Map<string, string>();
    for (const match of plain.matchAll(/(--[\w-]+)\s*:\s*([^;]+);/g)) values.set(match[1] as string, match[2] as string);
    const wanted = new Set<string>();
    const queue = css.flatMap(references);
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
        const value = values.get(name);
        if (value === undefined || wanted.has(name)) continue;
        wanted.add(name);
        queue.push(...references(value));
    }
    const lines = [...values].filter(([name]) => wanted.has(name)).map(([name, value]) => `    ${name}: ${value};`);
    return `${selector} {\n${lines.join("\n")}\n}\n`;
}

export function tokensPlugin(root: string): Plugin {
    const file = join(root, "style", "tokens.css");
    return {
        name: "loket-tokens",
        enforce: "pre",
        load(id) {
            if (id.split("?")[0] !== file) return null;
            return tokensUsed(readFileSync(require.resolve(THEME), "utf8"), sheets(root));
        },
    };
}
