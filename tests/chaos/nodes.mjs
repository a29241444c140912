/* Several brokers on one Redis: 200 agents and 500 residents on whichever broker lives, and brokers that are killed, restarted and stopped for a
 * while, the one that routes more often than others. README.md tells what is checked (looks.mjs). Chat alone: what mail and text message servers see of
 * a kill is what run.mjs looks at. */
import { spawn } from 'node:child_process';
import path from 'node:path';

import { startNodes } from '../lib/nodes.mjs';
import { random, sleep, until } from '../lib/wait.mjs';
import { Desk } from './desk.mjs';
import { Looks } from './looks.mjs';
import { Resident } from './resident.mjs';
import { strayChanges } from './states.mjs';
import { exportAll, markerOf, verify } from './verify.mjs';

const QUEUES = ['burgerzaken', 'belastingen', 'vergunningen'];
const AGENTS = 200;
const RESIDENTS = 500;
const GRACE_MS = 1500;
const PAUSE_MS = 3000; /* twice as long as it takes to be buried */
const SETTLE_MS = 2500; /* after a kill: found dead in 1.5 s, and the next beat */
const DRAIN_MS = 60000;
const WORDS = ['goedemorgen', 'mijn paspoort is verlopen', 'wanneer kan ik langskomen', 'dank u wel', 'ik heb nog een vraag'];

const REST_S = 1; /* before one who declined is asked again */
const WEIGHT = 2; /* of a chat, the default */
const QUEUE_SETTINGS = { name_nl: 'Rij', name_en: 'Queue', offer_s: 2, return_s: 3 };

/* Somebody asks for this in the queue `vergunningen`; a third of its agents can do it. */
const SKILL = { skill: 'omgeving', level: 2 };

export class NodesRun {
  constructor(options, folder, progress) {
    Object.assign(this, { options, folder, progress });
    this.random = random(options.seed);
    this.expected = new Map();
    this.attempted = new Map();
    this.sent = 0;
    this.answers = 0;
    this.events = { killed: 0, restarted: 0, stopped: 0 };
    this.recovery_ms = [];
    this.alive = new Set();
  }

  /* --- who there is -------------------------------------------------------------------------------------------------------------------------- */

  people() {
    return Array.from({ length: AGENTS }, (_, i) => ({
      id: `agent${i}`,
      capacity: 2 + 2 * (i % 3) + (i % 7 === 0 ? 1 : 0), /* 2 to 7: some have a unit that never fits */
      queues: i % 5 === 0 ? QUEUES : [QUEUES[i % 3], QUEUES[(i + 1) % 3]],
      accepts: i % 4 === 0,
      skilled: i % 3 === 0,
    }));
  }

