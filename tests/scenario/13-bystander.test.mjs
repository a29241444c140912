/* Everything bad at once, from many sides, while two people talk: the broker goes on and they notice nothing. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { encode } from '@msgpack/msgpack';

import { startBroker } from '../lib/broker.mjs';
import { Bystander } from '../lib/bystander.mjs';
import { connect, FORMS, newId } from '../lib/client.mjs';
import { OPCODE, Raw, rawSession, wsFrame } from '../lib/raw.mjs';
import { random } from '../lib/wait.mjs';

const SECONDS = 8;

/* Frames that were good once, with some of their bytes changed. */
function mangled(pick, form) {
  const frames = [
    { verb: 'hello', client: newId(), language: 'nl' },
    { verb: 'start', key: newId(), queue: 'burgerzaken', text: 'tekst' },
    { verb: 'say', conversation: newId(), counter: pick(5), text: 'tekst', channel: 'sms', note: true },
    { verb: 'resume', conversation: newId(), seq: pick(100), token: 'r.x.y.resident.1.zz' },
    { verb: 'history', conversation: newId(), before: 7, last: 3 },
    { verb: 'presence', presence: 'available' },
  ];
  const bytes = Buffer.from(form === 'json' ? JSON.stringify(frames[pick(frames.length)]) : encode(frames[pick(frames.length)]));
  for (let i = pick(4); i > 0; i--) bytes[pick(bytes.length)] = pick(256);
  return pick(5) === 0 ? bytes.subarray(0, pick(bytes.length)) : bytes;
}

const attackers = {
  /* sessions that send changed frames */
  async mangler(broker, pick) {
    const form = FORMS[pick(2)];
    const c = await connect(broker, { form });
    if (pick(2)) await c.hello().catch(() => {});
    for (let i = 0; i < 20 && c.socket.readyState === 1; i++) c.sendRaw(mangled(pick, form), { binary: pick(8) === 0 ? form === 'json' : form === 'msgpack' });
    await Promise.race([c.closed, c.barrier().catch(() => {})]);
    await c.cut();
  },
  /* bytes that are no WebSocket frames */
  async scrambler(broker, pick) {
    const raw = await rawSession(broker, { hello: pick(2) === 0 });
    for (let i = 0; i < 10; i++) raw.write(Buffer.from(Array.from({ length: pick(300) }, () => pick(256))));
    raw.write(wsFrame('{"verb":"ping"}', { opcode: pick(16), fin: pick(2) === 0, masked: pick(2) === 0, rsv: pick(8) }));
    await new Promise((resolve) => setTimeout(resolve, pick(30)));
    raw.end();
  },
  /* bytes that are no HTTP */
  async shouter(broker, pick) {
    const raw = new Raw(broker.port);
    raw.write(['GET ', 'POST /api/sign-in HTTP/1.1\r\n', '\0', 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n'][pick(4)] + 'x'.repeat(pick(5000)));
    await new Promise((resolve) => setTimeout(resolve, pick(30)));
    raw.end();
  },
  /* as fast as the wire takes it */
  async flooder(broker) {
    const c = await connect(broker, { form: 'msgpack' });
    await c.hello();
    for (let i = 0; i < 1500 && c.socket.readyState === 1; i++) c.send({ verb: 'typing', conversation: 'c' });
    await c.closed;
  },
  /* large ones, whole and in pieces */
  async giant(broker, pick) {
    const raw = await rawSession(broker);
    for (let i = 0; i < 30; i++) raw.send('g'.repeat(4000), { opcode: i ? OPCODE.continuation : OPCODE.text, fin: pick(20) === 0 });
    await raw.closeCode({ ms: 3000 }).catch(() => {});
    raw.end();
  },
  /* passwords guessed, one after the other */
  async guesser(broker, pick) {
    const answer = await broker.signIn(`nobody-${pick(5)}`, `guess-${pick(1000)}`);
    assert.ok([401, 429].includes(answer.status));
  },
  /* in and out */
  async visitor(broker) {
    const c = await connect(broker, {});
    await c.hello();
    await c.cut();
  },
};

test('two people talk while the broker is abused in every way we know', async (t) => {
  const broker = await startBroker({ limits: { sessions_per_address: 400 } }, t);
  await broker.addStaff({ id: 'sanne', capacity: 1000, queues: ['belastingen', 'burgerzaken'] });
  const bystander = await new Bystander().start(broker, 'sanne');
  const calm = broker.memoryKb();
  const end = Date.now() + SECONDS * 1000;
  const counts = {};
  const work = Object.entries(attackers).map(async ([name, attack], i) => {
    const pick = random(1000 + i);
    for (counts[name] = 0; Date.now() < end; counts[name]++) {
      await attack(broker, pick).catch((error) => {
        if (error.code === 'ERR_ASSERTION') throw error;
        /* a refused or closed connection is what an attacker should get */
      });
      if (name === 'guesser') await new Promise((resolve) => setTimeout(resolve, 200)); /* each costs a core for a moment */
    }
  });
  await Promise.all(work);
  await bystander.check();
  const exchanges = bystander.said.length;
  await bystander.end();
  t.diagnostic(`${JSON.stringify(counts)}; ${exchanges} exchanges beside it, the slowest ${bystander.slowest.toFixed(0)} ms; memory ${calm} kB before, ${broker.memoryKb()} kB after`);
  assert.ok(Object.values(counts).every((n) => n > 0));
  assert.ok(exchanges > 20);
  assert.ok(bystander.slowest < 3000, `${bystander.slowest} ms`);
});
