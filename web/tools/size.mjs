/* What a resident's phone loads before the first word: the page, and all scripts and style sheets that it names or imports, each compressed by itself as
 * they travel. Fails above the limit. `--json` prints the figures for programs. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 60_000;
const FACES = ["index.html", "console.html", "supervise.html"];
const dist = fileURLToPath(new URL("../dist", import.meta.url));

/* Static imports of a module by a module; Vite names those of a page in the page. */
const imported = (text) => [...text.matchAll(/(?:from|import)\s*"(\.\/[^"]+\.js)"/g)].map((match) => match[1]);
const named = (html) => [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1]);

function files(face) {
    const found = new Map();
    const queue = [face];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
        if (found.has(name)) continue;
        const bytes = readFileSync(join(dist, name));
        found.set(name, gzipSync(bytes, { level: 9 }).length);
        if (name.endsWith(".html")) queue.push(...named(bytes.toString()));
        if (name.endsWith(".js")) queue.push(...imported(bytes.toString()).map((each) => join(dirname(name), each)));
    }
    return found;
}

function facesMeasured() {
    try {
        return FACES.map((face) => ({ face, files: files(face) }));
    } catch (error) {
        console.error(`size: ${error.message}; run \`npm run build\` first`);
        process.exit(1);
    }
}

const totals = {};
for (const { face, files: found } of facesMeasured()) {
    totals[face] = [...found.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (process.argv.includes("--json")) continue;
    console.log(`${face.padEnd(16)} ${String(totals[face]).padStart(7)} bytes gzipped`);
    for (const [name, bytes] of found) console.log(`  ${String(bytes).padStart(7)}  ${name}`);
}
if (process.argv.includes("--json")) console.log(JSON.stringify({ limit_bytes: LIMIT_BYTES, ...totals }));
if (totals["index.html"] > LIMIT_BYTES) {
    console.error(`size: the resident's page is ${totals["index.html"]} bytes gzipped; the limit is ${LIMIT_BYTES}`);
    process.exit(1);
}
