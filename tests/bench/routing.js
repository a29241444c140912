// How quick routing is: from a place that comes free to the conversation in the console, assignments a second, and from a broker's death to the next
// assignment. See README.md here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { newBroker } from '../lib/broker.mjs';
import { connect, newId } from '../lib/client.mjs';
import { startNodes } from '../lib/nodes.mjs';
import { until } from '../lib/wait.mjs';
import { build as benchBuild, cpuUs, root } from './servers.js';

const usage = `Usage: tests/bench/routing [--seconds N] [--json FILE] [--part NAME] [--build DIR]

  --seconds N   how long assignments are counted, and places come free at 100 a second, at least 500 of them (default 10)
  --json FILE   write the figures as one flat JSON object
  --part NAME   only this one: place, rate or death
  --build DIR   use the programs of this folder as they are, instead of building a release in build/bench

Starts everything it needs on free ports of the loopback, and ends it. Exit codes: 0 all was measured, whatever the figures; 1 something could not be
measured; 2 wrong options.
`;

const options = { seconds: 10, json: null, part: null, build: null };
function optionsRead(args) {
  const wrong = (why) => { process.stderr.write(`routing: ${why}\n\n${usage}`); process.exit(2); };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].split(/=(.*)/s), take = () => inline ?? args[++i];
    if (name === '--seconds') options.seconds = Number(take());
    else if (name === '--json') options.json = path.resolve(take() || wrong('--json takes a file'));
    else if (name === '--part') options.part = take();
    else if (name === '--build') options.build = path.resolve(root, take() || wrong('--build takes a folder'));
    else if (name === '--help' || name === '-h') { process.stdout.write(usage); process.exit(0); } else wrong(`there is no option ${name}`);
  }
  if (options.part && !['place', 'rate', 'death'].includes(options.part)) wrong('--part takes place, rate or death');
  if (!(options.seconds > 0 && options.seconds <= 600)) wrong('--seconds takes a number from above 0 to 600');
}

const SIZES = [10, 1000, 100000]; // that wait
const DESKS = 10;                 // agents whose places come free, in turns
const RATE = 100;                 // places a second
const AGENTS = 1000;              // for assignments a second
const TRIALS = 5;                 // deaths
const ORGANISATION = 'bench';

const began = Date.now();
const progress = (text) => process.stderr.write(`[${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s] ${text}\n`);
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const figures = {};
const notes = [];
const cleanups = [];

// --- what is measured: programs, settings, who works, who waits --------------------------------------------------------------------------

function build() {
  if (options.build) return options.build;
  progress('building a release in build/bench');
  for (const args of [['-S', root, '-B', benchBuild, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release'],
    ['--build', benchBuild, '-j', String(Math.min(2, os.cpus().length)), '--target', 'loketd', 'loketctl', 'bench_desks', 'bench_seed']]) {
    const r = spawnSync('cmake', args, { cwd: root, encoding: 'utf8' });
    if (r.error || r.status !== 0) throw new Error(`cmake: ${r.error?.message ?? (r.stdout + r.stderr).trim().split('\n').slice(-15).join('\n')}`);
  }
  return benchBuild;
}

// Data lies beside the build, on a real disk: on a tmpfs a sync would cost nothing.
function folder(name) {
  fs.mkdirSync(path.join(options.build, 'data'), { recursive: true });
  const made = fs.mkdtempSync(path.join(options.build, 'data', `${name}-`));
  cleanups.push(() => fs.rmSync(made, { recursive: true, force: true, maxRetries: 5 }));
  return made;
}

const queueIds = (n) => Array.from({ length: n }, (_, i) => `q${i}`);
const settings = (queues) => ({
  organisation: { id: ORGANISATION, name: 'Bench' },
  weights: { chat: 1, email: 1, sms: 1 },
  queues: queues.map((id) => ({ id, name_nl: id, name_en: id })),
  limits: { frames_per_s: 1000000, frames_burst: 1000000, sessions_max: 19000, sessions_per_address: 19000, send_kb_max: 8192, heartbeat_ms: 600000 },
});

async function startBench(queues) {
  const dir = folder('routing');
  const broker = await newBroker({ folder: dir, build: options.build, ...settings(queues) });
  const end = () => broker.kill('SIGKILL');
  cleanups.push(end);
  await broker.start();
  return Object.assign(broker, { redisUrl: /^redis=(.*)$/m.exec(fs.readFileSync(path.join(broker.data, 'loketd.run'), 'utf8'))[1] });
}

// Runs bench_seed with these commands; gives agent id → cookie.
function seed(redisUrl, commands) {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(options.build, 'tests/bench/bench_seed'), ['--redis', redisUrl, '--organisation', ORGANISATION]);
    let out = '', err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) reject(new Error(err.trim()));
      else resolve(new Map(out.trim().split('\n').filter(Boolean).map((line) => line.split(/ (.*)/s).slice(0, 2))));
    });
    child.stdin.on('error', () => {}); // it has ended; its exit code tells the rest
    child.stdin.end(commands.map((line) => `${line}\n`).join(''));
  });
}

