import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { gzipPlugin } from "./tools/gzip.ts";
import { tokensPlugin } from "./tools/tokens.ts";

const root = fileURLToPath(new URL(".", import.meta.url)).replace(/\/$/, "");
const BROKER = "http://127.0.0.1:7080";

/* `vite dev` knows the pages as the broker serves them: /console, /supervise. */
const faces = new Set(["/console", "/supervise"]);

export default defineConfig({
    root,
    plugins: [
        tokensPlugin(root),
        gzipPlugin(),
        {
            name: "loket-faces",
            configureServer(server) {
                server.middlewares.use((request, _response, next) => {
                    const [path = "", query] = (request.url ?? "").split("?");
                    if (faces.has(path)) request.url = `${path}.html${query === undefined ? "" : `?${query}`}`;
                    next();
                });
            },
        },
    ],
    esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
    build: {
        target: "es2022",
        assetsInlineLimit: 0 /* data: addresses are against the content security policy */,
        modulePreload: { polyfill: false },
        rollupOptions: {
            input: {
                resident: `${root}/index.html`,
                console: `${root}/console.html`,
                supervise: `${root}/supervise.html`,
            },
        },
    },
    server: {
        host: "127.0.0.1",
        proxy: { "/api": BROKER, "/ws": { target: BROKER, ws: true } },
    },
    test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
