/* Several brokers on one Redis: 200 agents and as many residents on whichever broker lives, and brokers that are killed, restarted and stopped for a while, the one that routes more often
 * than others. README.md tells what is checked. Chat alone: what mail and text message servers see of a kill is what run.mjs looks at. */
import { spawn } from 'node:child_process';
import path from 'node:path';

import { startNodes } from '../lib/nodes.mjs';
import { faultsOf } from '../lib/snapshot.mjs';
import { random, sleep, until } from '../lib/wait.mjs';
import { Desk } from './desk.mjs';
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
const LOOK_MS = 700;
const IDLE_MS = 3000; /* so long may somebody wait beside an agent who can take them */
const WORDS = ['goedemorgen', 'mijn paspoort is verlopen', 'wanneer kan ik langskomen', 'dank u wel', 'ik heb nog een vraag', 'het adres klopt niet meer'];

const ROUTING = { decline_rest_s: 1, away_grace_s: 0 };
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
    this.looks = 0;
    this.found = { assigned_twice: new Set(), over_capacity: new Set(), stranded: new Set(), load_wrong: new Set() };
    this.waits = new Map(); /* conversation → its state and version, and when that was seen first */
    this.frees = new Map(); /* agent → the same */
    this.idle_max_ms = 0;
    this.waiting_max = 0;
  }

  /* --- who there is ------------------------------------------------------------------------------------------------------------------------------- */

  people() {
    return Array.from({ length: AGENTS }, (_, i) => ({
      id: `agent${i}`,
      capacity: 2 + 2 * (i % 3) + (i % 7 === 0 ? 1 : 0), /* 2 to 7: a chat weighs 2, so that some have a unit that never fits */
      queues: i % 5 === 0 ? QUEUES : [QUEUES[i % 3], QUEUES[(i + 1) % 3]],
      accepts: i % 4 === 0,
      skilled: i % 3 === 0,
    }));
  }

  async seed(redis) {
    const lines = [`setting routing ${JSON.stringify({ decline_rest_s: ROUTING.decline_rest_s })}`];
    for (const queue of QUEUES) lines.push(`setting queue:${queue} ${JSON.stringify({ ...QUEUE_SETTINGS, ...(queue === 'vergunningen' ? { skills: [SKILL] } : {}) })}`);
    for (const a of this.staff) {
      const channels = a.accepts ? [{ channel: 'chat', must_accept: true }] : [];
      lines.push(`staff ${a.id} agent ${a.capacity} ${JSON.stringify({ name: a.id, role: 'agent', queues: a.queues, capacity: a.capacity, channels, skills: a.skilled ? [SKILL] : [] })}`);
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
    this.residents = Array.from({ length: RESIDENTS }, (_, i) => new Resident({ url, name: `Resident ${i}`, queue: QUEUES[i % 3], form: i % 2 ? 'json' : 'msgpack', window: 8, dropping: i % 4 < 2 }));
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

  /* --- load ------------------------------------------------------------------------------------------------------------------------------------------- */

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

  /* --- what happens to brokers ------------------------------------------------------------------------------------------------------------------------- */

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
      await this.look();
    }
  }

  /* --- what must hold all the while ------------------------------------------------------------------------------------------------------------------- */

  async look() {
    const view = await this.nodes.snapshot();
    this.looks++;
    for (const [kind, sentences] of Object.entries(faultsOf(view))) for (const sentence of sentences) this.found[kind].add(sentence);
    this.#idle(view);
    this.waiting_max = Math.max(this.waiting_max, [...view.conversations.values()].filter((c) => c.state === 'queued').length);
    return view;
  }

  /* Who waits although one and the same agent, who can take them, has had room and nothing new all the while: since when? */
  #idle(view) {
    const since = (map, id, now_is) => {
      if (map.get(id)?.is !== now_is) map.set(id, { is: now_is, at: view.now });
      return map.get(id).at;
    };
    const rows = this.staff.map((a) => ({ a, row: view.agents.get(a.id) })).filter(({ row }) => row);
    const free = rows.map(({ a, row }) => {
      const has_room = row.presence === 'available' && row.here.some((node) => view.nodes[node] !== undefined) && row.load + 2 <= row.capacity;
      return { ...a, has_room, at: since(this.frees, a.id, `${has_room} ${row.since} ${row.here}`) };
    }).filter((a) => a.has_room);
    for (const c of view.conversations.values()) {
      const at = since(this.waits, c.id, `${c.state} ${c.version}`);
      if (c.state !== 'queued') continue;
      for (const a of free) {
        if (a.id !== c.held && (!a.queues.includes(c.queue) || (c.queue === 'vergunningen' && !a.skilled))) continue;
        const idle_ms = view.now - Math.max(a.at, at, Number(c.declined[a.id] ?? 0) + ROUTING.decline_rest_s * 1000);
        this.idle_max_ms = Math.max(this.idle_max_ms, idle_ms);
        if (idle_ms > IDLE_MS) this.found.stranded.add(`${c.id} waits in ${c.queue} beside ${a.id}, who has room`);
      }
    }
  }

  watch() {
    this.watching = true;
    this.watched = (async () => {
      while (this.watching) {
        await this.look();
        await sleep(LOOK_MS);
      }
    })();
    this.watched.catch(() => {}); /* told where it is awaited */
  }

  /* What agents believe against what is stored; differences must be gone soon after all is quiet. */
  #beliefs(view) {
    const differs = [];
    const holders = new Map();
    for (const agent of this.agents) {
      for (const id of agent.mine) holders.set(id, [...(holders.get(id) ?? []), agent.id]);
    }
    for (const [id, ids] of holders) {
      const c = view.conversations.get(id);
      if (ids.length > 1) differs.push(['assigned_twice', `${ids.join(' and ')} both believe to hold ${id}`]);
      else if (c?.state !== 'active' || c.owner !== ids[0]) differs.push(['stranded', `${ids[0]} believes to hold ${id}, which is ${c?.state} of ${c?.owner ?? 'nobody'}`]);
    }
    for (const c of view.conversations.values()) {
      const knows = c.state === 'active' && this.agents.find((agent) => agent.id === c.owner)?.work.get(c.id);
      if (c.state === 'active' && !holders.has(c.id)) differs.push(['stranded', `${c.id} is active with ${c.owner}, who does not know`]);
      else if (knows && knows.seen < Number(c.seq)) differs.push(['stranded', `${c.owner} has seen ${knows.seen} of the ${c.seq} entries of ${c.id}, which it holds`]);
    }
    return differs;
  }

  /* Nothing new is said, nobody leaves: everything comes to rest, with work still held. */
  async quiet() {
    for (const agent of this.agents) agent.rest();
    let differs;
    let last;
    await until('agents and store to agree', async () => {
      const view = await this.look();
      const now = [...view.conversations.values()].map((c) => `${c.id} ${c.version}`).join();
      differs = this.#beliefs(view);
      const still = now === last;
      last = now;
      return still && differs.length === 0;
    }, { ms: 20000, every: 500 }).catch(() => {
      for (const [kind, sentence] of differs) this.found[kind].add(sentence);
    });
  }

  /* Agents finish all that they have, and get what still waits; until nothing is left. */
  async drain() {
    for (const agent of this.agents) agent.rest({ finish: true });
    let left;
    await until('everything to be said, answered and closed', async () => {
      const view = await this.look();
      const open = [...view.conversations.values()].filter((c) => c.state !== 'closed');
      left = { unacked: this.residents.reduce((sum, r) => sum + r.unacked, 0), unsaid: this.agents.reduce((sum, a) => sum + a.unsaid, 0), open: open.length, attention: view.attention.length };
      const knows = (c) => JSON.stringify({ ...this.agents.find((a) => a.id === c.owner)?.work.get(c.id), queue: undefined });
      this.left = open.slice(0, 5).map((c) => `${c.id} ${c.state} version ${c.version} of ${c.owner ?? 'nobody'} in ${c.queue}, ${c.seq} entries, followed on ${c.nodes}; its agent knows ${knows(c)}`);
      return Object.values(left).every((n) => n === 0) && this.agents.every((a) => a.settled);
    }, { ms: DRAIN_MS, every: 300 }).catch((error) => {
      this.found.stranded.add(`${error.message}; left: ${JSON.stringify(left)} ${this.left.join('; ')}`);
    });
  }

  /* --- the end -------------------------------------------------------------------------------------------------------------------------------------------- */

  #seen() {
    const owners = new Map();
    for (const agent of this.agents) {
      for (const [what, owner] of agent.owners) {
        if (owners.has(what) && owners.get(what) !== owner) this.found.assigned_twice.add(`${what} was shown as ${owner}'s and as ${owners.get(what)}'s`);
        owners.set(what, owner);
      }
      for (const sentence of agent.full) this.found.over_capacity.add(sentence);
    }
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
    this.progress.tell(`${what}: ${this.happened} of ${this.options.kills} kills; sent ${this.sent}, unacked ${this.residents.reduce((sum, r) => sum + r.unacked, 0)}; ${held} held; ${this.answers} answers; ${this.looks} looks`);
  }

  async whole() {
    let doing = 'load';
    const teller = setInterval(() => this.tell(doing), 250);
    try {
      this.watch();
      this.load();
      await this.happenAll();
      await this.loading;
      this.watching = false;
      await this.watched;
      doing = 'quiet';
      await this.quiet();
      doing = 'drain';
      await this.drain();
    } finally {
      this.watching = false;
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
    this.#seen();
    const stray = strayChanges(logs);
    for (const sentence of stray.twice) this.found.assigned_twice.add(sentence);
    findings.wrong.push(...stray.wrong);
    for (const one of [...this.agents, ...this.residents]) one.leave();
    for (const broker of this.nodes.brokers) await broker.stop();
    for (const broker of this.nodes.brokers) broker.check();
    return { logs, findings };
  }

  get good() {
    return Object.values(this.found).every((sentences) => sentences.size === 0);
  }

  lines(most = 10) {
    return Object.entries(this.found).flatMap(([kind, sentences]) => [...sentences].slice(0, most).map((sentence) => `${kind}: ${sentence}`));
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
    assigned_twice: run.found.assigned_twice.size,
    over_capacity: run.found.over_capacity.size,
    stranded: run.found.stranded.size,
    load_wrong: run.found.load_wrong.size,
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
    looks: run.looks,
    waiting_max: run.waiting_max,
    idle_max_ms: run.idle_max_ms,
    ...Object.fromEntries(counts.map((name) => [`agents_${name}`, run.sum(name)])),
    repeated: run.residents.reduce((sum, r) => sum + r.repeated, 0),
    acked_by_resume: run.residents.reduce((sum, r) => sum + r.told, 0),
    reconnects: [...run.residents, ...run.agents].reduce((sum, one) => sum + one.connects - 1, 0),
    seed: options.seed,
    seconds: Math.round((performance.now() - started) / 1000),
  };
  const good = findings.good && run.good;
  const f = figures;
  const text = `sent:   ${f.sent_chat} chat; ${f.answers_acked} answers; ${f.agents_given} times a conversation was given, ${f.agents_closed} closed, ${f.agents_handed} handed over\n`
    + `offers: ${f.agents_accepted} accepted, ${f.agents_declined} declined, ${f.agents_passed} let pass (${f.agents_missed} missed); ${f.agents_breaks} breaks, ${f.agents_drops} lost connections\n`
    + `kills:  ${f.kills} of ${f.nodes} brokers (kill -9 ${f.kills_loketd}, restarts ${f.restarts}, stopped for 3 s ${f.pauses}); ${f.reconnects} reconnects\n`
    + `in the log of ${f.acked}: lost ${f.lost}, doubled ${f.doubled}, out of order ${f.reordered}, otherwise wrong ${f.otherwise_wrong}\n`
    + `in ${f.looks} looks at Redis, and as ${f.agents} agents saw it: assigned twice ${f.assigned_twice}, over capacity ${f.over_capacity}, stranded ${f.stranded}, load not the sum ${f.load_wrong}; `
    + `at most ${f.waiting_max} waited, beside a free agent for at most ${f.idle_max_ms} ms\n`;
  return { figures, text, good, lines: [...findings.lines(), ...run.lines()] };
}
