/* A resident's program as proto/PROTOCOL.md asks for: it numbers its messages, keeps what has no ack, connects again by itself, resumes from the last
 * number it saw, and repeats what has no ack under the same counter. It remembers every ack it ever heard: that is what a test holds the broker to. */
import { decode, encode } from '@msgpack/msgpack';
import WebSocket from 'ws';

import { newId } from '../lib/client.mjs';

const AGAIN_MS = 100;

export class Resident {
  /* @url: WebSocket address, or what gives one at each connect. @dropping: forget what `resumed` says is on disk, else repeat it and wait for its ack
   * (both are allowed). @window: says without an ack at one time. */
  constructor({ url, name, queue = 'burgerzaken', form = 'msgpack', window = 32, dropping = true }) {
    Object.assign(this, { url, name, queue, form, window, dropping });
    this.client = newId();
    this.key = newId();
    this.texts = []; /* counter n is texts[n - 1] */
    this.acked = 0; /* all counters up to here */
    this.acks = new Map(); /* counter → seq, as heard */
    this.sent = 0; /* highest counter on its way on this connection */
    this.ever = 0; /* highest counter that ever left */
    this.repeated = 0; /* says that left again */
    this.told = 0; /* acked by `resumed` alone: the ack was lost */
    this.entries = new Map();
    this.seen = 0; /* last number without a gap */
    this.newest = 0; /* highest number heard of */
    this.faults = [];
    this.epochs = new Set();
    this.connects = 0;
    this.wanted = false;
    this.hears = null; /* called at each ack */
  }

  say(...texts) {
    this.texts.push(...texts);
    this.#pump();
  }

  get unacked() {
    return this.texts.length - this.acked;
  }

  connect() {
    this.wanted = true;
    this.#open();
  }

  /* Ends the connection; what has no ack stays. Resolves when the socket is gone. */
  leave() {
    this.wanted = false;
    clearTimeout(this.timer);
    const { socket } = this;
    if (!socket || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('close', resolve);
      socket.terminate();
    });
  }

  /* From now on the view is built anew from the log. */
  forget() {
    this.entries = new Map();
    this.seen = this.newest = 0;
  }

  #open() {
    this.welcomed = this.starting = this.resumed = false;
    this.sent = this.acked;
    const url = typeof this.url === 'function' ? this.url() : this.url;
    const headers = { origin: url.replace(/^ws(.*)\/ws$/, 'http$1') };
    const socket = new WebSocket(url, `loket.1.${this.form}`, { perMessageDeflate: false, handshakeTimeout: 4000, headers });
    this.socket = socket;
    socket.on('open', () => this.#send({ verb: 'hello', client: this.client, language: 'nl' }));
    socket.on('error', () => {}); /* `close` follows */
    socket.on('close', () => {
      if (this.socket === socket) {
        this.welcomed = this.resumed = false;
        if (this.wanted) this.timer = setTimeout(() => this.#open(), AGAIN_MS);
      }
    });
    socket.on('message', (data, binary) => {
      if (this.socket === socket) this.#take(binary ? decode(data) : JSON.parse(data.toString()));
    });
  }

  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(this.form === 'json' ? JSON.stringify(frame) : encode(frame, { ignoreUndefined: true }));
  }

  #begin() {
    if (this.conversation) {
      this.#send({ verb: 'resume', conversation: this.conversation, seq: this.seen, token: this.token });
    } else if (this.texts.length > 0 && !this.starting) {
      this.starting = true;
      this.#send({ verb: 'start', key: this.key, queue: this.queue, text: this.texts[0], name: this.name });
    }
  }

  /* Everything without an ack goes again, in order, a little later. */
  #again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.sent = this.acked;
      this.starting = false;
      if (this.resumed) this.#pump();
      else this.#begin();
    }, AGAIN_MS);
  }

  #pump() {
    if (!this.conversation) {
      if (this.welcomed) this.#begin();
      return;
    }
    while (this.resumed && this.sent < this.texts.length && this.sent - this.acked < this.window) {
      this.sent++;
      if (this.sent <= this.ever) this.repeated++;
      else this.ever = this.sent;
      this.#send({ verb: 'say', conversation: this.conversation, counter: this.sent, text: this.texts[this.sent - 1] });
    }
  }

  #ack(counter, seq) {
    const before = this.acks.get(counter);
    if (before !== undefined && before !== seq) this.faults.push(`counter ${counter} was acked as ${before} and as ${seq}`);
    if (before === undefined) this.acks.set(counter, seq);
    this.newest = Math.max(this.newest, seq); /* its entry comes after its ack */
    if (counter > this.acked) this.acked = counter;
    this.sent = Math.max(this.sent, this.acked);
    this.hears?.(counter);
  }

  #take(frame) {
    const own = frame.conversation === this.conversation;
    if (frame.verb === 'welcome') {
      this.welcomed = true;
      this.connects++;
      if (frame.epoch) this.epochs.add(frame.epoch);
      this.#begin();
    } else if (frame.verb === 'ping') {
      this.#send({ verb: 'pong', n: frame.n });
    } else if (frame.verb === 'started') {
      this.conversation = frame.conversation;
      this.token = frame.token;
      this.#ack(1, frame.seq);
      this.#begin();
    } else if (frame.verb === 'resumed' && own) {
      this.resumed = true;
      this.starting = false;
      if (this.dropping) {
        if (frame.counter > this.texts.length) this.faults.push(`the broker knows counter ${frame.counter}; ${this.texts.length} were said`);
        this.told += Math.max(0, frame.counter - this.acked);
        this.acked = Math.max(this.acked, frame.counter);
        this.sent = Math.max(this.sent, this.acked);
        this.hears?.(this.acked);
      }
      this.newest = Math.max(this.newest, frame.seq);
      this.#pump();
    } else if (frame.verb === 'ack' && own) {
      this.#ack(frame.counter, frame.seq);
      this.#pump();
    } else if (frame.verb === 'entry' && own) {
      this.#entry(frame);
    } else if (frame.verb === 'notice' && frame.code === 'store_back') {
      this.#again();
    } else if (frame.verb === 'error') {
      if (!frame.retry) {
        this.faults.push(`${frame.refused}: ${frame.code}`);
        this.refused = frame;
      }
      else this.#again();
    }
  }

  #entry(frame) {
    if (frame.seq === this.seen + 1) {
      this.seen = frame.seq;
      this.entries.set(frame.seq, frame);
      this.grows?.(frame);
    } else if (frame.seq > this.seen + 1) {
      this.gaps = (this.gaps ?? 0) + 1;
      this.#send({ verb: 'resume', conversation: this.conversation, seq: this.seen, token: this.token });
    }
  }
}
