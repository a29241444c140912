/* WebSocket: malformed, too large, too fast, too slow, too many. Each gets its error frame or its close code; two bystanders notice nothing. */
import assert from 'node:assert/strict';
import test, { after, afterEach, before } from 'node:test';

import { encode } from '@msgpack/msgpack';

import { startBroker } from '../../lib/broker.mjs';
import { Bystander } from '../../lib/bystander.mjs';
import { connect, newId, resident } from '../../lib/client.mjs';
import { OPCODE, Raw, rawSession, wsFrame } from '../../lib/raw.mjs';
import { until } from '../../lib/wait.mjs';

let broker;
let bystander;
before(async () => {
  broker = await startBroker({ limits: { sessions_per_address: 40, sessions_max: 60, heartbeat_ms: 1500, send_kb_max: 256 } });
  await broker.addStaff({ id: 'sanne', capacity: 100 });
  bystander = await new Bystander().start(broker, 'sanne');
});
afterEach(() => bystander.check());
after(async () => {
  try {
    await bystander?.end();
  } finally {
    await broker?.close();
  }
});

/* --- what is in a frame ----------------------------------------------------------------------------------------------------------------- */

const badJson = {
  nothing: ['', 'bad_frame'],
  'no JSON': ['hello', 'bad_frame'],
  'half of it': ['{"verb":"ping"', 'bad_frame'],
  'more than one': ['{"verb":"ping"}{"verb":"ping"}', 'bad_frame'],
  'a list': ['[1,2,3]', 'bad_frame'],
  'a number': ['42', 'bad_frame'],
  'no verb': ['{"n":1}', 'bad_frame'],
  'a verb that is no text': ['{"verb":7}', 'bad_frame'],
  'an unknown verb': ['{"verb":"fly"}', 'unknown_verb'],
  'an empty verb': ['{"verb":""}', 'unknown_verb'],
  'a number where text belongs': ['{"verb":"typing","conversation":7}', 'bad_field', 'conversation'],
  'text where a number belongs': ['{"verb":"ping","n":"7"}', 'bad_field', 'n'],
  'a broken number': ['{"verb":"ping","n":1.5}', 'bad_field', 'n'],
  'a negative number': ['{"verb":"ping","n":-1}', 'bad_field', 'n'],
  'a number past 2^53': ['{"verb":"ping","n":9007199254740993}', 'bad_field', 'n'],
  'a list where a truth belongs': [`{"verb":"say","conversation":"c","counter":1,"text":"x","note":[]}`, 'bad_field', 'note'],
  'an id that is too long': [`{"verb":"typing","conversation":"${'c'.repeat(65)}"}`, 'too_large', 'conversation'],
  'nested without end': [`{"verb":"ping","x":${'['.repeat(2000)}${']'.repeat(2000)}}`, 'bad_frame'],
};

const badMsgpack = {
  nothing: [Buffer.alloc(0), 'bad_frame'],
  'a byte of no type': [Buffer.from([0xc1]), 'bad_frame'],
  'half a map': [Buffer.from([0x82, 0xa4, 0x76, 0x65]), 'bad_frame'],
  'a map of four thousand million': [Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]), 'bad_frame'],
  'a text of four thousand million': [Buffer.from([0x81, 0xa4, 0x76, 0x65, 0x72, 0x62, 0xdb, 0xff, 0xff, 0xff, 0xff]), 'bad_frame'],
  'trailing bytes': [Buffer.concat([encode({ verb: 'ping' }), Buffer.from([0xc0])]), 'bad_frame'],
  'a list': [encode([1, 2]), 'bad_frame'],
  'keys that are numbers': [Buffer.from([0x81, 0x01, 0x02]), 'bad_frame'],
  'an unknown verb': [encode({ verb: 'fly' }), 'unknown_verb'],
  'bytes where text belongs': [encode({ verb: 'typing', conversation: new Uint8Array([1, 2]) }), 'bad_field', 'conversation'],
  'a text that is not UTF-8': [Buffer.concat([encode({ verb: 'typing' }).map((b, i) => (i === 0 ? 0x82 : b)), Buffer.from([0xac]), Buffer.from('conversation'), Buffer.from([0xa2, 0xc3, 0x28])]), 'bad_utf8', 'conversation'],
  'nested without end': [Buffer.concat([Buffer.from([0x82, 0xa4]), Buffer.from('verb'), Buffer.from([0xa4]), Buffer.from('ping'), Buffer.from([0xa1, 0x78]), Buffer.alloc(5000, 0x91), Buffer.from([0xc0])]), 'bad_frame'],
};

