/* Bytes on a socket, for what no honest client sends: WebSocket frames made by hand (RFC 6455, section 5.2) and HTTP as it is typed. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';

import { until } from './wait.mjs';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/* One frame. @masked false is what a client must never send. @length lies about the length when it is given. */
export function wsFrame(payload, { opcode = OPCODE.text, fin = true, masked = true, length, rsv = 0 } = {}) {
  const body = Buffer.from(payload);
  const n = length ?? body.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  if (n < 126) head.push(n);
  else if (n < 65536) head.push(126, n >> 8, n & 255);
  else head.push(127, ...Array.from({ length: 8 }, (_, i) => Number((BigInt(n) >> BigInt(56 - 8 * i)) & 255n)));
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  head[1] |= 0x80;
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.from(head), mask, body.map((byte, i) => byte ^ mask[i % 4])]);
}

export class Raw {
  constructor(port, { paused = false } = {}) {
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.socket = net.connect({ port, host: '127.0.0.1' });
    this.socket.on('data', (piece) => (this.bytes = Buffer.concat([this.bytes, piece])));
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve((this.ended = true))));
    if (paused) this.socket.pause();
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  get text() {
    return this.bytes.toString('latin1');
  }

  /* The next whole HTTP answer: { status, headers, body }. */
  async answer({ ms = 5000, head = false } = {}) {
    return until('an HTTP answer', () => {
      const end = this.text.indexOf('\r\n\r\n');
      if (end < 0) {
        if (this.ended) throw new Error(`closed after ${JSON.stringify(this.text.slice(0, 200))}`);
        return null;
      }
      const [first, ...lines] = this.text.slice(0, end).split('\r\n');
      const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
      const status = Number(first.split(' ')[1]);
      const n = head || status === 304 || status === 204 || status === 101 ? 0 : Number(headers['content-length'] ?? 0);
      if (this.bytes.length < end + 4 + n) return null;
      const body = this.bytes.subarray(end + 4, end + 4 + n).toString('utf8');
      this.bytes = this.bytes.subarray(end + 4 + n);
      return { status, headers, body };
    }, { ms, every: 5 });
  }

  /* The upgrade to WebSocket; gives the answer. @headers replace (null: leave out). */
  async upgrade(headers = {}, options) {
    const all = {
      Host: `127.0.0.1:${this.socket.remotePort ?? ''}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Protocol': 'loket.1.json',
      ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== null).map(([key, value]) => `${key}: ${value}\r\n`);
    this.write(`GET ${options?.path ?? '/ws'} HTTP/1.1\r\n${lines.join('')}\r\n`);
    return this.answer();
  }

  send(payload, options) {
    this.write(wsFrame(payload, options));
  }

  /* The next frame of the server: { opcode, payload }. */
  async frame({ ms = 5000 } = {}) {
    return until('a WebSocket frame', () => {
      const b = this.bytes;
      if (b.length >= 2) {
        let n = b[1] & 127;
        let at = 2;
        if (n === 126 && b.length >= 4) [n, at] = [b.readUInt16BE(2), 4];
        else if (n === 127 && b.length >= 10) [n, at] = [Number(b.readBigUInt64BE(2)), 10];
        else if (n >= 126) at = Infinity;
        if (b.length >= at + n) {
          this.bytes = b.subarray(at + n);
          return { opcode: b[0] & 15, payload: Buffer.from(b.subarray(at, at + n)) };
        }
      }
      if (this.ended) throw new Error('the connection is closed');
      return null;
    }, { ms, every: 5 });
  }

  /* The code of the close frame, with the frames before it left unread in `said`; 1006 when the connection ends without one. */
  async closeCode({ ms = 15000 } = {}) {
    this.said = [];
    for (;;) {
      let frame;
      try {
        frame = await this.frame({ ms });
      } catch (error) {
        if (this.ended) return 1006;
        throw error;
      }
      if (frame.opcode === OPCODE.close) {
        this.write(wsFrame(frame.payload, { opcode: OPCODE.close }));
        return frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
      }
      if (frame.opcode === OPCODE.text) this.said.push(JSON.parse(frame.payload.toString()));
    }
  }

  end() {
    this.socket.destroy();
  }
}

/* A raw JSON session that has said hello. */
export async function rawSession(broker, { hello = true, headers = {}, ...options } = {}) {
  const raw = new Raw(broker.port, options);
  const { status } = await raw.upgrade({ Host: `127.0.0.1:${broker.port}`, ...headers });
  if (status !== 101) throw new Error(`the upgrade was answered with ${status}`);
  if (hello) {
    raw.send(JSON.stringify({ verb: 'hello', client: 'raw0raw0raw0raw0raw0' }));
    await raw.frame(); /* welcome */
  }
  return raw;
}
