/* A private loketd for one test: its own folder, port, settings and redis-server. Real program, real store; nothing is imitated here.
 *
 *   const broker = await startBroker({ queues: [...] }, t);     t: a node:test context, ends the broker with the test
 *   await broker.addStaff({ id: 'sanne', queues: ['burgerzaken'] });
 *   const cookie = await broker.cookie('sanne');
 *
 * Programs come from $LOKET_BUILD, else build/dev, else build/release. A report of a sanitizer in the log, or an end that nobody asked for,
 * fails the test. */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, until } from './wait.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SANITIZER = /(AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:|ThreadSanitizer).*/;
export const PASSWORD = 'een-lang-wachtwoord';

export function buildFolder() {
  const named = process.env.LOKET_BUILD;
  const folders = named ? [path.resolve(ROOT, named)] : [path.join(ROOT, 'build/dev'), path.join(ROOT, 'build/release')];
  const found = folders.find((folder) => fs.existsSync(path.join(folder, 'loketd')));
  if (!found) throw new Error(`no loketd in ${folders.join(' or ')}: build first, or set LOKET_BUILD`);
  return found;
}

/* Settings to YAML: maps, lists, texts, numbers, booleans. A JSON text is a YAML text. */
export function toYaml(value, indent = '') {
  if (Array.isArray(value)) {
    return value.map((item) => `${indent}- ${toYaml(item, `${indent}  `).trimStart()}`).join('');
  }
  if (value !== null && typeof value === 'object') {
    return Object.entries(value)
      .filter(([, item]) => item !== undefined && !(Array.isArray(item) && item.length === 0))
      .map(([key, item]) => (typeof item === 'object' ? `${indent}${key}:\n${toYaml(item, `${indent}  `)}` : `${indent}${key}: ${JSON.stringify(item)}\n`))
      .join('');
  }
  return `${JSON.stringify(value)}\n`;
}

export const QUEUES = [
  { id: 'burgerzaken', name_nl: 'Burgerzaken', name_en: 'Civil affairs' },
  { id: 'belastingen', name_nl: 'Belastingen', name_en: 'Taxes' },
];

process.setMaxListeners(50); /* one for each broker that runs */

export class Broker {
  constructor(folder, port, config, options) {
    this.folder = folder;
    this.port = port;
    this.config = config;
    this.build = options.build ?? buildFolder();
    this.env = { ...process.env, ASAN_OPTIONS: 'exitcode=99', UBSAN_OPTIONS: 'print_stacktrace=1', ...options.env };
    this.file = path.join(folder, 'loket.yaml');
    this.logFile = path.join(folder, 'loketd.log');
    this.child = null;
    this.ended = null;
    this.adding = [Promise.resolve(), Promise.resolve()];
    this.adds = 0;
    fs.writeFileSync(this.file, toYaml(config));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get ws() {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  get data() {
    return this.config.data;
  }

  get redisSocket() {
    const url = this.config.redis?.url;
    return url?.startsWith('unix://') ? url.slice('unix://'.length) : path.join(this.data, 'redis', 'redis.sock');
  }

  get redisPid() {
    return Number(fs.readFileSync(path.join(this.data, 'redis', 'redis.pid'), 'utf8'));
  }

  get pid() {
    return this.child?.pid;
  }

  log() {
    return fs.existsSync(this.logFile) ? fs.readFileSync(this.logFile, 'utf8') : '';
  }

  /* Waits for a line in the log that matches, from byte @from on (see logMark). */
  async logged(pattern, { ms = 10000, from = 0 } = {}) {
    return until(`${pattern} in the log`, () => this.log().slice(from).match(pattern), { ms });
  }

  logMark() {
    return this.log().length;
  }

  /* Starts the program; returns at once. */
  spawn() {
    const out = fs.openSync(this.logFile, 'a');
    const child = spawn(path.join(this.build, 'loketd'), ['--config', this.file], { stdio: ['ignore', out, out], env: this.env, cwd: this.folder });
    fs.closeSync(out);
    const orphan = () => child.kill('SIGKILL'); /* this process ends without having ended its broker */
    process.once('exit', orphan);
    child.once('exit', () => process.removeListener('exit', orphan));
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('exit', (code, signal) => {
        if (this.child === child) this.child = null;
        resolve({ code, signal });
      });
    });
  }

  /* Starts the program and waits until /health says 200. */
  async start({ ms = 20000 } = {}) {
    this.spawn();
    const ended = this.ended;
    let end = null;
    ended.then((how) => (end = how));
    await until('loketd to be healthy', async () => {
      if (end) return true;
      return (await fetch(`${this.url}/health`)).status === 200;
    }, { ms }).catch((error) => {
      throw new Error(`${error.message}\n${this.log().slice(-4000)}`);
    });
    if (end) throw new Error(`loketd ended (${JSON.stringify(end)}) instead of starting\n${this.log().slice(-4000)}`);
    return this;
  }

  async kill(signal = 'SIGKILL') {
    if (!this.child) return null;
    this.child.kill(signal);
    return this.ended;
  }

  async restart(options) {
    await this.kill('SIGTERM');
    return this.start(options);
  }

