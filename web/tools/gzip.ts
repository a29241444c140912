/* Beside each text file of the build the same, compressed as well as can be: the broker sends those as they are to whoever takes gzip. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(html|js|css|svg)$/;

export function gzipPlugin(): Plugin {
    let folder = "";
    return {
        name: "loket-gzip",
        apply: "build",
        configResolved(config) {
            folder = join(config.root, config.build.outDir);
        },
        closeBundle() {
            for (const place of [folder, join(folder, "assets")])
                for (const name of readdirSync(place).filter((each) => TEXT.test(each)))
                    writeFileSync(join(place, `${name}.gz`), gzipSync(readFileSync(join(place, name)), { level: 9 }));
        },
    };
}
