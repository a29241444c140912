/* Test files, two at a time, each with its whole output in one piece when it has ended: node run.mjs FILE… Exit code 1 when one failed. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const AT_ONCE = 2;
const files = process.argv.slice(2);
let failed = 0;

function run(file) {
  return new Promise((resolve) => {
    const at = Date.now();
    const child = spawn(process.execPath, ['--no-warnings', '--test', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const pieces = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => pieces.push(piece));
    child.once('close', (code) => {
      if (code !== 0) failed++;
      process.stdout.write(Buffer.concat([...pieces, Buffer.from(`${code === 0 ? 'passed' : 'FAILED'}: ${path.basename(file)}, ${((Date.now() - at) / 1000).toFixed(1)} s\n`)]));
      resolve();
    });
  });
}

const waiting = [...files];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (waiting.length > 0) await run(waiting.shift());
}));
console.log(failed === 0 ? `all ${files.length} files passed` : `${failed} of ${files.length} files failed`);
process.exitCode = failed === 0 ? 0 : 1;
