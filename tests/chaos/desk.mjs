/* An agent's program with all that agents do: takes what it is given, accepts, declines or lets an offer pass, answers, closes, hands over, goes on a
 * break, loses its connection, and comes back to any broker that lives. It keeps what it was shown, so that a test can ask afterwards what it believed. */
import WebSocket from 'ws';

import { newId } from '../lib/client.mjs';

const AGAIN_MS = 150;
const WEIGHT = 2; /* of a chat, the default */
const MOMENT_MS = 1500; /* so long an agent may see more than fits: what left and what came are told by two brokers */

export class Desk {
  /* @url(): an address of a broker that lives; called at each connect. @random(below). @answers(desk, entry): words, or nothing. @colleague(): an id. */
  constructor({ id, cookie, capacity, accepts, url, random, answers, colleague, queues }) {
    Object.assign(this, { id, cookie, capacity, accepts, url, random, answers, colleague, queues, client: newId() });
    this.work = new Map(); /* conversation → { version, state, owner, offered, seen, newest, counter, queue: [words], resumed, flying, wants } */
    this.owners = new Map(); /* "conversation version" → owner, of every active one that was shown */
    this.acked = []; /* { conversation, counter, seq, text } */
    this.faults = [];
    this.full = []; /* moments at which more was held than fits, as sentences */
    this.timers = new Set();
    this.counts = { given: 0, accepted: 0, declined: 0, passed: 0, closed: 0, handed: 0, breaks: 0, drops: 0, missed: 0 };
    this.connects = 0;
    this.wanted = this.resting = this.finishing = false;
    this.presence = 'available';
  }

  connect() {
    this.wanted = true;
    this.#open();
  }

  leave() {
    this.wanted = false;
    for (const timer of this.timers) clearTimeout(timer);
    this.socket?.terminate();
  }

