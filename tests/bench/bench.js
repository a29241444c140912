// What the broker can do, beside a bare relay on the same machine in the same minutes. See README.md here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import * as servers from './servers.js';
import * as report from './report.js';

const usage = `Usage: tests/bench/run [--seconds N] [--json FILE] [--readme] [--rounds N] [--history N] [--no-build]

  --seconds N   how long each slice is measured (default 5); every figure is the median of its rounds
  --rounds N    slices for each figure, the relay's and the broker's in turns (default 3)
  --history N   messages in each of 100 conversations for the figures with a long history (default 10000)
  --json FILE   write all figures as one flat JSON object
  --readme      rewrite the figures in tests/bench/README.md
  --no-build    use build/bench as it is

Builds a release in build/bench, starts everything it needs on free ports of the loopback, and ends it. Exit codes: 0 all was
measured, whatever the figures; 1 something could not be measured; 2 wrong options.
`;

const options = { seconds: 5, rounds: 3, history: 10000, json: null, readme: false, build: true };
function optionsRead(args) {
  const wrong = (why) => { process.stderr.write(`run: ${why}\n\n${usage}`); process.exit(2); };
  const number = (name, value) => { const x = Number(value); if (!(x > 0) || x > 1e6) wrong(`${name} takes a number above 0`); return x; };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].split(/=(.*)/s), take = () => inline ?? args[++i];
    if (name === '--seconds') options.seconds = number(name, take());
    else if (name === '--rounds') options.rounds = Math.round(number(name, take()));
    else if (name === '--history') options.history = Math.round(number(name, take()));
    else if (name === '--json') options.json = path.resolve(take() || wrong('--json takes a file'));
    else if (name === '--readme') options.readme = true;
    else if (name === '--no-build') options.build = false;
    else if (name === '--help' || name === '-h') { process.stdout.write(usage); process.exit(0); } else wrong(`there is no option ${name}`);
  }
}

const STAFF = 20;          // members of staff; each has several connections, as with several windows
const WINDOW = 4;          // messages under way in each conversation; 400 and 4,000 in all
const WINDOW_MANY = 1;     // with 10,000 conversations, and with 1,000 once more to compare them with
const RATE = 5;            // messages a second in each conversation, for latency
const IDLE_FIRST = 2000;   // connections that warm the pools before memory is counted
const IDLE_MORE = 6000;

const began = Date.now();
const progress = (text) => process.stderr.write(`[${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s] ${text}\n`);
const median = (list) => { const s = [...list].sort((a, b) => a - b), m = s.length >> 1; return s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2; };
const thousands = (x) => Math.round(x).toLocaleString('en-GB');

const figures = {}, spread = {};
let messages_total = 0;
function keep(key, values, digits = 0) {
  figures[key] = Number(median(values).toFixed(digits));
  spread[key] = [Math.min(...values), Math.max(...values)];
}