  async seed(redis) {
    const lines = [`setting routing ${JSON.stringify({ decline_rest_s: REST_S })}`];
    for (const queue of QUEUES) {
      const skills = queue === 'vergunningen' ? { skills: [SKILL] } : {};
      lines.push(`setting queue:${queue} ${JSON.stringify({ ...QUEUE_SETTINGS, ...skills })}`);
    }
    for (const a of this.staff) {
      const channels = a.accepts ? [{ channel: 'chat', must_accept: true }] : [];
      const set = { name: a.id, role: 'agent', queues: a.queues, capacity: a.capacity, channels, skills: a.skilled ? [SKILL] : [] };
      lines.push(`staff ${a.id} agent ${a.capacity} ${JSON.stringify(set)}`);
    }
    const program = path.join(this.options.build, 'tests/bench/bench_seed');
    const child = spawn(program, ['--redis', redis.url, '--organisation', 'voorbeeld'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (piece) => (out += piece));
    child.stdin.end(`${lines.join('\n')}\n`);
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    this.cookies = new Map(out.trim().split('\n').map((line) => line.split(/ (.*)/s).slice(0, 2)));
  }

  async begin(atEnd) {
    this.staff = this.people();
    this.nodes = await startNodes(this.options.nodes, {
      folder: this.folder,
      build: this.options.build,
      queues: QUEUES.map((id) => ({ id, name_nl: id, name_en: id })),
      limits: { away_grace_ms: GRACE_MS, sessions_per_address: 5000, frames_per_s: 500, frames_burst: 5000 },
      seeded: (redis) => this.seed(redis),
    });
    this.broker = this.nodes.first;
    for (const broker of this.nodes.brokers) this.alive.add(broker);
    atEnd(async () => {
      for (const broker of this.nodes.brokers) await broker.kill('SIGKILL');
      await this.nodes.redis.close();
    });
    const url = () => {
      const living = [...this.alive];
      return living[this.random(living.length)].ws;
    };
    this.agents = this.staff.map((a) => new Desk({
      ...a, url, cookie: this.cookies.get(a.id), random: this.random, answers: (agent, entry) => this.answer(agent, entry),
      colleague: () => this.staff[this.random(AGENTS)].id, queues: QUEUES,
    }));
    this.residents = Array.from({ length: RESIDENTS }, (_, i) => {
      const form = i % 2 ? 'json' : 'msgpack';
      return new Resident({ url, name: `Resident ${i}`, queue: QUEUES[i % 3], form, window: 8, dropping: i % 4 < 2 });
    });
    const fits = (agent, c) => agent.queues.includes(c.queue) && (c.queue !== 'vergunningen' || agent.skilled);
    this.looks = new Looks({ nodes: this.nodes, agents: this.agents, can: fits, rest_ms: REST_S * 1000, weight: WEIGHT });
    for (const one of [...this.agents, ...this.residents]) {
      one.connect();
      atEnd(() => one.leave());
    }
    await until('the agents to be there', () => this.agents.every((a) => a.connects > 0), { ms: 30000 });
  }

  answer(agent, entry) {
    if (this.random(5) > 1) return undefined;
    const marker = `a-${++this.answers}`;
    const text = `${marker} antwoord op ${entry.text.trim().split(' ')[0].replace('-', ' ')}`;
    this.attempted.set(marker, { text, from: `${agent.id} in ${entry.conversation}`, place: this.answers });
    return text;
  }

  /* --- load ---------------------------------------------------------------------------------------------------------------------------------- */

  say(n) {
    for (let k = 0; k < n; k++) {
      const i = this.random(RESIDENTS);
      const resident = this.residents[i];
      const marker = `c-${i}-${resident.texts.length + 1}`;
      const text = `${marker} ${WORDS[this.random(WORDS.length)]}`;
      this.attempted.set(marker, { text, from: `c-${i}`, place: resident.texts.length });
      resident.say(text);
    }
    this.sent += n;
  }

  get unacked() {
    return this.residents.reduce((sum, r) => sum + r.unacked, 0);
  }

  get happened() {
    return this.events.killed + this.events.restarted + this.events.stopped;
  }

  /* Half of it comes in bursts just before something happens, the other half in small bursts all the while. */
  load() {
    const { messages, kills } = this.options;
    this.burst = Math.floor(messages / 2 / kills);
    const steady = messages - this.burst * kills;
    this.loading = (async () => {
      for (let i = 0; i < steady;) {
        while (i > (steady * (this.happened + 1)) / (kills + 1)) await sleep(20);
        const n = Math.min(steady - i, 1 + this.random(40));
        this.say(n);
        i += n;
        await sleep(n * 8);
      }
    })();
  }

  /* --- what happens to brokers --------------------------------------------------------------------------------------------------------------- */

  async victim() {
    const router = await this.nodes.router({ ms: 15000 });
    return this.random(2) === 0 ? router : this.nodes.brokers[this.random(this.nodes.brokers.length)];
  }

  async happen() {
    const what = ['killed', 'stopped', 'killed', 'restarted'][this.happened % 4];
    const broker = await this.victim();
    this.say(this.burst);
    await sleep(this.random(60));
    this.alive.delete(broker);
    const from = performance.now();
    this.events[what]++;
    if (what === 'stopped') {
      process.kill(broker.pid, 'SIGSTOP');
      await sleep(PAUSE_MS);
      process.kill(broker.pid, 'SIGCONT');
    } else if (what === 'killed') {
      await broker.kill('SIGKILL');
      await sleep(this.random(2) * 2000); /* back before the others have missed it, or after */
      await broker.start();
    } else {
      await broker.kill('SIGTERM');
      await broker.start();
    }
    this.alive.add(broker);
    await this.nodes.router();
    this.recovery_ms.push(performance.now() - from);
  }

  async happenAll() {
    while (this.happened < this.options.kills) {
      await this.happen();
      await sleep(SETTLE_MS);
      await this.looks.look();
    }
  }

  /* --- the end of it ------------------------------------------------------------------------------------------------------------------------- */

  /* Agents finish all that they have, and get what still waits; until nothing is left. */
  async drain() {
    for (const agent of this.agents) agent.rest({ finish: true });
    let left;
    await until('everything to be said, answered and closed', async () => {
      const view = await this.looks.look();
      const open = [...view.conversations.values()].filter((c) => c.state !== 'closed');
      const unsaid = this.agents.reduce((sum, a) => sum + a.unsaid, 0);
      left = { unacked: this.unacked, unsaid, open: open.length, attention: view.attention.length };
      const knows = (c) => JSON.stringify({ ...this.agents.find((a) => a.id === c.owner)?.work.get(c.id), queue: undefined });
      const tells = (c) => `${c.id} ${c.state} version ${c.version} of ${c.owner ?? 'nobody'} in ${c.queue}, ${c.seq} entries, followed on ${c.nodes}`;
      this.left = open.slice(0, 5).map((c) => `${tells(c)}; its agent knows ${knows(c)}`);
      return Object.values(left).every((n) => n === 0) && this.agents.every((a) => a.settled);
    }, { ms: DRAIN_MS, every: 300 }).catch((error) => {
      this.looks.found.stranded.add(`${error.message}; left: ${JSON.stringify(left)} ${this.left.join('; ')}`);
    });
  }

  async views(logs, findings) {
    const behind = (r) => r.seen < (logs.get(r.conversation)?.length ?? 0);
    await until('the residents to have seen everything', () => !this.residents.some(behind), { ms: 10000 }).catch(() => {});
    this.residents.forEach((resident, i) => {
      const log = logs.get(resident.conversation) ?? [];
      const differs = log.find((entry) => entry.kind === 'message' && resident.entries.get(entry.seq)?.text !== entry.text);
      if (behind(resident)) findings.wrong.push(`resident ${i} has seen ${resident.seen} of ${log.length} entries`);
      else if (differs) findings.wrong.push(`resident ${i} has not seen entry ${differs.seq} as it is`);
      for (const fault of resident.faults) findings.wrong.push(`resident ${i} was told: ${fault}`);
    });
    for (const agent of this.agents) for (const fault of agent.faults) findings.wrong.push(`${agent.id} was told: ${fault}`);
  }

  #move(marker) {
    this.expected.set(marker, this.attempted.get(marker));
    this.attempted.delete(marker);
  }