for (const [form, cases] of [['json', badJson], ['msgpack', badMsgpack]]) {
  test(`${form}: what cannot be read is refused by name, and the session goes on`, async (t) => {
    let c = await resident(broker, { form }, t);
    let used = 0;
    for (const [what, [bytes, code, field]] of Object.entries(cases)) {
      if (++used % 8 === 0) c = await resident(broker, { form }, t); /* ten in a minute are forgiven */
      c.sendRaw(bytes);
      const error = await c.wait('error', { name: `an error for ${what}` });
      assert.equal(error.code, code, what);
      if (field) assert.equal(error.field, field, what);
      assert.match(error.text, /\S/);
      await c.barrier();
    }
  });

  test(`${form}: who sends nothing but rubbish is closed`, async (t) => {
    const c = await resident(broker, { form }, t);
    for (let i = 0; i < 12; i++) c.sendRaw('{{{{');
    assert.equal((await c.closed).code, 4400);
  });
}

test('a form that is not the one agreed on is refused', async (t) => {
  const json = await resident(broker, { form: 'json' }, t);
  json.sendRaw(encode({ verb: 'ping' }), { binary: true });
  assert.equal((await json.wait('error')).code, 'bad_frame');
  const msgpack = await resident(broker, { form: 'msgpack' }, t);
  msgpack.sendRaw('{"verb":"ping"}', { binary: false });
  assert.equal((await msgpack.wait('error')).code, 'bad_frame');
});

