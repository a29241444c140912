/* What the two commands share: options, lines of progress, and the JSON file. */
import fs from 'node:fs';
import path from 'node:path';

import { buildFolder, ROOT } from '../lib/broker.mjs';

export class Wrong extends Error {}

/* @known: name → { kind: 'count' | 'path' | 'flag', … }; gives name → value. */
export function readOptions(argv, known) {
  const given = Object.fromEntries(Object.entries(known).map(([name, option]) => [name, option.default]));
  for (let i = 0; i < argv.length; i++) {
    const [word, joined] = argv[i].split(/=(.*)/s);
    const name = word.replace(/^--/, '');
    const option = known[name];
    if (!word.startsWith('--') || !option) throw new Wrong(`there is no option ${argv[i]}; see --help`);
    if (option.kind === 'flag') {
      given[name] = true;
      continue;
    }
    const value = joined ?? argv[++i];
    if (value === undefined) throw new Wrong(`--${name} needs a value`);
    if (option.kind === 'count' && !/^[1-9][0-9]{0,6}$/.test(value)) throw new Wrong(`--${name} takes a whole number from 1 to 9999999`);
    given[name] = option.kind === 'count' ? Number(value) : value;
  }
  return given;
}

/* The build under test: the release before the one with sanitizers, which is several times slower. */
export function chooseBuild(named) {
  if (named && !fs.existsSync(path.join(named, 'loketd'))) throw new Wrong(`there is no loketd in ${named}; build first`);
  if (named) return path.resolve(named);
  const release = path.join(ROOT, 'build/release');
  return !process.env.LOKET_BUILD && fs.existsSync(path.join(release, 'loketd')) ? release : buildFolder();
}

/* One line, rewritten on a terminal; elsewhere a line at most every @every_ms. */
export class Progress {
  constructor(every_ms = 5000) {
    this.tty = process.stderr.isTTY;
    this.every_ms = every_ms;
    this.told = 0;
  }

  tell(line, now = false) {
    if (this.tty) {
      process.stderr.write(`\r\x1b[K${line}`);
    } else if (now || Date.now() - this.told >= this.every_ms) {
      this.told = Date.now();
      process.stderr.write(`${line}\n`);
    }
  }

  end(line) {
    if (this.tty) process.stderr.write('\r\x1b[K');
    if (line) process.stderr.write(`${line}\n`);
  }
}

/* Written beside and renamed: a reader never finds half of it. */
export function writeJson(file, figures) {
  if (!file) return;
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  fs.writeFileSync(`${file}.next`, `${JSON.stringify(figures, null, 2)}\n`);
  fs.renameSync(`${file}.next`, file);
}

/* The command's frame: --help, wrong options (2), failure (1), interruption (cleaned up, 130). @work gives the exit code. */
export async function command({ usage, known, work }) {
  let options;
  try {
    options = readOptions(process.argv.slice(2), known);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  if (options.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const cleanups = [];
  const clean = async () => {
    while (cleanups.length > 0) await Promise.resolve(cleanups.pop()()).catch((error) => process.stderr.write(`${error.message}\n`));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => clean().then(() => process.exit(130)));
  }
  let code = 1;
  try {
    code = await work(options, (cleanup) => cleanups.push(cleanup));
  } catch (error) {
    process.stderr.write(`\n${error instanceof Wrong ? error.message : error.stack}\n`);
    if (error instanceof Wrong) code = 2;
  }
  await clean();
  process.exit(code);
}