  tell(what) {
    const held = this.agents.reduce((sum, a) => sum + a.mine.length, 0);
    const happened = `${this.happened} of ${this.options.kills} kills`;
    const said = `sent ${this.sent}, unacked ${this.unacked}; ${this.answers} answers`;
    this.progress.tell(`${what}: ${happened}; ${said}; ${held} held; ${this.looks.looks} looks`);
  }

  async whole() {
    let doing = 'load';
    const teller = setInterval(() => this.tell(doing), 250);
    try {
      this.looks.begin();
      this.load();
      await this.happenAll();
      await this.loading;
      await this.looks.end();
      doing = 'quiet';
      for (const agent of this.agents) agent.rest();
      await this.looks.agree();
      doing = 'drain';
      await this.drain();
    } finally {
      this.looks.watching = false;
      clearInterval(teller);
      this.progress.end();
    }
    this.residents.forEach((resident, i) => {
      for (let counter = 1; counter <= resident.acked; counter++) this.#move(`c-${i}-${counter}`);
    });
    for (const agent of this.agents) for (const { text } of agent.acked) this.#move(markerOf(text));
    const logs = await exportAll(this.broker);
    const findings = verify(logs, this.expected, this.attempted);
    await this.views(logs, findings);
    this.looks.shown();
    const stray = strayChanges(logs);
    for (const sentence of stray.twice) this.looks.found.assigned_twice.add(sentence);
    findings.wrong.push(...stray.wrong);
    for (const one of [...this.agents, ...this.residents]) one.leave();
    for (const broker of this.nodes.brokers) await broker.stop();
    for (const broker of this.nodes.brokers) broker.check();
    return { logs, findings };
  }

