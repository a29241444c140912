/* An agent's program: follows what it is given, reads every entry once, answers some, closes some; comes back by itself and repeats what has no ack. */
import WebSocket from 'ws';

import { newId } from '../lib/client.mjs';

const AGAIN_MS = 150;

export class Agent {
  /* @answers(entry): words, or nothing; @closes(entry): whether the work is done after this one. */
  constructor({ url, cookie, answers, closes }) {
    Object.assign(this, { url, cookie, answers, closes, client: newId() });
    this.work = new Map(); /* conversation → { seen, newest, counter, queue: [words], mine, resumed, closing } */
    this.acked = []; /* { conversation, counter, seq, text } */
    this.faults = [];
    this.connects = 0;
    this.wanted = false;
  }

  connect() {
    this.wanted = true;
    this.#open();
  }

  async leave() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.socket?.terminate();
  }

  /* Words that have no ack yet, in conversations that this agent still holds. */
  get unsaid() {
    return [...this.work.values()].reduce((sum, w) => sum + (w.mine ? w.queue.length : 0), 0);
  }

  #open() {
    const socket = new WebSocket(this.url, 'loket.1.json', { perMessageDeflate: false, headers: { origin: this.url.replace(/^ws(.*)\/ws$/, 'http$1'), cookie: this.cookie } });
    this.socket = socket;
    for (const w of this.work.values()) w.resumed = w.flying = false;
    socket.on('open', () => this.#send({ verb: 'hello', client: this.client, language: 'nl' }));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.socket === socket && this.wanted) this.timer = setTimeout(() => this.#open(), AGAIN_MS);
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

  /* One message on its way in each conversation: the next has the next counter only when this one is acked. */
  #pump(conversation) {
    const w = this.work.get(conversation);
    if (!w?.mine || !w.resumed || w.flying) return;
    if (w.queue.length > 0) {
      w.flying = true;
      this.#send({ verb: 'say', conversation, counter: w.counter + 1, text: w.queue[0] });
    } else if (w.closing) {
      w.closing = false;
      this.#send({ verb: 'close', conversation, seq: w.seen });
    }
  }

  #again(conversation) {
    setTimeout(() => {
      const w = this.work.get(conversation);
      if (w) w.flying = false;
      if (w && !w.resumed) this.#resume(conversation);
      this.#pump(conversation);
    }, AGAIN_MS);
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
      this.#send({ verb: 'presence', presence: 'available' });
    } else if (frame.verb === 'ping') {
      this.#send({ verb: 'pong', n: frame.n });
    } else if (frame.verb === 'conversation') {
      this.#given(frame);
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
      this.#send({ verb: 'presence', presence: 'available' });
      for (const [conversation, each] of this.work) if (each.mine) this.#again(conversation);
    } else if (frame.verb === 'error') {
      this.#refused(frame, w);
    }
  }

  #given(frame) {
    const mine = frame.state === 'active' && frame.owner === this.id;
    let w = this.work.get(frame.conversation);
    if (!w && mine) {
      w = { seen: 0, newest: 0, counter: 0, queue: [], mine: false, resumed: false, flying: false, closing: false };
      this.work.set(frame.conversation, w);
    }
    if (!w) return;
    w.mine = mine;
    if (mine && !w.resumed) this.#resume(frame.conversation);
    else this.#pump(frame.conversation);
  }

  #entry(w, entry) {
    if (entry.seq > w.seen + 1) {
      w.resumed = false;
      this.#resume(entry.conversation);
    }
    if (entry.seq !== w.seen + 1) return;
    w.seen = entry.seq;
    if (entry.kind === 'message' && entry.from === 'resident') {
      const words = this.answers(entry);
      if (words) w.queue.push(words);
      w.closing ||= this.closes(entry);
      this.#pump(entry.conversation);
    }
  }

  #refused(frame, w) {
    /* Somebody else's by now, or the resident has said more before it could be closed: both are in order. */
    const ordinary = ['forbidden', 'stale', 'bad_state', 'not_found'].includes(frame.code) || frame.retry;
    if (!ordinary) this.faults.push(`${frame.refused}: ${frame.code}`);
    if (w && (frame.refused === 'say' || frame.refused === 'resume')) {
      w.flying = false;
      if (frame.code === 'forbidden') w.mine = false;
      else this.#again(frame.conversation);
    } else if (frame.retry && frame.refused === 'presence') {
      setTimeout(() => this.#send({ verb: 'presence', presence: 'available' }), AGAIN_MS);
    }
  }
}