  /* From now on: no breaks, no drops, nothing is given away; with @finish everything that is held is closed. */
  rest({ finish = false } = {}) {
    this.resting = true;
    this.finishing ||= finish;
    if (this.presence !== 'available') this.#presence('available');
    for (const [conversation, w] of this.work) {
      if (!this.#holds(w)) continue;
      w.wants = finish ? 'close' : undefined;
      if (w.resumed) this.#pump(conversation);
      else this.#resume(conversation);
    }
  }

  /* What this agent believes to hold. */
  get mine() {
    return [...this.work].filter(([, w]) => this.#holds(w)).map(([conversation]) => conversation);
  }

  get unsaid() {
    return [...this.work.values()].reduce((sum, w) => sum + (this.#holds(w) ? w.queue.length : 0), 0);
  }

  /* Everything that was said in what it holds has been read, and answered where it wants to. */
  get settled() {
    return [...this.work.values()].every((w) => !this.#holds(w) || (w.resumed && !w.flying && w.queue.length === 0 && w.seen >= w.newest));
  }

  #holds(w) {
    return w.state === 'active' && w.owner === this.id;
  }

  #later(ms, act) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.wanted) act();
    }, ms);
    this.timers.add(timer);
  }

  #open() {
    const url = this.url();
    const headers = { origin: url.replace(/^ws(.*)\/ws$/, 'http$1'), cookie: this.cookie };
    const socket = new WebSocket(url, 'loket.1.json', { perMessageDeflate: false, handshakeTimeout: 4000, headers });
    this.socket = socket;
    for (const w of this.work.values()) w.resumed = w.flying = false;
    socket.on('open', () => this.#send({ verb: 'hello', client: this.client, language: 'nl' }));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket === socket) this.#later(AGAIN_MS, () => this.#open());
    });
    socket.on('message', (data) => {
      if (this.socket === socket) this.#take(JSON.parse(data.toString()));
    });
  }

  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  #resume(conversation) {
    this.#send({ verb: 'resume', conversation, seq: this.work.get(conversation)?.seen ?? 0 });
  }

  #presence(wanted) {
    const presence = wanted === 'missed' ? 'available' : wanted; /* that one is the broker's to say */
    this.presence = presence;
    this.#send({ verb: 'presence', presence });
  }

  /* A break now and then, and a connection that is lost, with or without a quick return. */
  #whim() {
    if (this.resting) return;
    const what = this.random(100);
    if (what < 4 && this.presence === 'available') {
      this.counts.breaks++;
      this.#presence('break');
      this.#later(500 + this.random(2500), () => this.#presence('available'));
    } else if (what < 7) {
      this.counts.drops++;
      const { socket } = this;
      this.socket = null;
      for (const w of this.work.values()) w.resumed = w.flying = false;
      socket?.terminate();
      const away_ms = this.random(3) === 0 ? 2500 + this.random(1500) : 50 + this.random(300); /* longer than the grace time, or a moment */
      this.#later(away_ms, () => this.#open());
    }
  }

  /* One message on its way in each conversation; then what is to become of it. */
  #pump(conversation) {
    const w = this.work.get(conversation);
    if (!w || !this.#holds(w) || !w.resumed || w.flying) return;
    if (w.queue.length > 0) {
      w.flying = true;
      this.#send({ verb: 'say', conversation, counter: w.counter + 1, text: w.queue[0] });
    } else if (w.wants && w.seen >= w.newest) {
      const wants = w.wants;
      w.wants = this.finishing ? 'close' : undefined;
      if (wants === 'close') {
        this.#send({ verb: 'close', conversation, seq: w.seen });
      } else if (wants === 'colleague') {
        this.counts.handed++;
        this.#send({ verb: 'transfer', conversation, agent: this.colleague() });
      } else {
        this.counts.handed++;
        this.#send({ verb: 'transfer', conversation, queue: this.queues[this.random(this.queues.length)] });
      }
    }
  }

  #again(conversation) {
    this.#later(AGAIN_MS, () => {
      const w = this.work.get(conversation);
      if (!w) return;
      w.flying = false;
      if (!w.resumed && this.#holds(w)) this.#resume(conversation);
      this.#pump(conversation);
    });
  }

  #said(conversation, counter, seq) {
    const w = this.work.get(conversation);
    if (counter === w.counter + 1 && w.queue.length > 0) {
      this.acked.push({ conversation, counter, seq, text: w.queue.shift() });
      w.counter = counter;
      w.flying = false;
    }
  }

  #take(frame) {
    const w = this.work.get(frame.conversation);
    if (frame.verb === 'welcome') {
      this.connects++;
      if (frame.role !== 'agent') this.faults.push(`welcomed as ${frame.role}`);
      /* what it holds is told next; what it held before and is not named is no more its own */
      for (const [conversation, each] of this.work) if (!(frame.work ?? []).includes(conversation)) each.state = 'gone';
      this.#presence(this.presence);
    } else if (frame.verb === 'ping') {
      this.#send({ verb: 'pong', n: frame.n });
    } else if (frame.verb === 'conversation') {
      this.#shown(frame);
    } else if (frame.verb === 'presence' && frame.presence === 'missed') {
      this.counts.missed++;
      this.presence = 'missed';
      this.#later(300 + this.random(700), () => this.#presence('available'));
    } else if (frame.verb === 'presence' && frame.presence === 'offline') {
      this.#later(AGAIN_MS, () => this.#presence('available')); /* thought gone, and here again */
    } else if (frame.verb === 'resumed' && w) {
      w.resumed = true;
      w.newest = Math.max(w.newest, frame.seq);
      if (frame.counter > w.counter) this.#said(frame.conversation, w.counter + 1, undefined);
      if (frame.counter > w.counter) this.faults.push(`the broker knows counter ${frame.counter} in ${frame.conversation}; ${w.counter} were said`);
      w.flying = false;
      this.#pump(frame.conversation);
    } else if (frame.verb === 'ack' && w) {
      this.#said(frame.conversation, frame.counter, frame.seq);
      this.#pump(frame.conversation);
    } else if (frame.verb === 'entry' && w) {
      this.#entry(w, frame);
    } else if (frame.verb === 'notice' && frame.code === 'store_back') {
      this.#presence(this.presence);
      for (const conversation of this.mine) this.#again(conversation);
    } else if (frame.verb === 'error') {
      this.#refused(frame, w);
    }
  }

  #shown(frame) {
    let w = this.work.get(frame.conversation);
    if (!w) {
      w = { version: 0, state: '', seen: 0, newest: 0, counter: 0, queue: [], resumed: false, flying: false, wants: undefined };
      this.work.set(frame.conversation, w);
    }
    if (frame.version < w.version) return; /* a lower one than one seen is ignored */
    const before = { held: this.#holds(w), version: w.version };
    Object.assign(w, { version: frame.version, state: frame.state, owner: frame.owner, offered: frame.offered ?? [] });
    if (frame.state === 'active') this.owners.set(`${frame.conversation} ${frame.version}`, frame.owner);
    if (this.#holds(w)) {
      if (!before.held) {
        this.counts.given++;
        if (this.finishing) w.wants = 'close';
      }
      if (w.resumed) this.#pump(frame.conversation);
      else this.#resume(frame.conversation);
    } else {
      w.resumed = w.flying = false;
      if (before.held && frame.state === 'closed') this.counts.closed++;
    }
    if (frame.state === 'offered' && w.offered.includes(this.id) && frame.version > before.version) this.#offered(frame.conversation, frame.version);
    this.#fits();
  }

  /* Most are taken, some are declined, some pass. */
  #offered(conversation, version) {
    const what = this.resting ? 0 : this.random(10);
    if (what > 8) {
      this.counts.passed++;
      return;
    }
    this.#later(20 + this.random(300), () => {
      const w = this.work.get(conversation);
      if (!w || w.version !== version || w.state !== 'offered') return;
      this.counts[what > 7 ? 'declined' : 'accepted']++;
      this.#send({ verb: what > 7 ? 'decline' : 'accept', conversation });
    });
  }

  #load() {
    let load = 0;
    for (const w of this.work.values()) if (this.#holds(w) || (w.state === 'offered' && w.offered.includes(this.id))) load += WEIGHT;
    return load;
  }

  #fits() {
    if (this.#load() <= this.capacity || this.watching) return;
    this.watching = true;
    this.#later(MOMENT_MS, () => {
      this.watching = false;
      if (this.#load() > this.capacity) this.full.push(`${this.id} sees ${this.#load()} of ${this.capacity}: ${this.mine.join(' ')}`);
    });
  }

  #entry(w, entry) {
    w.newest = Math.max(w.newest, entry.seq);
    if (entry.seq > w.seen + 1) {
      w.resumed = false;
      this.#resume(entry.conversation);
    }
    if (entry.seq !== w.seen + 1) return;
    w.seen = entry.seq;
    if (entry.kind === 'message' && entry.from === 'resident') {
      const words = this.answers(this, entry);
      if (words) w.queue.push(words);
      const what = this.random(100);
      if (!this.resting) w.wants ??= what < 20 ? 'close' : what < 22 ? 'colleague' : what < 24 ? 'queue' : undefined;
      this.#whim();
    }
    this.#pump(entry.conversation);
  }

  #refused(frame, w) {
    /* Somebody else's by now, already decided, full, or the resident has said more before it could be closed: all in order. */
    const ordinary = ['forbidden', 'stale', 'bad_state', 'not_found', 'capacity'].includes(frame.code) || frame.retry;
    if (!ordinary) this.faults.push(`${frame.refused}: ${frame.code}`);
    if (w && ['say', 'resume', 'close'].includes(frame.refused)) {
      w.flying = false;
      if (frame.refused === 'close' && this.finishing) w.wants = 'close';
      if (frame.refused === 'resume' && frame.code === 'not_found') w.resumed = false;
      if (this.#holds(w)) this.#again(frame.conversation);
    } else if (frame.retry && frame.refused === 'presence') {
      this.#later(AGAIN_MS, () => this.#presence(this.presence));
    }
  }
}