function build() {
  const run = (file, args) => {
    const r = spawnSync(file, args, { cwd: servers.root, encoding: 'utf8' });
    if (r.error || r.status !== 0) throw new Error(`${file} ${args[0]}: ${r.error ? r.error.message : (r.stdout + r.stderr).trim().split('\n').slice(-15).join('\n')}`);
  };
  run('cmake', ['-S', servers.root, '-B', servers.build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release']);
  run('cmake', ['--build', servers.build, '-j', String(Math.min(2, os.cpus().length)), '--target', 'loketd', 'loketctl', 'bench_relay', 'bench_load']);
}

// One slice of throughput, with what it cost each process.
async function slice(server, load, window = WINDOW) {
  const pids = [server.pid, server.redisPid], before = pids.map(servers.cpuUs);
  const r = await load.ask(`throughput ${options.seconds} ${window}`);
  const used = pids.map((pid, i) => (servers.cpuUs(pid) - before[i]) / r.messages_all);
  messages_total += r.messages_all;
  return { ...r, cpu: used[0], redisCpu: used[1] };
}

async function throughputBoth(relay, broker, relayLoad, brokerLoad, name) {
  const a = [], b = [];
  for (let i = 0; i < options.rounds; i++) {
    a.push(await slice(relay, relayLoad));
    b.push(await slice(broker, brokerLoad));
    progress(`${name}, round ${i + 1}: relay ${thousands(a[i].msgs_per_s)}, broker ${thousands(b[i].msgs_per_s)} msg/s`);
  }
  return [a, b];
}

async function latency(load, prefix, list) {
  const r = await load.ask(`latency ${options.seconds} ${RATE}`);
  messages_total += r.messages;
  list.push(r);
  return `${prefix} p50 ${thousands(r.p50_us)} p99 ${thousands(r.p99_us)} µs`;
}

// How fast Redis takes an XADD of the same words, one after another and sixteen at once: what no broker on this disk can pass.
function xaddFloor(socket) {
  const words = 'x'.repeat(128);
  const rate = (pipeline, count) => {
    const r = spawnSync('redis-benchmark', ['-s', socket, '-c', '1', '-P', String(pipeline), '-n', String(count), '--csv', 'XADD', 'floor', '*', 'e', words], { encoding: 'utf8' });
    const found = /^"XADD[^\n]*?","?([\d.]+)/m.exec(r.stdout || '');
    if (!found) throw new Error(`redis-benchmark gave no figure: ${(r.stdout + r.stderr).trim().slice(-300)}`);
    return Number(found[1]);
  };
  for (const [key, pipeline] of [['redis_xadd_per_s', 1], ['redis_xadd_per_s_16', 16]]) {
    const about = rate(pipeline, 500 * pipeline);
    figures[key] = Math.round(rate(pipeline, Math.max(1000, Math.round(about * Math.min(options.seconds, 3)))));
  }
}

async function hundred() {
  const relay = await servers.relayStart(), broker = await servers.brokerStart(STAFF);
  const relayLoad = await servers.loadStart(relay, 100), brokerLoad = await servers.loadStart(broker, 100, ['--agents', '100']);
  progress('100 conversations are open, on both sides; latency');
  const lr = [], lb = [];
  for (let i = 0; i < options.rounds; i++) {
    const a = await latency(relayLoad, 'relay', lr), b = await latency(brokerLoad, 'broker', lb);
    progress(`latency, round ${i + 1}: ${a}; ${b}`);
  }
  for (const [key, list] of [['relay', lr], ['broker', lb]]) {
    for (const p of ['p50_us', 'p90_us', 'p99_us', 'p999_us']) keep(`${key}_${p}`, list.map((r) => r[p]), 1);
  }
  keep('load_sent_late_max_us', [...lr, ...lb].map((r) => r.sent_late_max_us), 1);
  const [a, b] = await throughputBoth(relay, broker, relayLoad, brokerLoad, '100 conversations');
  keep('relay_msgs_per_s_100', a.map((r) => r.msgs_per_s));
  keep('broker_msgs_per_s_100', b.map((r) => r.msgs_per_s));
  keep('relay_cpu_us_per_msg', a.map((r) => r.cpu), 2);
  keep('broker_cpu_us_per_msg', b.map((r) => r.cpu), 2);
  keep('relay_redis_cpu_us_per_msg', a.map((r) => r.redisCpu), 2);
  keep('redis_cpu_us_per_msg', b.map((r) => r.redisCpu), 2);
  keep('relay_load_cpu_us_per_msg', a.map((r) => r.load_cpu_us_per_msg), 2);
  keep('load_cpu_us_per_msg', b.map((r) => r.load_cpu_us_per_msg), 2);
  xaddFloor(relay.socket);
  progress(`XADD alone: ${thousands(figures.redis_xadd_per_s)} a second one by one, ${thousands(figures.redis_xadd_per_s_16)} by sixteens`);
  await relayLoad.stop();
  await relay.stop();

  progress(`filling 100 conversations with ${thousands(options.history)} messages each`);
  const filled = await brokerLoad.ask(`fill ${options.history} 64`);
  messages_total += filled.messages_all;
  figures.broker_fill_msgs_per_s = filled.msgs_per_s;
  const waited = Date.now();
  await broker.rewritten(); // what fell to be written anew by the filling, not by the length of the history
  figures.aof_rewrite_waited_s = Math.round((Date.now() - waited) / 1000);
  const ll = [], tl = [];
  for (let i = 0; i < options.rounds; i++) progress(`long history, round ${i + 1}: ${await latency(brokerLoad, 'broker', ll)}`);
  for (let i = 0; i < options.rounds; i++) tl.push(await slice(broker, brokerLoad));
  keep('broker_p50_us_long_history', ll.map((r) => r.p50_us), 1);
  keep('broker_p99_us_long_history', ll.map((r) => r.p99_us), 1);
  keep('broker_msgs_per_s_long_history', tl.map((r) => r.msgs_per_s));
  progress(`long history: ${thousands(figures.broker_msgs_per_s_long_history)} msg/s`);
  await brokerLoad.stop();
  await broker.stop();
}

async function thousand() {
  const relay = await servers.relayStart(), broker = await servers.brokerStart(STAFF);
  const relayLoad = await servers.loadStart(relay, 1000), brokerLoad = await servers.loadStart(broker, 1000, ['--agents', '1000']);
  progress(`1,000 conversations are open (the broker's in ${brokerLoad.ready.seconds.toFixed(1)} s)`);
  const [a, b] = await throughputBoth(relay, broker, relayLoad, brokerLoad, '1,000 conversations');
  keep('relay_msgs_per_s_1000', a.map((r) => r.msgs_per_s));
  keep('broker_msgs_per_s_1000', b.map((r) => r.msgs_per_s));
  keep('broker_cpu_us_per_msg_1000', b.map((r) => r.cpu), 2);
  keep('redis_cpu_us_per_msg_1000', b.map((r) => r.redisCpu), 2);
  const single = [];
  for (let i = 0; i < options.rounds; i++) single.push(await slice(broker, brokerLoad, WINDOW_MANY));
  keep('broker_msgs_per_s_1000_single', single.map((r) => r.msgs_per_s));
  keep('broker_cpu_us_per_msg_1000_single', single.map((r) => r.cpu), 2);
  await Promise.all([relayLoad.stop(), brokerLoad.stop()]);
  await Promise.all([relay.stop(), broker.stop()]);
}

async function tenThousand() {
  const broker = await servers.brokerStart(STAFF);
  const load = await servers.loadStart(broker, 10000, ['--agents', '1000']);
  progress(`10,000 conversations are open, in ${load.ready.seconds.toFixed(1)} s`);
  const all = [];
  for (let i = 0; i < options.rounds; i++) {
    all.push(await slice(broker, load, WINDOW_MANY));
    progress(`10,000 conversations, round ${i + 1}: broker ${thousands(all[i].msgs_per_s)} msg/s`);
  }
  keep('broker_msgs_per_s_10000', all.map((r) => r.msgs_per_s));
  keep('broker_cpu_us_per_msg_10000', all.map((r) => r.cpu), 2);
  keep('redis_cpu_us_per_msg_10000', all.map((r) => r.redisCpu), 2);
  await load.stop();
  await broker.stop();
}

// What each further connection costs, after the pools of the first ones are warm.
async function idle() {
  for (const [key, server, per] of [['idle_resident_bytes', await servers.brokerStart(0), 1], ['idle_relay_bytes', await servers.relayStart(), 2]]) {
    const first = await servers.loadStart(server, IDLE_FIRST / per), before = servers.memoryBytes(server.pid);
    // The relay knows its pairs by number: its second load would meet the first one's, so it has one load in two sizes.
    if (per === 2) await first.stop();
    const more = await servers.loadStart(server, (per === 2 ? IDLE_FIRST + IDLE_MORE : IDLE_MORE) / per);
    figures[key] = Math.round((servers.memoryBytes(server.pid) - before) / IDLE_MORE);
    await more.stop();
    if (per === 1) await first.stop();
    await server.stop();
  }
  progress(`idle: a resident ${thousands(figures.idle_resident_bytes)} bytes, a connection of the relay ${thousands(figures.idle_relay_bytes)}`);
}

async function main() {
  optionsRead(process.argv.slice(2));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { servers.endAll(); process.exit(1); });
  process.on('exit', servers.endAll);
  figures.load_average = os.loadavg()[0];
  if (options.build) {
    progress('building a release in build/bench');
    build();
  }
  const failed = [];
  for (const part of [hundred, thousand, tenThousand, idle]) {
    try {
      await part();
    } catch (e) {
      failed.push(e.message);
      progress(`could not be measured: ${e.message}`);
      servers.endAll(); // what this part had started; the others start their own
    }
  }
  Object.assign(figures, { seconds: options.seconds, rounds: options.rounds, window: WINDOW, history: options.history, messages_total });
  figures.spread_text = ['relay_msgs_per_s_100', 'broker_msgs_per_s_100', 'relay_msgs_per_s_1000', 'broker_msgs_per_s_1000', 'relay_p99_us', 'broker_p99_us']
    .filter((k) => spread[k]).map((k) => `${k} ${thousands(spread[k][0])} to ${thousands(spread[k][1])}`).join(', ');
  const machine = report.machine();
  process.stdout.write(`\n${report.table(figures)}\n\n${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Redis ${machine.redis}; commit ${machine.commit}\n`
    + `${options.rounds} rounds of ${options.seconds} s, ${thousands(messages_total)} messages; lowest and highest round: ${figures.spread_text}\n`);
  if (options.json) {
    const flat = { ...figures, ...Object.fromEntries(Object.entries(machine).map(([k, v]) => [`machine_${k}`, v])) };
    for (const [k, [low, high]] of Object.entries(spread)) Object.assign(flat, { [`${k}_lowest`]: low, [`${k}_highest`]: high });
    fs.writeFileSync(options.json, JSON.stringify(flat, null, 2) + '\n');
  }
  if (failed.length) throw new Error(failed.join('; '));
  if (options.readme) report.readmeWrite({ ...figures, machine });
}

main().catch((e) => {
  process.stderr.write(`run: could not be measured: ${e.message}\n`);
  process.exit(1);
});
