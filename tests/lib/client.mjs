/* A WebSocket client of the wire (proto/PROTOCOL.md) for tests: both subprotocols, frames waited for by predicate with a deadline, pings answered.
 *
 *   const c = await connect(broker, { form: 'msgpack', cookie });
 *   const welcome = await c.hello();
 *   const ack = await c.say(conversation, 'Goedemorgen');
 *
 * Every frame that comes in stands in `frames` (all) and waits in `open` until a wait takes it. Entries are kept by conversation and checked: a number
 * that comes out of order or twice on one connection after one `resume` is a failure of the broker, told by `assertOrder`. */
import { decode, encode } from '@msgpack/msgpack';
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';

export const FORMS = ['json', 'msgpack'];
const FRAME_MS = 10000;

/* Random, 26 of [0-9a-z]: for `client` and `key`. */
export function newId() {
  return Array.from(randomBytes(26), (byte) => '0123456789abcdefghijklmnopqrstuvwxyz'[byte % 36]).join('');
}

export class Client {
  constructor(url, { form = 'json', cookie, origin, client = newId(), headers = {}, pong = true } = {}) {
    this.form = form;
    this.client = client;
    this.pong = pong;
    this.frames = [];
    this.open = [];
    this.waits = new Set();
    this.counters = new Map();
    this.logs = new Map();
    this.versions = new Map();
    this.disorder = [];
    const from = origin === undefined ? new URL(url.replace(/^ws/, 'http')).origin : origin;
    this.socket = new WebSocket(url, `loket.1.${form}`, {
      perMessageDeflate: false,
      headers: { ...headers, ...(cookie ? { cookie } : {}), ...(from ? { origin: from } : {}) },
    });
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('error', reject);
      this.socket.once('unexpected-response', (_, answer) => {
        reject(Object.assign(new Error(`refused with HTTP ${answer.statusCode}`), { status: answer.statusCode }));
        answer.resume();
        this.socket.terminate();
      });
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        const end = { code, reason: reason.toString() };
        resolve(end);
        for (const wait of [...this.waits]) wait.fail(new Error(`closed with ${code} ${end.reason} while waiting for ${wait.what}`));
      });
    });
    this.socket.on('error', () => {}); /* always followed by close */
    this.socket.on('message', (data, binary) => this.#take(data, binary));
  }

  #take(data, binary) {
    if (binary !== (this.form === 'msgpack')) throw new Error(`a ${binary ? 'binary' : 'text'} message in loket.1.${this.form}`);
    const frame = this.form === 'json' ? JSON.parse(data.toString()) : decode(data);
    Object.defineProperty(frame, 'heardAt', { value: performance.now() });
    this.frames.push(frame);
    if (frame.verb === 'ping') {
      if (this.pong) this.send({ verb: 'pong', n: frame.n });
      return;
    }
    if (frame.verb === 'entry') this.#entry(frame);
    if (frame.verb === 'conversation') {
      /* the same assignment may be told several times, as other things about it change */
      const fresh = frame.version > (this.versions.get(frame.conversation) ?? 0);
      if (fresh) this.versions.set(frame.conversation, frame.version);
      Object.defineProperty(frame, 'fresh', { value: fresh });
    }
    if (frame.verb === 'resumed') this.log(frame.conversation).next = frame.from + 1;
    for (const wait of this.waits) {
      if (wait.fits(frame)) {
        wait.done(frame);
        return;
      }
    }
    this.open.push(frame);
  }

  #entry(frame) {
    const log = this.log(frame.conversation);
    if (frame.seq < log.next) {
      /* an older page asked for by `history`, or a double */
      if (log.entries.has(frame.seq) && !log.paging) this.disorder.push(`entry ${frame.seq} twice`);
    } else if (frame.seq > log.next) {
      this.disorder.push(`entry ${frame.seq} where ${log.next} was due`);
    } else {
      log.next = frame.seq + 1;
    }
    log.entries.set(frame.seq, frame);
  }

  /* What is known of a conversation's log: entries by number, and the number that is due next. */
  log(conversation) {
    if (!this.logs.has(conversation)) this.logs.set(conversation, { entries: new Map(), next: 1, paging: false });
    return this.logs.get(conversation);
  }

  entries(conversation) {
    return [...this.log(conversation).entries.values()].sort((a, b) => a.seq - b.seq);
  }

  texts(conversation) {
    return this.entries(conversation).filter((e) => e.kind === 'message').map((e) => e.text);
  }

  send(frame) {
    this.sendRaw(this.form === 'json' ? JSON.stringify(frame) : encode(frame, { ignoreUndefined: true }));
  }

  sendRaw(bytes, options) {
    this.socket.send(bytes, { binary: this.form === 'msgpack', ...options });
  }

  /* The next frame that fits and no wait has taken: one that is here already, or comes within @ms. @what: a verb, or a predicate. */
  wait(what, { ms = FRAME_MS, name = typeof what === 'string' ? what : String(what) } = {}) {
    const fits = typeof what === 'string' ? (frame) => frame.verb === what : what;
    const at = this.open.findIndex(fits);
    if (at >= 0) return Promise.resolve(this.open.splice(at, 1)[0]);
    if (this.socket.readyState > WebSocket.OPEN) return Promise.reject(new Error(`closed before ${name}`));
    return new Promise((resolve, reject) => {
      const end = (act) => (value) => {
        clearTimeout(timer);
        this.waits.delete(wait);
        act(value);
      };
      const wait = { fits, what: name, done: end(resolve), fail: end(reject) };
      const timer = setTimeout(() => {
        const last = this.frames.slice(-8).map((frame) => JSON.stringify(frame).slice(0, 200));
        wait.fail(new Error(`no ${name} within ${ms} ms; last frames:\n${last.join('\n')}`));
      }, ms);
      this.waits.add(wait);
    });
  }

  /* Sends and waits for the answer; an `error` about the same verb rejects, with `frame`. */
  async ask(frame, answer, options) {
    this.send(frame);
    const fits = typeof answer === 'string' ? (f) => f.verb === answer : answer;
    const got = await this.wait((f) => fits(f) || (f.verb === 'error' && isAbout(f, frame)), { name: `an answer to ${frame.verb}`, ...options });
    if (!fits(got)) throw Object.assign(new Error(`${frame.verb}: ${got.code} (${got.text})`), { frame: got, code: got.code });
    return got;
  }

  /* The error frame that this frame brings; anything else as an answer rejects by the deadline. */
  refused(frame, options) {
    this.send(frame);
    return this.wait((f) => f.verb === 'error' && isAbout(f, frame), { name: `a refusal of ${frame.verb}`, ...options });
  }

  /* Everything that the broker sent before now has been heard. */
  async barrier() {
    const n = Math.floor(Math.random() * 2 ** 52);
    await this.ask({ verb: 'ping', n }, (f) => f.verb === 'pong' && f.n === n);
  }

  async hello(more = {}) {
    await this.opened;
    this.welcome = await this.ask({ verb: 'hello', client: this.client, language: 'nl', ...more }, 'welcome');
    return this.welcome;
  }

  async start({ queue = 'burgerzaken', text = 'Goedemorgen', name, key = newId(), follow = true } = {}) {
    const started = await this.ask({ verb: 'start', key, queue, text, name }, (f) => f.verb === 'started' && f.key === key);
    this.counters.set(started.conversation, 1);
    this.token = started.token;
    if (follow) await this.resume(started.conversation, { token: started.token });
    return started;
  }

  async resume(conversation, more = {}) {
    const log = this.log(conversation);
    log.entries.clear();
    const resumed = await this.ask({ verb: 'resume', conversation, seq: more.last ? undefined : 0, ...more }, (f) => f.verb === 'resumed' && f.conversation === conversation);
    this.counters.set(conversation, resumed.counter);
    return resumed;
  }

  /* Follows and waits until every entry up to the newest is here. */
  async catchUp(conversation, more) {
    const resumed = await this.resume(conversation, more);
    await this.until(conversation, resumed.seq);
    return resumed;
  }

  /* Waits until entry @seq of the conversation is here. */
  async until(conversation, seq, options) {
    const log = this.log(conversation);
    while (log.next <= seq) await this.wait((f) => f.verb === 'entry' && f.conversation === conversation && f.seq >= seq, { name: `entry ${seq}`, ...options });
  }

  /* The entry that fits, already here or to come. */
  async entry(conversation, fits, options) {
    return this.entries(conversation).find(fits) ?? this.wait((f) => f.verb === 'entry' && f.conversation === conversation && fits(f), { name: `an entry with ${fits}`, ...options });
  }

  /* Says and waits for the ack. */
  async say(conversation, text, more = {}) {
    const counter = more.counter ?? (this.counters.get(conversation) ?? 0) + 1;
    const ack = await this.ask({ verb: 'say', conversation, counter, text, ...more }, (f) => f.verb === 'ack' && f.conversation === conversation && f.counter === counter);
    this.counters.set(conversation, Math.max(counter, this.counters.get(conversation) ?? 0));
    return ack;
  }

  async presence(presence) {
    return this.ask({ verb: 'presence', presence }, (f) => f.verb === 'presence' && f.presence === presence);
  }

  /* The next `conversation` frame in which this agent gets the conversation (any, when absent). */
  assigned(conversation, options) {
    return this.wait((f) => f.verb === 'conversation' && f.fresh && f.state === 'active' && f.owner === this.welcome.agent && (!conversation || f.conversation === conversation), {
      name: `assignment of ${conversation ?? 'any conversation'}`,
      ...options,
    });
  }

  assertOrder() {
    if (this.disorder.length > 0) throw new Error(`out of order: ${this.disorder.join('; ')}`);
  }

  async close() {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close(1000);
    const timer = setTimeout(() => this.socket.terminate(), 2000);
    await this.closed;
    clearTimeout(timer);
  }

  /* As a lost network: nothing is said. */
  cut() {
    this.socket.terminate();
    return this.closed;
  }
}

function isAbout(error, frame) {
  return (error.refused === undefined || error.refused === frame.verb) && (error.conversation === undefined || frame.conversation === undefined || error.conversation === frame.conversation);
}

/* Connects to @broker (of broker.mjs, or anything with `ws`); closed at the end of the test @t, where order is asserted. */
export async function connect(broker, options = {}, t = null) {
  const client = new Client(broker.ws, options);
  t?.after(() => client.cut());
  await client.opened;
  return client;
}

/* A resident who has said hello. */
export async function resident(broker, options = {}, t = null) {
  const client = await connect(broker, options, t);
  await client.hello();
  return client;
}

/* A member of staff who has said hello; agents are `available` unless @presence says otherwise (null: left as it is). */
export async function staff(broker, id, { presence = 'available', ...options } = {}, t = null) {
  const client = await connect(broker, { cookie: await broker.cookie(id), ...options }, t);
  const welcome = await client.hello();
  /* what is held already is told after the welcome; only what comes later is an assignment */
  for (const conversation of welcome.work ?? []) await client.wait((f) => f.verb === 'conversation' && f.conversation === conversation);
  if (welcome.role === 'agent' && presence) await client.presence(presence);
  return client;
}