test('text that is not UTF-8 ends a JSON session or is refused; nothing of it is kept', async () => {
  const raw = await rawSession(broker);
  raw.send(Buffer.concat([Buffer.from('{"verb":"typing","conversation":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
  const frame = await raw.frame().catch(() => null);
  if (frame && frame.opcode === OPCODE.text) assert.ok(['bad_utf8', 'bad_frame'].includes(JSON.parse(frame.payload).code));
  else assert.ok(!frame || frame.payload.readUInt16BE(0) === 1007, 'RFC 6455, section 8.1');
  raw.end();
});

test('too large, in one frame or in many, closes with 4413', async (t) => {
  const one = await resident(broker, {}, t);
  one.sendRaw(JSON.stringify({ verb: 'say', conversation: 'c', counter: 1, text: 'x'.repeat(70000) }));
  assert.equal((await one.wait('error')).code, 'too_large');
  assert.equal((await one.closed).code, 4413);

  const many = await rawSession(broker);
  many.send('{"verb":"ping","x":"', { fin: false });
  for (let i = 0; i < 20; i++) many.send('y'.repeat(4000), { opcode: OPCODE.continuation, fin: false });
  assert.equal(await many.closeCode(), 4413);
  many.end();

  const liar = await rawSession(broker); /* announces 2^40 bytes */
  liar.send('{"verb"', { length: 2 ** 40 });
  for (let i = 0; i < 20; i++) liar.write(Buffer.alloc(4096, 0x41));
  assert.ok([4413, 1009, 1002, 1006].includes(await liar.closeCode()));
  liar.end();
});

test('a message in many small pieces is one message', async () => {
  const raw = await rawSession(broker);
  const whole = '{"verb":"ping","n":77}';
  [...whole].forEach((letter, i) => raw.send(letter, { opcode: i ? OPCODE.continuation : OPCODE.text, fin: i === whole.length - 1 }));
  assert.deepEqual(JSON.parse((await raw.frame()).payload), { verb: 'pong', n: 77 });
  /* a ping of the protocol in between changes nothing */
  raw.send(whole.slice(0, 9), { fin: false });
  raw.send('hi', { opcode: OPCODE.ping });
  raw.send(whole.slice(9), { opcode: OPCODE.continuation });
  const got = [await raw.frame(), await raw.frame()];
  assert.deepEqual(got.map((f) => f.opcode).sort(), [OPCODE.text, OPCODE.pong]);
  assert.equal(got.find((f) => f.opcode === OPCODE.pong).payload.toString(), 'hi');
  raw.end();
});

test('bytes split anywhere are put together', async () => {
  const raw = await rawSession(broker);
  const frame = wsFrame('{"verb":"ping","n":5}');
  for (const byte of frame) {
    raw.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(JSON.parse((await raw.frame()).payload).n, 5);
  raw.end();
});

/* --- the protocol beneath --------------------------------------------------------------------------------------------------------------- */

const protocolFaults = {
  'reserved bits': wsFrame('{"verb":"ping"}', { rsv: 7 }),
  'an unknown opcode': wsFrame('x', { opcode: 5 }),
  'a continuation of nothing': wsFrame('x', { opcode: OPCODE.continuation }),
  'a ping in pieces': wsFrame('x', { opcode: OPCODE.ping, fin: false }),
  'a ping that is too long': wsFrame('x'.repeat(126), { opcode: OPCODE.ping }),
};
for (const [what, bytes] of Object.entries(protocolFaults)) {
  test(`${what} ends the connection`, async () => {
    const raw = await rawSession(broker);
    raw.write(bytes);
    raw.send('{"verb":"ping","n":1}');
    assert.ok([1002, 1006, 1000].includes(await raw.closeCode()), what);
    raw.end();
  });
}

test('a frame without its mask is as harmless as one with it', async () => {
  const raw = await rawSession(broker); /* libwebsockets 4.1 does not insist on masks (RFC 6455, section 5.1); 4.3 may */
  raw.send('{"verb":"ping","n":3}', { masked: false });
  const frame = await raw.frame().catch(() => null);
  assert.ok(!frame || frame.opcode === OPCODE.close || JSON.parse(frame.payload).n === 3);
  raw.end();
});

test('a close is answered with a close', async () => {
  const raw = await rawSession(broker);
  raw.send(Buffer.from([0x03, 0xe8]), { opcode: OPCODE.close });
  const frame = await raw.frame();
  assert.equal(frame.opcode, OPCODE.close);
  await raw.closed;
});

/* --- upgrades --------------------------------------------------------------------------------------------------------------------------- */

const refusedUpgrades = {
  'another subprotocol': [{ 'Sec-WebSocket-Protocol': 'loket.2.json' }, 400],
  'the name of the library\'s own protocol': [{ 'Sec-WebSocket-Protocol': 'http' }, 400],
  'no subprotocol': [{ 'Sec-WebSocket-Protocol': null }, 400],
  'another version': [{ 'Sec-WebSocket-Version': '8' }, 400],
  'no key': [{ 'Sec-WebSocket-Key': null }, 400],
  'a short key': [{ 'Sec-WebSocket-Key': 'AAAA' }, 400],
  'another origin': [{ Origin: 'https://evil.example' }, 403],
  'an upgrade to h2c': [{ Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA', Connection: 'Upgrade, HTTP2-Settings' }, 400],
  'an upgrade to something else': [{ Upgrade: 'TLS/1.0' }, 400],
  'another path': [{}, 404, '/socket'],
};
for (const [what, [headers, status, path]] of Object.entries(refusedUpgrades)) {
  test(`${what} is not upgraded`, async () => {
    const raw = new Raw(broker.port);
    const answer = await raw.upgrade({ Host: `127.0.0.1:${broker.port}`, ...headers }, { path }).catch(() => ({ status: 'closed' }));
    assert.ok([status, 403, 'closed'].includes(answer.status), `${what}: ${answer.status}`);
    if (answer.status !== 'closed') await raw.closed;
    raw.end();
  });
}

test('HTTP/2 with prior knowledge is not spoken', async () => {
  const raw = new Raw(broker.port);
  raw.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  raw.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  await raw.closed;
  assert.doesNotMatch(raw.text, /^\0\0/);
});

/* --- speed and silence ------------------------------------------------------------------------------------------------------------------ */

test('too fast: refused one by one, then closed with 4429', async (t) => {
  const c = await resident(broker, {}, t);
  for (let i = 0; i < 100; i++) c.send({ verb: 'typing', conversation: 'c' });
  c.send({ verb: 'ping', n: 1 });
  const first = await c.wait((f) => f.verb === 'error' && f.code === 'too_fast');
  assert.equal(first.retry, true);
  for (let i = 0; i < 1200; i++) c.send({ verb: 'typing', conversation: 'c' });
  assert.equal((await c.closed).code, 4429);
});

test('who slows down is served again', async (t) => {
  const c = await resident(broker, {}, t);
  for (let i = 0; i < 150; i++) c.send({ verb: 'typing', conversation: 'c' });
  await c.wait((f) => f.verb === 'error' && f.code === 'too_fast');
  await until('the limit to let through again', async () => {
    c.send({ verb: 'ping', n: 9 });
    const answer = await c.wait((f) => (f.verb === 'pong' && f.n === 9) || (f.verb === 'error' && f.refused === 'ping'));
    return answer.verb === 'pong';
  }, { ms: 5000, every: 100 });
});

test('silence is asked about, and closed with 4408', async (t) => {
  const at = performance.now();
  const silent = await resident(broker, { pong: false }, t);
  assert.equal((await silent.closed).code, 4408);
  const took = performance.now() - at;
  assert.ok(took >= 2900 && took < 6000, `${took} ms`); /* two intervals of 1.5 s */
  assert.ok(silent.frames.some((f) => f.verb === 'ping'));
});

test('who answers the pings stays', async (t) => {
  const c = await resident(broker, {}, t);
  await until('five pings', () => c.frames.filter((f) => f.verb === 'ping').length >= 5, { ms: 15000 });
  await c.barrier();
});

test('a connection that never says hello is closed', async () => {
  const raw = await rawSession(broker, { hello: false });
  assert.equal(await raw.closeCode({ ms: 20000 }), 4401);
  raw.end();
});

/* --- a reader that does not read -------------------------------------------------------------------------------------------------------- */

test('a slow reader is closed with 4008, costs little, and gets the rest when it comes back', async (t) => {
  /* a small quarantine, so that what a sanitizer holds back is not taken for the broker's */
  const own = await startBroker({ limits: { frames_per_s: 5000, frames_burst: 5000, send_kb_max: 256 }, env: { ASAN_OPTIONS: 'exitcode=99:quarantine_size_mb=4' } }, t);
  const r = await resident(own, {}, t);
  const { conversation, token } = await r.start({ text: 'lang' });
  const text = 'w'.repeat(16000);
  const slow = await rawSession(own);
  slow.send(JSON.stringify({ verb: 'resume', conversation, token }));
  await slow.frame();
  slow.socket.pause();
  await r.say(conversation, text);
  const before = own.memoryKb();
  let seq = 0;
  let most = 0;
  for (let i = 0; i < 800; i++) { /* 12.8 MB for a reader who reads nothing: past every buffer of the kernel */
    seq = (await r.say(conversation, text)).seq;
    if (i % 50 === 0) most = Math.max(most, own.memoryKb() - before);
  }
  t.diagnostic(`memory grew by at most ${most} kB`);
  assert.ok(most < 8 * 1024, `${most} kB`);
  slow.socket.resume();
  assert.equal(await slow.closeCode({ ms: 30000 }), 4008);
  slow.end();
  const back = await resident(own, {}, t);
  await back.resume(conversation, { token, seq: seq - 200 });
  await back.until(conversation, seq, { ms: 30000 });
  back.assertOrder();
});

/* --- too many --------------------------------------------------------------------------------------------------------------------------- */

test('one address has so many sessions and no more; others still come in', async (t) => {
  const address = { 'x-forwarded-for': '203.0.113.7' }; /* as our own proxy on the loopback says */
  const many = await Promise.all(Array.from({ length: 40 }, () => connect(broker, { headers: address }, t)));
  await assert.rejects(connect(broker, { headers: address }, t), { status: 503 });
  const other = await connect(broker, { headers: { 'x-forwarded-for': '203.0.113.8' } }, t);
  await other.hello();
  await many[0].cut();
  await until('the place to be free again', () => connect(broker, { headers: address }, t).catch(() => null));
});

test('past sessions_max nobody comes in until somebody leaves', async (t) => {
  const all = [];
  for (let i = 0; i < 70; i++) {
    const c = await connect(broker, { headers: { 'x-forwarded-for': `198.51.100.${i}` } }, t).catch((error) => error);
    all.push(c);
  }
  const refused = all.filter((c) => c instanceof Error);
  assert.ok(refused.length >= 10);
  assert.ok(refused.every((error) => error.status === 503));
  await Promise.all(all.filter((c) => !(c instanceof Error)).map((c) => c.cut()));
  await until('a place', () => resident(broker, {}, t).catch(() => null));
});

test('hundreds of half-open connections are in nobody\'s way', async (t) => {
  const half = Array.from({ length: 400 }, (_, i) => {
    const raw = new Raw(broker.port);
    if (i % 4 === 1) raw.write('GET /ws HT');
    if (i % 4 === 2) raw.write('GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: webso');
    if (i % 4 === 3) raw.write('POST /api/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"user"');
    return raw;
  });
  await bystander.check();
  const r = await resident(broker, {}, t);
  await r.start({ text: 'ik kom er gewoon in', key: newId() });
  half.forEach((raw) => raw.end());
});