  /* SIGTERM; the program must end by itself, with 0. */
  async stop({ ms = 20000 } = {}) {
    if (!this.child) return;
    const ended = this.ended;
    this.child.kill('SIGCONT');
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child?.kill('SIGKILL'), ms);
    const how = await ended;
    clearTimeout(late);
    if (how.code !== 0) throw new Error(`loketd ended with ${JSON.stringify(how)} at SIGTERM\n${this.log().slice(-4000)}`);
  }

  check() {
    const report = this.log().match(SANITIZER);
    if (report) {
      const at = this.log().indexOf(report[0]);
      throw new Error(`a sanitizer reports:\n${this.log().slice(Math.max(0, at - 200), at + 6000)}`);
    }
  }

  /* Ends everything and removes the folder; the end of every test. An end that was not asked for is a failure. */
  async close() {
    const crashed = this.child ? null : await this.ended;
    try {
      await this.stop();
      this.check();
      if (crashed && crashed.code !== 0 && crashed.signal !== 'SIGKILL') {
        throw new Error(`loketd had ended: ${JSON.stringify(crashed)}\n${this.log().slice(-4000)}`);
      }
    } finally {
      this.endRedis();
      if (!process.env.LOKET_KEEP) fs.rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /* A redis-server whose broker was killed gets SIGTERM from the kernel; one that was stopped (SIGSTOP) does not hear it. */
  endRedis() {
    try {
      const pid = this.redisPid;
      if (fs.readlinkSync(`/proc/${pid}/exe`).includes('redis') && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.redisSocket)) process.kill(pid, 'SIGKILL');
    } catch {
      /* no such process: the usual case */
    }
  }

  /* loketctl with these arguments; gives { code, stdout, stderr }. */
  ctl(args, { input = '', env = {} } = {}) {
    return new Promise((resolve, reject) => {
      const child = spawn(path.join(this.build, 'loketctl'), ['--config', this.file, ...args], { env: { ...this.env, ...env }, cwd: this.folder });
      const got = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (piece) => (got[name] += piece));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (SANITIZER.test(got.stderr)) reject(new Error(`loketctl ${args[0]}: ${got.stderr}`));
        else resolve({ code, signal, ...got });
      });
      child.stdin.on('error', () => {}); /* a command that reads no input may end first */
      child.stdin.end(input);
    });
  }

  async addStaff({ id, name = id, role = 'agent', queues = this.config.queues.map((q) => q.id), capacity = 6, password = PASSWORD }) {
    const args = ['staff', 'add', '--id', id, '--name', name, '--role', role, '--capacity', String(capacity), '--password-stdin'];
    if (queues.length > 0) args.push('--queues', queues.join(','));
    /* two at a time: hashing a password takes a core and 64 MB */
    const lane = this.adds++ % 2;
    const turn = this.adding[lane].then(() => this.ctl(args, { input: `${password}\n` }));
    this.adding[lane] = turn.catch(() => {});
    const done = await turn;
    if (done.code !== 0) throw new Error(`loketctl staff add: ${done.stderr}`);
    await this.cookie(id);
  }

  /* A session cookie of a member of staff, "loket_session=…", once the running broker knows them (it hears of changes by itself). */
  async cookie(id) {
    const done = await this.ctl(['session', id]);
    if (done.code !== 0) throw new Error(`loketctl session: ${done.stderr}`);
    const cookie = done.stdout.trim();
    await until(`the broker to know ${id}`, async () => {
      const answer = await fetch(`${this.url}/api/session`, { headers: { cookie } });
      return answer.status === 200 && (await answer.json()).agent === id;
    });
    return cookie;
  }

  /* Signs in with a password as a page does; gives the answer. */
  signIn(user, password = PASSWORD, headers = {}) {
    return fetch(`${this.url}/api/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: this.url, ...headers },
      body: JSON.stringify({ user, password }),
    });
  }

  /* One command to the broker's own Redis, by its unix socket: faults are made here, state is never written here. */
  redis(...args) {
    return execFileSync('redis-cli', ['-s', this.redisSocket, ...args], { encoding: 'utf8' }).trim();
  }

  memoryKb() {
    return Number(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/)[1]);
  }
}

/* @options: any settings of the YAML file, and `port`, `folder`, `build`, `env`. @t: a node:test context (or absent: call close yourself). */
export async function startBroker(options = {}, t = null) {
  const broker = await newBroker(options, t);
  await broker.start().catch(async (error) => {
    if (!t) await broker.close().catch(() => {});
    throw error;
  });
  return broker;
}

/* The same without starting it. */
export async function newBroker(options = {}, t = null) {
  const { port: wanted, folder: given, build, env, ...settings } = options;
  const folder = given ?? fs.mkdtempSync(path.join(os.tmpdir(), 'loket-test-'));
  fs.mkdirSync(folder, { recursive: true });
  const port = wanted ?? (await freePort());
  const config = {
    listen: `127.0.0.1:${port}`,
    data: path.join(folder, 'data'),
    organisation: { id: 'voorbeeld', name: 'Gemeente Voorbeeld' },
    queues: QUEUES,
    ...settings,
  };
  const broker = new Broker(folder, port, config, { build, env });
  t?.after(() => broker.close());
  return broker;
}
