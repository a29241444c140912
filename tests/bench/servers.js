// Starts and ends what is measured: the relay with its Redis, the broker with its own, the load generator. All on loopback, in private folders.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const build = path.join(root, 'build', 'bench');
const tick_us = 1e6 / Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout || 100);
const children = new Set();
const grandchildren = new Set(); // the broker's Redis: it would outlive a broker that is killed
const folders = [];

const program = { relay: 'tests/bench/bench_relay', load: 'tests/bench/bench_load', loketd: 'loketd', loketctl: 'loketctl' };
const programPath = (name) => path.join(build, program[name]);

// Data lies beside the build, on a real disk: on a tmpfs fsync would cost nothing. Sockets have short paths and lie below /tmp.
function folder(name) {
  fs.mkdirSync(path.join(build, 'data'), { recursive: true });
  const made = fs.mkdtempSync(path.join(build, 'data', name + '-'));
  folders.push(made);
  return made;
}
function socketFolder() {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'loket-bench-'));
  folders.push(made);
  return made;
}

function start(file, args, logFile, stdio = ['ignore', 'ignore', 'pipe']) {
  const child = spawn(file, args, { stdio });
  children.add(child);
  child.said = '';
  child.stderr.on('data', (d) => {
    child.said = (child.said + d).slice(-4000);
    if (logFile) fs.appendFileSync(logFile, d);
  });
  child.ended = new Promise((resolve) => child.on('close', (code, signal) => { children.delete(child); resolve({ code, signal }); }));
  child.on('error', (e) => { child.said += e.message; });
  return child;
}

async function until(what, seconds, look) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${seconds} s`);
    await new Promise((r) => setTimeout(r, 20));
  }
}

const alive = (child, name) => {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended: ${child.said.trim().split('\n').slice(-3).join(' | ')}`);
};

async function end(child) {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 15000);
    await child.ended;
    clearTimeout(late);
  }
}

const freePort = () => new Promise((resolve, reject) => {
  const s = net.createServer();
  s.on('error', reject);
  s.listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
});

// --- the relay ------------------------------------------------------------------------------------------------------------------------

export async function relayStart() {
  const dir = folder('relay'), socket = path.join(socketFolder(), 'redis.sock'), port = await freePort();
  // As loketd starts its own (broker/store/server.c).
  const redis = start('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '',
    '--no-appendfsync-on-rewrite', 'no', '--loglevel', 'warning']);
  await until('the relay\'s redis-server', 20, () => { alive(redis, 'redis-server'); return fs.existsSync(socket); });
  const relay = start(programPath('relay'), [String(port), socket]);
  await until('the relay', 20, () => {
    alive(relay, 'the relay');
    return spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`], { stdio: 'ignore' }).status === 0;
  });
  return { port, socket, pid: relay.pid, redisPid: redis.pid, loadArgs: ['--relay', '--port', String(port)], stop: async () => { await end(relay); await end(redis); } };
}

// --- the broker -----------------------------------------------------------------------------------------------------------------------

function brokerSettings(data) {
  return `listen: 127.0.0.1:0
data: ${data}
organisation: {id: bench, name: Bench}
weights: {chat: 1, email: 1, sms: 1}
queues:
  - {id: bench, name_nl: Meting, name_en: Measurement}
limits: {frames_per_s: 1000000, frames_burst: 1000000, sessions_max: 19000, sessions_per_address: 19000, send_kb_max: 8192, heartbeat_ms: 600000}
`;
}

function ctl(settings, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(programPath('loketctl'), ['--config', settings, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`loketctl ${args[0]} ${args[1]}: ${err.trim()}`))));
    child.stdin.on('error', () => {}); // it did not want to read; its exit code tells the rest
    child.stdin.end(input || '');
  });
}

export async function brokerStart(staff) {
  const data = folder('broker'), settings = path.join(data, 'bench.yaml'), log = path.join(data, 'loketd.log');
  fs.writeFileSync(settings, brokerSettings(data));
  const loketd = start(programPath('loketd'), ['--config', settings], log);
  const about = await until('loketd', 30, () => {
    alive(loketd, 'loketd');
    try {
      return Object.fromEntries(fs.readFileSync(path.join(data, 'loketd.run'), 'utf8').trim().split('\n').map((l) => l.split(/=(.*)/s).slice(0, 2)));
    } catch (e) { return null; }
  });
  const ids = Array.from({ length: staff }, (_, i) => `agent${i}`);
  const cookies = new Array(staff);
  let next = 0;
  const one = async () => {
    while (next < ids.length) {
      const i = next++;
      await ctl(settings, ['staff', 'add', '--id', ids[i], '--name', `Agent ${i}`, '--role', 'agent', '--queues', 'bench', '--capacity', '1000000', '--password-stdin'],
        'only for measuring\n');
      cookies[i] = (await ctl(settings, ['session', ids[i]])).trim();
    }
  };
  await Promise.all([one(), one()]);
  const cookieFile = path.join(data, 'cookies');
  fs.writeFileSync(cookieFile, cookies.map((c) => c + '\n').join(''), { mode: 0o600 });
  const redisPid = Number(fs.readFileSync(path.join(data, 'redis', 'redis.pid'), 'utf8'));
  grandchildren.add(redisPid);
  const socket = about.redis.replace(/^unix:\/\//, '');
  const rewritten = () => until('the end of Redis\' rewriting of its file', 120, () => {
    const r = spawnSync('redis-cli', ['-s', socket, 'INFO', 'persistence'], { encoding: 'utf8' });
    return /aof_rewrite_in_progress:0/.test(r.stdout || '') && /aof_rewrite_scheduled:0/.test(r.stdout || '');
  });
  const stop = async () => { await end(loketd); grandchildren.delete(redisPid); };
  return { port: Number(about.port), pid: loketd.pid, redisPid, loadArgs: ['--port', about.port, ...(staff ? ['--cookies', cookieFile] : [])], rewritten, stop };
}

// --- the load generator ---------------------------------------------------------------------------------------------------------------

export async function loadStart(server, talks, more = []) {
  const child = start(programPath('load'), [...server.loadArgs, '--talks', String(talks), ...more], null, ['pipe', 'pipe', 'pipe']);
  child.stdin.on('error', () => {}); // it has ended, which is heard of below
  const lines = [], waiting = [];
  let rest = '';
  child.stdout.on('data', (d) => {
    const parts = (rest + d).split('\n');
    rest = parts.pop();
    for (const line of parts) (waiting.length ? waiting.shift().resolve : lines.push.bind(lines))(JSON.parse(line));
  });
  child.ended.then(({ code }) => { for (const w of waiting) w.reject(new Error(`the load generator ended with ${code}: ${child.said.trim()}`)); });
  const answer = () => (lines.length ? Promise.resolve(lines.shift()) : new Promise((resolve, reject) => {
    if (child.exitCode !== null) reject(new Error(`the load generator ended with ${child.exitCode}: ${child.said.trim()}`));
    else waiting.push({ resolve, reject });
  }));
  const ready = await answer();
  return {
    ready,
    ask: (command) => { child.stdin.write(command + '\n'); return answer(); },
    stop: async () => { child.stdin.end('quit\n'); await child.ended; },
  };
}

// --- what the system knows of a process -----------------------------------------------------------------------------------------------

export const cpuUs = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tick_us;
};
export const memoryBytes = (pid) => Number(/^Pss:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024;

export function endAll() {
  for (const child of children) child.kill('SIGKILL');
  for (const pid of grandchildren) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* it has ended */ }
  }
  for (const dir of folders.splice(0)) fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