const staffLine = (id, capacity, queues, skills = [], role = 'agent') =>
  `staff ${id} ${role} ${capacity} ${JSON.stringify({ name: id, role, queues, capacity, skills: skills.map((skill) => ({ skill, level: 3 })) })}`;
const CHEF = staffLine('chef', 1, [], [], 'supervisor');

// @count conversations over all queues and needs in turns, from number @first on.
function waitingLines(count, first, queues, needs) {
  const lines = [];
  for (let i = 0; i < count; i++) lines.push(`waiting 1 ${queues[(first + i) % queues.length]} ${needs[(first + i) % needs.length]} ${first + i}`);
  return lines;
}

const known = (broker, cookie) => until('the broker to know the staff', async () => {
  const answer = await fetch(`${broker.url}/api/session`, { headers: { cookie } });
  return answer.status === 200;
}, { ms: 60000 });

// Redis writes its file anew when it has doubled: brought about by the seeding, and not what is measured.
const rewritten = (broker) => until('the end of Redis\' rewriting of its file', () => {
  const said = broker.redis('info', 'persistence');
  return said.includes('aof_rewrite_in_progress:0') && said.includes('aof_rewrite_scheduled:0');
}, { ms: 120000, every: 100 });

// As a supervisor sees it: how many wait in all.
async function watch(broker, cookie) {
  const chef = await connect(broker, { cookie });
  await chef.hello();
  chef.send({ verb: 'watch' });
  const sum = (board) => board.queues.reduce((n, row) => n + row.waiting, 0);
  return {
    async waits(n) {
      await chef.wait((f) => f.verb === 'board' && sum(f) === n, { ms: 30000, name: `a board on which ${n} wait` });
    },
    async least() {
      chef.open.length = 0;
      return Math.min(...(await chef.wait((f) => f.verb === 'board', { ms: 30000 })).queues.map((row) => row.waiting));
    },
    close: () => chef.close(),
  };
}

