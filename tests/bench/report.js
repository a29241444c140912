// From figures to a table for people, and the README's section.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { root } from './servers.js';

const said = (file, args) => (spawnSync(file, args, { cwd: root, encoding: 'utf8' }).stdout || '').trim();
const n = (x, digits = 0) => (x === undefined ? '' : Number(x).toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }));

export function machine() {
  const changed = said('git', ['status', '--porcelain', '--', 'broker', 'proto', 'tests/bench']) ? ' (with uncommitted changes)' : '';
  return {
    cpu: os.cpus()[0].model.trim(), cores: os.cpus().length, kernel: os.release(), memory_gb: Math.round(os.totalmem() / 2 ** 30),
    redis: /v=(\S+)/.exec(said('redis-server', ['--version']))?.[1] || 'unknown', libwebsockets: said('pkg-config', ['--modversion', 'libwebsockets']),
    commit: (said('git', ['rev-parse', '--short', 'HEAD']) || 'unknown') + changed, date: new Date().toISOString().slice(0, 10),
  };
}

// Each row: what, unit digits, relay, broker, the compared number, its target.
function rows(f) {
  const ratio = (a, b) => (f[a] && f[b] ? f[b] / f[a] : undefined);
  const row = (what, relay, broker, digits, value, least, most, unit) => ({ what, relay: n(f[relay], digits), broker: n(f[broker], digits), value, least, most, unit });
  return [
    row('throughput, 100 conversations, msg/s', 'relay_msgs_per_s_100', 'broker_msgs_per_s_100', 0, ratio('relay_msgs_per_s_100', 'broker_msgs_per_s_100'), 0.7),
    row('throughput, 1,000 conversations, msg/s', 'relay_msgs_per_s_1000', 'broker_msgs_per_s_1000', 0, ratio('relay_msgs_per_s_1000', 'broker_msgs_per_s_1000'), 0.7),
    row('latency p50, 100 conversations × 5 msg/s, µs', 'relay_p50_us', 'broker_p50_us', 0, ratio('relay_p50_us', 'broker_p50_us'), undefined, 1.3),
    row('latency p99, the same, µs', 'relay_p99_us', 'broker_p99_us', 0, ratio('relay_p99_us', 'broker_p99_us'), undefined, 2),
    row('memory of an idle resident, bytes', 'idle_relay_bytes', 'idle_resident_bytes', 0, f.idle_resident_bytes, undefined, 8192, 'bytes'),
    row('throughput, 10,000 conversations, one message under way in each, msg/s', '', 'broker_msgs_per_s_10000', 0, ratio('broker_msgs_per_s_1000_single', 'broker_msgs_per_s_10000'), undefined, undefined, 'of 1,000'),
    row('throughput, long history, msg/s', '', 'broker_msgs_per_s_long_history', 0, ratio('broker_msgs_per_s_100', 'broker_msgs_per_s_long_history'), undefined, undefined, 'of none'),
    row('latency p50, long history, µs', '', 'broker_p50_us_long_history', 0, ratio('broker_p50_us', 'broker_p50_us_long_history'), undefined, undefined, 'of none'),
    row('latency p99, long history, µs', '', 'broker_p99_us_long_history', 0, ratio('broker_p99_us', 'broker_p99_us_long_history'), undefined, undefined, 'of none'),
    row('CPU of relay or loketd, µs a message', 'relay_cpu_us_per_msg', 'broker_cpu_us_per_msg', 1, ratio('relay_cpu_us_per_msg', 'broker_cpu_us_per_msg')),
    row('CPU of Redis, µs a message', 'relay_redis_cpu_us_per_msg', 'redis_cpu_us_per_msg', 1, ratio('relay_redis_cpu_us_per_msg', 'redis_cpu_us_per_msg')),
    row('CPU of the load generator, µs a message', 'relay_load_cpu_us_per_msg', 'load_cpu_us_per_msg', 1, ratio('relay_load_cpu_us_per_msg', 'load_cpu_us_per_msg')),
  ];
}

function cells(r) {
  const value = r.value === undefined ? '' : r.unit === 'bytes' ? '' : r.value.toFixed(2) + (r.unit ? ' ' + r.unit : '');
  const target = r.least !== undefined ? `at least ${r.least}` : r.most !== undefined ? `at most ${n(r.most, r.unit ? 0 : 1)}` : '';
  const verdict = !target || r.value === undefined ? '' : (r.least !== undefined ? r.value >= r.least : r.value <= r.most) ? 'met' : 'falls short';
  return [r.what, r.relay, r.broker, value, target, verdict];
}

const head = ['figure', 'bare relay', 'broker', 'ratio', 'target', ''];

export function table(f) {
  const all = [head, ...rows(f).map(cells)];
  const widths = head.map((_, i) => Math.max(...all.map((r) => [...r[i]].length)));
  const pad = (s, w, left) => (left ? s + ' '.repeat(w - [...s].length) : ' '.repeat(w - [...s].length) + s);
  return all.map((r) => r.map((c, i) => pad(c, widths[i], i === 0 || i > 3)).join('  ').trimEnd()).join('\n');
}

function section(f) {
  const m = f.machine;
  const lines = [
    `Measured ${m.date} at commit ${m.commit}: ${m.cpu}, ${m.cores} cores, ${m.memory_gb} GB, Linux ${m.kernel}, Redis ${m.redis}, libwebsockets ${m.libwebsockets}; `
      + `${f.rounds} rounds of ${f.seconds} s for each figure, ${f.window} messages under way in each conversation, ${n(f.messages_total)} messages in all; `
      + `load average ${f.load_average.toFixed(1)} when the run began.`, '',
    `| ${head.join(' | ')} |`, '|---|---:|---:|---:|---|---|', ...rows(f).map((r) => `| ${cells(r).join(' | ')} |`), '',
    `Control: XADD of the same 128 bytes, one after another ${n(f.redis_xadd_per_s)} a second, 16 at once ${n(f.redis_xadd_per_s_16)}. `
      + `Lowest and highest round: ${f.spread_text}.`,
  ];
  return lines.join('\n');
}

export function readmeWrite(f) {
  const file = path.join(root, 'tests', 'bench', 'README.md');
  const text = fs.readFileSync(file, 'utf8'), from = '<!-- figures -->', to = '<!-- /figures -->';
  const a = text.indexOf(from), b = text.indexOf(to);
  if (a < 0 || b < a) throw new Error(`${file} has lost its markers ${from} and ${to}`);
  fs.writeFileSync(file, text.slice(0, a + from.length) + '\n' + section(f) + '\n' + text.slice(b));
}
