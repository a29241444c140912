/* Power loss: residents talk, the machine loses its power, and what had been acked must be there when it is back. README.md tells why this proves something. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { newBroker } from '../lib/broker.mjs';
import { random, sleep, until } from '../lib/wait.mjs';
import { Disk, TEARS } from './disk.mjs';
import { chooseBuild, command, Progress, writeJson } from './options.mjs';
import { Resident } from './resident.mjs';

const usage = `Usage: tests/chaos/power [--cuts N] [--control N] [--short] [--json FILE] [--build DIR] [--seed N] [--keep]

Residents say things through loketd; then power goes: loketd and Redis are killed, and every file below the data folder is cut back to what
its last fsync had covered. After the restart every message that was acked must be in its conversation, once, with the right words. The same
with \`redis.fsync: everysec\` is the control: it must lose something, or this test could not see a loss.

  --cuts N      cuts with redis.fsync: always (default 100)
  --control N   cuts with redis.fsync: everysec, at least 10 (default 10); more are made until one has lost something, up to twice as many
  --short       12 cuts and 10 for the control: for continuous integration
  --json FILE   write the figures as one flat JSON object
  --build DIR   folder of the build with loketd and tests/chaos/libloket_shim.so (default: build/release)
  --seed N      choose the same tears and moments again (default: the time)
  --keep        leave the folder with data, notes and logs

Exit codes: 0 as it should be, 1 acked messages were lost or the control lost nothing, 2 wrong options.
`;

const RESIDENTS = 12;
const LOAD_MIN_MS = 50;
const LOAD_SPREAD_MS = 450;
const RESTART_MS = 30000;

const markerOf = (resident, counter) => `${resident.client}.${counter} ${'Goedemorgen, kunt u mij helpen? '.repeat(1 + (counter % 5))}`;

/* A process that has ended may still wait for its parent to take notice; it writes nothing any more. */
function gone(pid) {
  try {
    return /^\d+ \(.*\) [ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/* Both stand still at one moment, then both are gone; so is Redis' child that may be rewriting the log (it is in the same group of processes). */
async function powerOff(broker) {
  const redis = broker.redisPid;
  process.kill(broker.pid, 'SIGSTOP');
  process.kill(-redis, 'SIGSTOP');
  const children = fs.readFileSync(`/proc/${redis}/task/${redis}/children`, 'utf8').split(' ').filter(Boolean);
  process.kill(-redis, 'SIGKILL');
  await broker.kill('SIGKILL');
  await until('Redis to be gone', () => [redis, ...children].every(gone), { every: 5 });
}

/* Holds a resident's acks against the log as the broker now shows it. A message that was found wanting once stays so, whatever a later look finds. */
function audit(resident, loses) {
  const places = new Map();
  for (const entry of resident.entries.values()) {
    if (entry.kind === 'message' && entry.client === resident.client) places.set(entry.counter, [...(places.get(entry.counter) ?? []), entry]);
  }
  resident.wanting ??= { lost: new Set(), doubled: new Set(), garbled: new Set() };
  for (let counter = 1; counter <= resident.acked; counter++) {
    const entries = places.get(counter) ?? [];
    const seq = resident.acks.get(counter); /* absent: `resumed` said that it is on disk */
    if (entries.length === 0) resident.wanting.lost.add(counter);
    else if (entries.length > 1) resident.wanting.doubled.add(counter);
    else if ((seq ?? entries[0].seq) !== entries[0].seq || entries[0].text !== resident.texts[counter - 1]) resident.wanting.garbled.add(counter);
  }
  if (!loses && resident.faults.length > 0) throw new Error(`a resident was told: ${resident.faults.join('; ')}`);
}

class Series {
  constructor(fsync, options, progress) {
    Object.assign(this, { fsync, options, progress, loses: fsync !== 'always' });
    this.random = random(options.seed + (this.loses ? 1 : 0));
    this.figures = { acked: 0, lost: 0, doubled: 0, garbled: 0, cuts: 0, unsynced: 0, cut: 0, undone: 0, syncs: 0, mended: 0, rewrites: 0, restart_ms: [] };
    this.batches = [];
  }

  async begin(folder) {
    const room = path.join(folder, this.fsync);
    fs.mkdirSync(room);
    this.disk = new Disk(path.join(room, 'data/redis'), room, this.random);
    const shim = path.join(this.options.build, 'tests/chaos/libloket_shim.so');
    if (!fs.existsSync(shim)) throw new Error(`${shim} is missing: build with LOKET_TESTS=ON`);
    this.broker = await newBroker({
      folder: room,
      build: this.options.build,
      env: this.disk.env(shim), /* inherited by the redis-server that loketd starts */
      log_level: 'warn',
      redis: { fsync: this.fsync },
      limits: { frames_per_s: 1000000, frames_burst: 1000000, sessions_per_address: 10000 },
    });
    this.disk.begin();
  }

  async powerOn() {
    const from = performance.now();
    await this.broker.start({ ms: RESTART_MS });
    this.figures.restart_ms.push(performance.now() - from);
  }

  /* Everybody comes back, reads the conversation from its first message on, and says again what had no ack. */
  async lookBack(batch) {
    for (const resident of batch) {
      resident.forget();
      resident.refused = undefined;
      resident.connect();
    }
    /* In the control anything may be gone, also what comes before a message that is said again: that one is then refused for ever. */
    const done = (r) => r.refused || (r.resumed && r.seen >= r.newest && (this.loses || r.unacked === 0));
    await until('the residents to have read their conversations again', () => batch.every(done), { ms: RESTART_MS, every: 5 });
    await Promise.all(batch.map((r) => r.leave()));
    for (const resident of batch) audit(resident, this.loses);
  }

  count(what) {
    return this.batches.flat().reduce((sum, r) => sum + (r.wanting?.[what].size ?? 0), 0);
  }

  /* A new conversation each, and says one after the other for @ms; the acks heard until the sockets are gone count. */
  async load(ms) {
    const batch = Array.from({ length: RESIDENTS }, (_, i) => new Resident({ url: this.broker.ws, form: i % 4 ? 'msgpack' : 'json', dropping: i % 2 === 0, window: 1 + this.random(48) }));
    const more = (resident) => resident.say(markerOf(resident, resident.texts.length + 1));
    for (const resident of batch) {
      for (let i = 0; i < resident.window; i++) more(resident);
      resident.hears = () => resident.unacked < resident.window && more(resident);
      resident.connect();
    }
    await until('the first acks', () => batch.every((r) => r.acks.size > 0));
    if (this.random(4) === 0) {
      this.figures.rewrites++;
      setTimeout(() => this.rewrite(), this.random(ms));
    }
    await sleep(ms);
    return batch;
  }

  /* New files, renames and removals in the middle of it. */
  rewrite() {
    try {
      this.broker.redis('BGREWRITEAOF');
    } catch {
      /* the power went first */
    }
  }

  async cut() {
    await this.powerOn();
    if (this.batches.length > 0) await this.lookBack(this.batches.at(-1));
    this.figures.lost = this.count('lost');
    const batch = await this.load(LOAD_MIN_MS + this.random(LOAD_SPREAD_MS));
    await powerOff(this.broker);
    for (const resident of batch) resident.hears = null;
    await Promise.all(batch.map((r) => r.leave()));
    this.figures.acked += batch.reduce((sum, r) => sum + r.acked, 0);
    const done = this.disk.cut(TEARS[this.figures.cuts % TEARS.length]);
    this.disk.begin();
    for (const name of ['unsynced', 'cut', 'undone', 'syncs']) this.figures[name] += done[name];
    this.figures.cuts++;
    this.batches.push(batch);
    this.progress.tell(`${this.fsync}: cut ${this.figures.cuts} (${done.tear}), ${this.figures.acked} acked, ${this.figures.lost} lost so far`);
  }

  /* The last restart; and everything that was ever acked is looked for once more, after all the cuts that came later. */
  async end() {
    await this.powerOn();
    for (const batch of this.loses ? this.batches.slice(-1) : this.batches) await this.lookBack(batch);
    for (const what of ['lost', 'doubled', 'garbled']) this.figures[what] = this.count(what);
    this.figures.acked = this.batches.flat().reduce((sum, r) => sum + r.acked, 0);
    this.figures.mended = this.broker.log().split('ev=redis_mended').length - 1;
    await this.broker.stop();
  }
}

async function runSeries(fsync, cuts, options, folder, progress, atEnd) {
  const series = new Series(fsync, options, progress);
  await series.begin(folder);
  atEnd(async () => {
    if (series.broker.child) {
      await series.broker.kill('SIGKILL');
      series.broker.endRedis();
    }
  });
  while (series.figures.cuts < cuts || (series.loses && series.figures.lost === 0 && series.figures.cuts < 2 * cuts)) {
    await series.cut();
  }
  await series.end();
  return series.figures;
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

await command({
  usage,
  known: {
    cuts: { kind: 'count', default: 100 },
    control: { kind: 'count', default: 10 },
    seed: { kind: 'count', default: (Date.now() % 9999999) + 1 },
    json: { kind: 'path' },
    build: { kind: 'path' },
    short: { kind: 'flag' },
    keep: { kind: 'flag' },
    help: { kind: 'flag' },
  },
  async work(options, atEnd) {
    options.build = chooseBuild(options.build);
    if (options.short) options.cuts = 12;
    const started = performance.now();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'loket-power-'));
    const progress = new Progress();
    let kept = true; /* until it has come to a good end */
    atEnd(() => {
      if (kept) process.stderr.write(`kept: ${folder}\n`);
      else fs.rmSync(folder, { recursive: true, force: true });
    });
    const always = await runSeries('always', options.cuts, options, folder, progress, atEnd);
    const everysec = await runSeries('everysec', Math.max(10, options.control), options, folder, progress, atEnd);
    progress.end();
    const wrong = always.doubled + always.garbled;
    const good = always.lost === 0 && wrong === 0 && everysec.lost > 0;
    const figures = {
      cuts: always.cuts,
      acked_always: always.acked,
      lost_always: always.lost,
      doubled_always: always.doubled,
      garbled_always: always.garbled,
      cuts_everysec: everysec.cuts,
      acked_everysec: everysec.acked,
      lost_everysec: everysec.lost,
      fsyncs_always: always.syncs,
      unsynced_bytes_always: always.unsynced,
      cut_bytes_always: always.cut,
      cut_bytes_everysec: everysec.cut,
      names_undone: always.undone + everysec.undone,
      rewrites: always.rewrites + everysec.rewrites,
      logs_mended: always.mended + everysec.mended,
      restart_median_ms: Math.round(median(always.restart_ms)),
      restart_max_ms: Math.round(Math.max(...always.restart_ms)),
      seed: options.seed,
      seconds: Math.round((performance.now() - started) / 1000),
    };
    writeJson(options.json, figures);
    process.stdout.write(
      `always:   ${always.cuts} cuts, ${always.acked} acked, ${always.lost} lost, ${always.doubled} doubled, ${always.garbled} garbled; ${always.mended} torn logs mended\n` +
        `everysec: ${everysec.cuts} cuts, ${everysec.acked} acked, ${everysec.lost} lost (the control: it must lose)\n` +
        `${good ? 'good' : always.lost || wrong ? 'FAILED: what was acked is not there as it was said' : 'FAILED: the control lost nothing, so this test cannot see a loss'}; seed ${options.seed}, ${figures.seconds} s\n`,
    );
    kept = options.keep || !good;
    return good ? 0 : 1;
  },
});