async function desksStart(broker, agents, cookies, queues, number) {
  const file = path.join(broker.folder, 'cookies');
  fs.writeFileSync(file, agents.map((id) => `${cookies.get(id)}\n`).join(''), { mode: 0o600 });
  const args = ['--port', broker.port, '--cookies', file, '--agents', agents.length, '--queues', queues.join(','), '--number', number].map(String);
  const child = spawn(path.join(options.build, 'tests/bench/bench_desks'), args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let err = '', rest = '';
  const lines = [], waits = [];
  cleanups.push(() => child.kill('SIGKILL'));
  child.stderr.on('data', (d) => { err += d; });
  child.stdin.on('error', () => {}); // as above
  child.stdout.on('data', (d) => {
    const parts = (rest + d).split('\n');
    rest = parts.pop();
    for (const line of parts) (waits.length ? waits.shift().resolve : lines.push.bind(lines))(JSON.parse(line));
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  ended.then((code) => {
    for (const w of waits) w.reject(new Error(`the load generator ended with ${code}: ${err.trim()}\n${broker.log().slice(-2000)}`));
  });
  const answer = () => (lines.length ? Promise.resolve(lines.shift()) : new Promise((resolve, reject) => { waits.push({ resolve, reject }); }));
  await answer();
  return {
    ask: (command) => { child.stdin.write(`${command}\n`); return answer(); },
    stop: async () => { child.stdin.end('quit\n'); await ended; },
  };
}

// --- the parts ---------------------------------------------------------------------------------------------------------------------------

async function place(n) {
  const queues = queueIds(4), skills = ['paspoort', 'rijbewijs'], needs = ['-', 'paspoort:2', 'rijbewijs:1'];
  const agents = Array.from({ length: DESKS }, (_, i) => `agent${i}`);
  const broker = await startBench(queues);
  const cookies = await seed(broker.redisUrl, [...agents.map((id) => staffLine(id, 1, queues, skills)), CHEF]);
  await known(broker, cookies.get('chef'));
  await seed(broker.redisUrl, waitingLines(n + DESKS, 0, queues, needs));
  await rewritten(broker);
  const desks = await desksStart(broker, agents, cookies, queues, n + DESKS);
  const board = await watch(broker, cookies.get('chef'));
  await board.waits(n);
  await board.close(); // who watches is not measured
  const r = await desks.ask(`closes ${Math.max(500, Math.round(options.seconds * RATE))} ${RATE}`);
  if (r.passed_over !== 0) throw new Error(`with ${n} waiting, ${r.passed_over} of the oldest were passed over`);
  const after = await watch(broker, cookies.get('chef'));
  await after.waits(n);
  await after.close();
  figures[`place_to_console_p50_ms_${n}`] = r.p50_ms;
  figures[`place_to_console_p99_ms_${n}`] = r.p99_ms;
  progress(`${n} waiting: p50 ${r.p50_ms} ms, p90 ${r.p90_ms}, p99 ${r.p99_ms}, most ${r.max_ms} (${r.closes} closes; `
    + `the generator was ${r.late_max_ms} ms late at most)`);
  await desks.stop();
  await broker.close();
}

async function rate() {
  const queues = queueIds(6), skills = ['paspoort', 'rijbewijs'], needs = ['-', 'paspoort:2', 'rijbewijs:1'];
  const agents = Array.from({ length: AGENTS }, (_, i) => `agent${i}`);
  const waiting = Math.round((options.seconds + 3) * 6000) + AGENTS;
  const broker = await startBench(queues);
  const cookies = await seed(broker.redisUrl, [...agents.map((id, i) => staffLine(id, 1, [0, 1, 2].map((k) => queues[(i + k) % queues.length]),
    i % 4 === 3 ? skills : [skills[i % 2]])), CHEF]);
  await known(broker, cookies.get('chef'));
  await seed(broker.redisUrl, waitingLines(waiting, 0, queues, needs));
  await rewritten(broker);
  progress(`${AGENTS} agents, ${waiting} waiting in ${queues.length} queues`);
  const desks = await desksStart(broker, agents, cookies, queues, waiting);
  const pids = [broker.pid, broker.redisPid], before = pids.map(cpuUs);
  const r = await desks.ask(`churn ${options.seconds}`);
  const used = pids.map((pid, i) => (cpuUs(pid) - before[i]) / r.assignments_all);
  const board = await watch(broker, cookies.get('chef'));
  const least = await board.least();
  await board.close();
  if (least < AGENTS) throw new Error(`a queue ran dry: ${least} wait`);
  figures.assignments_per_s = r.assignments_per_s;
  notes.push(`CPU for each assignment and its close: loketd ${used[0].toFixed(0)} µs, Redis ${used[1].toFixed(0)} µs, `
    + `the load generator ${r.load_cpu_us.toFixed(0)} µs`);
  progress(`${r.assignments_per_s} assignments a second (${r.assignments} in ${r.seconds} s); ${notes.at(-1)}`);
  await desks.stop();
  await broker.close();
}

// From the kill of the broker that routes to the first assignment of a conversation that began after it, on the others.
async function deathOnce(nodes, cookies) {
  const router = await nodes.router(), others = nodes.brokers.filter((broker) => broker !== router);
  const agents = [], residents = [], sent = [];
  for (const [i, broker] of others.entries()) {
    for (const id of [`agent${2 * i}`, `agent${2 * i + 1}`]) {
      const agent = await connect(broker, { cookie: cookies.get(id) });
      await agent.hello();
      await agent.presence('available');
      agents.push(agent);
    }
    const resident = await connect(broker, {});
    await resident.hello();
    residents.push(resident);
  }
  const given = (since) => (f) => f.verb === 'conversation' && f.state === 'active' && sent[Number(f.name)] > since;
  const first = (since) => Promise.any(agents.map((agent) => agent.wait(given(since), { ms: 20000 })));
  let since = performance.now();
  const timer = setInterval(() => {
    const resident = residents[sent.length % residents.length];
    resident.send({ verb: 'start', key: newId(), queue: 'q0', text: 'Goedemorgen', name: String(sent.push(performance.now()) - 1) });
  }, 20);
  try {
    await first(since);
    since = performance.now();
    await router.kill('SIGKILL');
    return (await first(since)).heardAt - since;
  } finally {
    clearInterval(timer);
    for (const c of [...agents, ...residents]) await c.close();
    await router.start();
    await nodes.settled();
  }
}

async function death() {
  let cookies;
  const dir = folder('nodes');
  const agents = Array.from({ length: 4 }, (_, i) => staffLine(`agent${i}`, 10000, ['q0']));
  const seeded = async (redis) => { cookies = await seed(redis.url, agents); };
  const nodes = await startNodes(3, { folder: dir, build: options.build, ...settings(['q0']), seeded });
  cleanups.push(async () => {
    for (const broker of nodes.brokers) await broker.kill('SIGKILL');
    await nodes.redis.close();
  });
  const took = [];
  for (let i = 0; i < TRIALS; i++) {
    took.push(await deathOnce(nodes, cookies));
    progress(`death ${i + 1} of the broker that routes: ${took[i].toFixed(0)} ms to the next assignment`);
  }
  figures.node_death_to_routing_ms = Math.round(median(took));
  await nodes.close();
}

// --- the report --------------------------------------------------------------------------------------------------------------------------

function table() {
  const rows = [['figure', 'measured', 'target', '']];
  const row = (what, key, unit, least, most) => {
    const value = figures[key];
    rows.push([what, value === undefined ? '' : `${value} ${unit}`, least ? `at least ${least}` : most ? `at most ${most}` : '',
      value === undefined || (!least && !most) ? '' : (least ? value >= least : value <= most) ? 'met' : 'falls short']);
  };
  for (const n of SIZES) {
    row(`place free to console, ${n.toLocaleString('en-GB')} waiting, p50`, `place_to_console_p50_ms_${n}`, 'ms');
    row(`place free to console, ${n.toLocaleString('en-GB')} waiting, p99`, `place_to_console_p99_ms_${n}`, 'ms', null, 50);
  }
  row('assignments a second, 1,000 agents', 'assignments_per_s', '', 2000);
  row('death of the broker that routes to the next assignment', 'node_death_to_routing_ms', 'ms', null, 3000);
  const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
  return rows.map((r) => r.map((c, i) => (i === 0 || i > 1 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join('  ').trimEnd()).join('\n');
}

async function clean() {
  while (cleanups.length > 0) await Promise.resolve(cleanups.pop()()).catch(() => {});
}

async function main() {
  optionsRead(process.argv.slice(2));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => clean().then(() => process.exit(1)));
  options.build = build();
  const failed = [];
  const parts = { place: SIZES.map((n) => () => place(n)), rate: [rate], death: [death] };
  for (const part of options.part ? parts[options.part] : Object.values(parts).flat()) {
    await part().catch((error) => {
      failed.push(error.message);
      progress(`could not be measured: ${error.message}`);
    });
    await clean();
  }
  process.stdout.write(`\n${table()}\n${notes.map((line) => `${line}\n`).join('')}`);
  if (failed.length > 0) throw new Error(failed.join('; '));
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
}

main().then(() => process.exit(0), (error) => {
  process.stderr.write(`routing: could not be measured: ${error.message}\n`);
  clean().finally(() => process.exit(1));
});
