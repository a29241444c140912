/* kill -9 in the middle of load on all channels, with real mail and text message servers. README.md tells what is checked. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { newBroker } from '../lib/broker.mjs';
import { mailParts, startMail, startSms } from '../lib/parts.mjs';
import { freePort, random, sleep, until } from '../lib/wait.mjs';
import { Agent } from './agent.mjs';
import { Mailer, mails, unconfirmed } from './mail.mjs';
import { runNodes } from './nodes.mjs';
import { chooseBuild, command, Progress, writeJson } from './options.mjs';
import { Resident } from './resident.mjs';
import { exportAll, markerOf, verify } from './verify.mjs';

const usage = `Usage: tests/chaos/run [--nodes N] [--messages N] [--kills N] [--short] [--json FILE] [--build DIR] [--seed N] [--keep]

Residents write by chat, by mail through a real mail server, and by text through Kannel; agents answer on the same channels. Meanwhile loketd, its
Redis, or both are killed with kill -9, again and again. At the end every message that was acked, or taken by the mail server or Kannel, must stand in
the log once, in order, with the right words.

With --nodes 2 or more: so many brokers on one Redis, chat alone, 200 agents who take, decline, hand over, rest and lose their connection. Single brokers are
killed, restarted, or stopped for three seconds; and what routing promises is read from Redis all the while, and asked of the agents.

  --nodes N     (default 1)
  --messages N  messages by residents: 7 of 10 by chat, the rest by mail and text (default 5000)
  --kills N     (default 20)
  --short       1,200 messages (3,000 with several nodes) and 6 kills: for continuous integration
  --json FILE   write the figures as one flat JSON object
  --build DIR   folder of the build with loketd and loketctl (default: build/release)
  --seed N      choose the same kills and moments again (default: the time)
  --keep        leave the folder with data and logs

Exit codes: 0 as it should be, 1 something was lost, doubled, out of order or otherwise wrong, 2 wrong options.
`;

const RESIDENTS = { chat: 40, email: 24, sms: 24 };
const AGENTS = ['sanne', 'bram', 'fatima'];
const SECOND = 1000;
const KILL_EVERY_MS = 2500;
const DRAIN_MS = 180 * SECOND;
const BALIE = 'burgerzaken@voorbeeld.example';
const NUMBER = '+31600000000';
const SECRET = 'chaos-hook-secret';

const WORDS = ['goedemorgen', 'mijn paspoort is verlopen', 'wanneer kan ik langskomen', 'dank u wel', 'ik heb nog een vraag', 'het adres klopt niet meer'];

class Run {
  constructor(options, folder, progress) {
    Object.assign(this, { options, folder, progress });
    this.random = random(options.seed);
    this.expected = new Map(); /* marker → { text, from, place }: acked, or taken by the mail server or Kannel */
    this.attempted = new Map();
    this.sent = { chat: 0, email: 0, sms: 0 };
    this.answers = 0;
    this.closes = 0;
    this.kills = { loketd: 0, redis: 0, both: 0 };
    this.recovery_ms = [];
    this.killed = 0;
  }

  words(marker) {
    return `${marker} ${WORDS[this.random(WORDS.length)]}`;
  }

  async begin(atEnd) {
    const port = await freePort();
    const hookUrl = `http://127.0.0.1:${port}`;
    this.mail = await startMail();
    atEnd(() => this.mail.close());
    this.sms = await startSms({ hookUrl, secret: SECRET });
    atEnd(() => this.sms.close());
    this.broker = await newBroker({
      folder: this.folder,
      build: this.options.build,
      port,
      mailboxes: [this.mail.mailbox(BALIE, 'burgerzaken')],
      sms: [this.sms.number(NUMBER, 'belastingen')],
    });
    atEnd(async () => {
      if (this.broker.child) await this.broker.kill('SIGKILL');
      this.broker.endRedis();
    });
    await this.broker.start();
    this.agents = [];
    for (const id of AGENTS) {
      await this.broker.addStaff({ id, capacity: 1000 });
      const agent = new Agent({ url: this.broker.ws, cookie: await this.broker.cookie(id), answers: (entry) => this.answer(agent, entry), closes: () => this.random(60) === 0 });
      agent.id = id;
      this.agents.push(agent);
      agent.connect();
      atEnd(() => agent.leave());
    }
    this.residents = Array.from({ length: RESIDENTS.chat }, (_, i) => {
      const queue = i % 3 ? 'burgerzaken' : 'belastingen';
      return new Resident({ url: this.broker.ws, name: `Resident ${i}`, queue, form: i % 2 ? 'json' : 'msgpack', window: 8, dropping: i % 4 < 2 });
    });
    for (const resident of this.residents) {
      resident.connect();
      atEnd(() => resident.leave());
    }
    this.mailer = new Mailer();
    await this.mailer.open(this.mail.smtp);
    atEnd(() => this.mailer.close());
  }

  /* Two of five messages get an answer, on the channel that the resident used last. */
  answer(agent, entry) {
    if (this.random(5) > 1) return undefined;
    const marker = `a-${++this.answers}`;
    const text = `${marker} antwoord op ${entry.text.trim().split(' ')[0].replace('-', ' ')}`;
    this.attempted.set(marker, { text, from: `${agent.id} in ${entry.conversation}`, place: this.answers });
    return text;
  }

  /* --- load -------------------------------------------------------------------------------------------------------------------------------------- */

  say(n) {
    for (let k = 0; k < n; k++) {
      const i = this.random(this.residents.length);
      const resident = this.residents[i];
      const marker = `c-${i}-${resident.texts.length + 1}`;
      const text = this.words(marker);
      this.attempted.set(marker, { text, from: marker.split('-').slice(0, 2).join('-'), place: resident.texts.length });
      resident.say(text);
    }
    this.sent.chat += n;
    return n;
  }

  async sendMail() {
    const n = ++this.sent.email;
    const i = this.random(RESIDENTS.email);
    const text = this.words(`m-${n}`);
    const from = `resident${i}@example.net`;
    await this.mailer.send({ from, to: BALIE, id: `m-${n}.${this.options.seed}@example.net`, subject: `Vraag van ${i}`, text });
    this.expected.set(`m-${n}`, { text, from, place: undefined }); /* its place is its UID, known at the end */
    return 1;
  }

  /* Some texts at once, of one or several phones: the lines that fakesmsc hands to the SMSC. */
  async sendTexts(most) {
    const texts = Array.from({ length: Math.min(most, 1 + this.random(6)) }, () => {
      const n = ++this.sent.sms;
      return { n, from: `+316100000${String(10 + this.random(RESIDENTS.sms))}`, text: this.words(`s-${n}`) };
    });
    await this.sms.fakesmsc(texts.map(({ from, text }) => `${from} ${NUMBER} text ${text}`).join('\n'));
    for (const { n, from, text } of texts) this.expected.set(`s-${n}`, { text, from, place: n });
    return texts.length;
  }

  /* @total messages of one channel, spread over the kills: never further than the share up to the next one. @some(most) sends at least one and gives how many. */
  async stream(total, every_ms, some) {
    for (let i = 0; i < total; ) {
      while (i > (total * (this.killed + 1)) / (this.options.kills + 1)) await sleep(10);
      const from = performance.now();
      const n = await some(total - i);
      i += n;
      const rest = n * every_ms - (performance.now() - from);
      if (rest > 0) await sleep(rest);
    }
  }

  load() {
    const email = Math.round(this.options.messages * 0.15);
    const sms = Math.round(this.options.messages * 0.15);
    const chat = this.options.messages - email - sms;
    /* Half of the chat comes in bursts, each just before a kill: so every kill finds work under way. */
    this.burst = Math.floor(chat / 2 / this.options.kills);
    const steady = chat - this.burst * this.options.kills;
    const spread_ms = (this.options.kills + 1) * KILL_EVERY_MS;
    this.loading = Promise.all([
      this.stream(steady, spread_ms / steady, async () => this.say(1)),
      this.stream(email, spread_ms / email, () => this.sendMail()),
      this.stream(sms, spread_ms / sms, (most) => this.sendTexts(most)),
    ]);
    this.loaded = () => (this.sent.chat - this.burst * this.killed + this.sent.email + this.sent.sms) / (steady + email + sms);
    this.loading.catch(() => {}); /* told where it is awaited */
  }

  /* --- kills ------------------------------------------------------------------------------------------------------------------------------------- */

  redisPid() {
    try {
      return Number(fs.readFileSync(`/proc/${this.broker.pid}/task/${this.broker.pid}/children`, 'utf8').trim().split(' ')[0]) || undefined;
    } catch {
      return undefined;
    }
  }

  async kill() {
    const redis = this.redisPid();
    const what = redis ? ['loketd', 'redis', 'both'][this.random(3)] : 'loketd';
    this.say(this.burst);
    await sleep(this.random(25));
    const from = performance.now();
    if (what !== 'loketd') process.kill(redis, 'SIGKILL');
    if (what !== 'redis') {
      await this.broker.kill('SIGKILL');
      this.broker.spawn();
    }
    this.kills[what]++;
    this.killed++;
    return from;
  }

  async killAll() {
    const { kills } = this.options;
    for (let again = false; this.killed < kills; ) {
      /* Somewhere in this kill's share of the load; now and then at once, while the broker still starts from the one before. */
      const moment = (this.killed + 0.3 + this.random(60) / 100) / (kills + 1);
      while (!again && this.loaded() < moment) await Promise.race([sleep(10), this.loading]);
      if (again) await sleep(this.random(400));
      const from = await this.kill();
      again = this.random(5) === 0;
      if (again) continue;
      await until('loketd to be healthy again', async () => (await fetch(`${this.broker.url}/health`)).status === 200, { ms: 30000, every: 10 }).catch((error) => {
        throw new Error(`${error.message}\n${this.broker.log().slice(-3000)}`);
      });
      this.recovery_ms.push(performance.now() - from);
    }
  }

  tell(what) {
    const acked = this.residents.reduce((sum, r) => sum + r.acked, 0);
    this.progress.tell(
      `${what}: ${this.killed} of ${this.options.kills} kills; sent ${this.sent.chat} chat, ${this.sent.email} mail, ${this.sent.sms} text; ${acked} chat acked; ${this.answers} answers`,
    );
  }

  /* --- the end of it --------------------------------------------------------------------------------------------------------------------------------- */

  /* Until nothing is on its way any more: what was said is acked, sources are confirmed, outboxes are empty, nobody has words left. */
  async drain() {
    const o = `{o:${this.broker.config.organisation.id}}:outbox`;
    const rest = async () => {
      const status = await (await fetch(`http://127.0.0.1:${this.sms.admin}/status.txt?password=demo`)).text();
      return {
        unacked: this.residents.reduce((sum, r) => sum + r.unacked, 0),
        unsaid: this.agents.reduce((sum, a) => sum + a.unsaid, 0),
        mails_missing: this.sent.email - (await mails(this.mail.imap, BALIE)).length,
        mails_unconfirmed: (await unconfirmed(this.mail.imap, BALIE)).length,
        texts_in_kannel: Number(status.match(/store size (-?\d+)/)[1]),
        outbox_email: Number(this.broker.redis('XLEN', `${o}:email`)),
        outbox_sms: Number(this.broker.redis('XLEN', `${o}:sms`)),
      };
    };
    let left;
    const quiet = async () => {
      left = await rest();
      return Object.values(left).every((n) => n === 0);
    };
    await until('everything to be taken in and sent', quiet, { ms: DRAIN_MS, every: 250 }).catch((error) => {
      throw new Error(`${error.message}; left: ${JSON.stringify(left)}\n${this.broker.log().slice(-3000)}`);
    });
    /* An agent may have been given the last of it only now. */
    await until('the agents to have read and answered everything', async () => (await quiet()) && this.agents.every((a) => [...a.work.values()].every((w) => !w.mine || (w.resumed && !w.flying && w.seen >= w.newest))), { ms: 30000, every: 300 });
  }

  /* What must be there: all that was acked, and all that the mail server or Kannel had taken. */
  async expect() {
    this.residents.forEach((resident, i) => {
      for (let counter = 1; counter <= resident.acked; counter++) this.#move(`c-${i}-${counter}`);
    });
    for (const agent of this.agents) for (const { text } of agent.acked) this.#move(markerOf(text));
    for (const { uid, text } of await mails(this.mail.imap, BALIE)) {
      const said = this.expected.get(markerOf(text.slice(text.indexOf('\r\n\r\n'))));
      if (said) said.place = uid;
    }
  }

  #move(marker) {
    this.expected.set(marker, this.attempted.get(marker));
    this.attempted.delete(marker);
  }

  /* Pages must have recovered by themselves: each resident has seen the whole log, live, in order. */
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
    for (const agent of this.agents) for (const fault of agent.faults) findings.wrong.push(`agent ${agent.id} was told: ${fault}`);
  }

  /* Answers that left: mail has one Message-ID however often it is tried; a text never leaves twice; and each has its receipt. */
  outbound(logs, findings) {
    const figures = { answers_email: 0, answers_sms: 0, answers_unknown: 0, answers_failed: 0, mails_repeated: 0, texts_delivered: 0 };
    const received = new Map(); /* marker → Message-IDs */
    for (let i = 0; i < RESIDENTS.email; i++) {
      for (const raw of this.mail.inbox(`resident${i}@example.net`)) {
        const { headers, text } = mailParts(raw);
        const marker = markerOf(text);
        received.set(marker, [...(received.get(marker) ?? []), headers['message-id']]);
      }
    }
    const phones = new Map();
    for (const line of this.sms.phoneLog().split('\n').filter((l) => l.includes('Got message'))) {
      const marker = markerOf(line.replaceAll('+', ' '));
      phones.set(marker, (phones.get(marker) ?? 0) + 1);
    }
    for (const [conversation, entries] of logs) {
      const receipts = new Map();
      for (const entry of entries) if (entry.kind === 'receipt') receipts.set(entry.of, [...(receipts.get(entry.of) ?? []), entry.state]);
      for (const entry of entries) {
        if (entry.kind !== 'message' || entry.from !== 'agent' || entry.channel === 'chat') continue;
        const marker = markerOf(entry.text);
        const states = receipts.get(entry.seq) ?? [];
        const where = `${marker} (${conversation} ${entry.seq}, ${entry.channel}, ${states.join(' ') || 'no receipt'})`;
        figures[`answers_${entry.channel}`]++;
        figures.answers_unknown += states.at(-1) === 'unknown';
        figures.answers_failed += states.at(-1) === 'failed';
        if (states.length === 0) findings.wrong.push(`${where} has no receipt`);
        if (entry.channel === 'email') {
          const ids = received.get(marker) ?? [];
          figures.mails_repeated += Math.max(0, ids.length - 1);
          if (new Set(ids).size > 1) findings.doubled.push(`${where} left under ${ids.join(' and ')}`);
          if (ids.length === 0 && !['unknown', 'failed'].includes(states.at(-1))) findings.lost.push(`${where} did not arrive`);
        } else {
          const n = phones.get(marker) ?? 0;
          figures.texts_delivered += states.includes('delivered');
          if (n > 1) findings.doubled.push(`${where} reached the phone ${n} times`);
          if (n === 0 && !['unknown', 'failed'].includes(states.at(-1))) findings.lost.push(`${where} did not arrive`);
        }
      }
    }
    return figures;
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

await command({
  usage,
  known: {
    messages: { kind: 'count', default: 5000 },
    kills: { kind: 'count', default: 20 },
    nodes: { kind: 'count', default: 1 },
    seed: { kind: 'count', default: (Date.now() % 9999999) + 1 },
    json: { kind: 'path' },
    build: { kind: 'path' },
    short: { kind: 'flag' },
    keep: { kind: 'flag' },
    help: { kind: 'flag' },
  },
  async work(options, atEnd) {
    options.build = chooseBuild(options.build);
    if (options.short) Object.assign(options, { messages: options.nodes > 1 ? 3000 : 1200, kills: 6 });
    const started = performance.now();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'loket-chaos-'));
    const progress = new Progress();
    let kept = true;
    atEnd(() => {
      if (kept) process.stderr.write(`kept: ${folder}\n`);
      else fs.rmSync(folder, { recursive: true, force: true });
    });
    if (options.nodes > 1) {
      const done = await runNodes(options, folder, progress, atEnd);
      writeJson(options.json, done.figures);
      for (const line of done.lines) process.stderr.write(`${line}\n`);
      process.stdout.write(`${done.text}${done.good ? 'good' : 'FAILED'}; seed ${done.figures.seed}, ${done.figures.seconds} s\n`);
      kept = options.keep || !done.good;
      return done.good ? 0 : 1;
    }
    const run = new Run(options, folder, progress);
    await run.begin(atEnd);
    let doing = 'load';
    const teller = setInterval(() => run.tell(doing), 250);
    atEnd(() => clearInterval(teller));
    run.load();
    await run.killAll();
    await run.loading;
    doing = 'drain';
    const loaded = performance.now();
    await run.drain();
    const drained = performance.now();
    clearInterval(teller);
    progress.end();
    await run.expect();
    const logs = await exportAll(run.broker);
    const findings = verify(logs, run.expected, run.attempted);
    await run.views(logs, findings);
    const outbound = run.outbound(logs, findings);
    await run.broker.stop();
    const figures = {
      sent_chat: run.sent.chat,
      sent_email: run.sent.email,
      sent_sms: run.sent.sms,
      acked: run.expected.size,
      kills: run.killed,
      lost: findings.lost.length,
      doubled: findings.doubled.length,
      reordered: findings.reordered.length,
      otherwise_wrong: findings.wrong.length,
      kills_loketd: run.kills.loketd,
      kills_redis: run.kills.redis,
      kills_both: run.kills.both,
      recovery_median_ms: Math.round(median(run.recovery_ms)),
      recovery_max_ms: Math.round(Math.max(0, ...run.recovery_ms)),
      conversations: logs.size,
      log_entries: [...logs.values()].reduce((sum, entries) => sum + entries.length, 0),
      answers_acked: run.agents.reduce((sum, a) => sum + a.acked.length, 0),
      ...outbound,
      repeated: run.residents.reduce((sum, r) => sum + r.repeated, 0),
      acked_by_resume: run.residents.reduce((sum, r) => sum + r.told, 0),
      reconnects: run.residents.reduce((sum, r) => sum + r.connects - 1, 0),
      drain_ms: Math.round(drained - loaded),
      seed: options.seed,
      seconds: Math.round((performance.now() - started) / 1000),
    };
    writeJson(options.json, figures);
    for (const line of findings.lines()) process.stderr.write(`${line}\n`);
    process.stdout.write(
      `sent:   ${figures.sent_chat} chat, ${figures.sent_email} mail, ${figures.sent_sms} text; ${figures.answers_acked} answers (${figures.answers_email} mail, ${figures.answers_sms} text)\n` +
        `kills:  ${figures.kills} (loketd ${figures.kills_loketd}, Redis ${figures.kills_redis}, both ${figures.kills_both}); back after ${figures.recovery_median_ms} ms, at most ${figures.recovery_max_ms}\n` +
        `in the log of ${figures.acked}: lost ${figures.lost}, doubled ${figures.doubled}, out of order ${figures.reordered}, otherwise wrong ${figures.otherwise_wrong}\n` +
        `${findings.good ? 'good' : 'FAILED'}; seed ${figures.seed}, ${figures.seconds} s\n`,
    );
    kept = options.keep || !findings.good;
    return findings.good ? 0 : 1;
  },
});