  sum(name) {
    return this.agents.reduce((sum, a) => sum + a.counts[name], 0);
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

/* The whole of `run --nodes N`. Gives { figures, text, lines, good }. */
export async function runNodes(options, folder, progress, atEnd) {
  const started = performance.now();
  const run = new NodesRun(options, folder, progress);
  await run.begin(atEnd);
  const { logs, findings } = await run.whole();
  const counts = ['given', 'accepted', 'declined', 'passed', 'closed', 'handed', 'breaks', 'drops', 'missed'];
  const figures = {
    sent_chat: run.sent,
    sent_email: 0,
    sent_sms: 0,
    acked: run.expected.size,
    kills: run.happened,
    lost: findings.lost.length,
    doubled: findings.doubled.length,
    reordered: findings.reordered.length,
    otherwise_wrong: findings.wrong.length,
    assigned_twice: run.looks.found.assigned_twice.size,
    over_capacity: run.looks.found.over_capacity.size,
    stranded: run.looks.found.stranded.size,
    load_wrong: run.looks.found.load_wrong.size,
    nodes: options.nodes,
    kills_loketd: run.events.killed,
    kills_redis: 0,
    kills_both: 0,
    restarts: run.events.restarted,
    pauses: run.events.stopped,
    recovery_median_ms: Math.round(median(run.recovery_ms)),
    recovery_max_ms: Math.round(Math.max(0, ...run.recovery_ms)),
    conversations: logs.size,
    log_entries: [...logs.values()].reduce((sum, entries) => sum + entries.length, 0),
    answers_acked: run.agents.reduce((sum, a) => sum + a.acked.length, 0),
    agents: run.agents.length,
    looks: run.looks.looks,
    waiting_max: run.looks.waiting_max,
    idle_max_ms: run.looks.idle_max_ms,
    ...Object.fromEntries(counts.map((name) => [`agents_${name}`, run.sum(name)])),
    repeated: run.residents.reduce((sum, r) => sum + r.repeated, 0),
    acked_by_resume: run.residents.reduce((sum, r) => sum + r.told, 0),
    reconnects: [...run.residents, ...run.agents].reduce((sum, one) => sum + one.connects - 1, 0),
    seed: options.seed,
    seconds: Math.round((performance.now() - started) / 1000),
  };
  const good = findings.good && run.looks.good;
  const f = figures;
  const text = [
    `sent:   ${f.sent_chat} chat; ${f.answers_acked} answers`,
    `agents: ${f.agents_given} times given one, ${f.agents_closed} closed, ${f.agents_handed} handed over; ${f.agents_breaks} breaks, ${f.agents_drops} lost connections`,
    `offers: ${f.agents_accepted} accepted, ${f.agents_declined} declined, ${f.agents_passed} let pass`,
    `kills:  ${f.kills} of ${f.nodes} brokers (kill -9 ${f.kills_loketd}, restarts ${f.restarts}, stopped for 3 s ${f.pauses}); `
      + `${f.reconnects} reconnects`,
    `in the log of ${f.acked}: lost ${f.lost}, doubled ${f.doubled}, out of order ${f.reordered}, otherwise wrong ${f.otherwise_wrong}`,
    `in ${f.looks} looks at Redis, and as ${f.agents} agents saw it: assigned twice ${f.assigned_twice}, over capacity ${f.over_capacity}, `
      + `stranded ${f.stranded}, load not the sum ${f.load_wrong}`,
    `        at most ${f.waiting_max} waited, beside a free agent for at most ${f.idle_max_ms} ms`,
  ].map((line) => `${line}\n`).join('');
  return { figures, text, good, lines: [...findings.lines(), ...run.looks.lines()] };
}
