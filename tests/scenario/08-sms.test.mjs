/* Text messages in and out, with a real Kannel and its fake SMSC. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { staff } from '../lib/client.mjs';
import { startSms } from '../lib/parts.mjs';
import { freePort, until } from '../lib/wait.mjs';

const DESK = '+3197005001';
let sms;
let broker;
let a;
before(async () => {
  const port = await freePort();
  sms = await startSms({ hookUrl: `http://127.0.0.1:${port}`, secret: 'hook-key-for-this-test' });
  broker = await startBroker({ port, sms: [sms.number(DESK, 'belastingen')] });
  await broker.addStaff({ id: 'joost', name: 'Joost', capacity: 100 });
  a = await staff(broker, 'joost');
});
after(async () => {
  a?.assertOrder();
  await broker?.close();
  await sms?.close();
});

test('a text becomes a conversation, and the answer a text', async () => {
  await sms.text('+31612340001', DESK, 'Is mijn aanslag al binnen?');
  const got = await a.assigned();
  assert.deepEqual([got.queue, got.channel, got.preview], ['belastingen', 'sms', 'Is mijn aanslag al binnen?']);
  assert.deepEqual(got.addresses, [{ channel: 'sms', address: '+31612340001' }]);
  await a.catchUp(got.conversation);
  const said = await a.say(got.conversation, 'Ja, gisteren ontvangen.');
  await sms.phone(/Ja, gisteren ontvangen\./);
  await a.entry(got.conversation, (e) => e.kind === 'receipt' && e.of === said.seq && e.state === 'delivered', { ms: 20000 });
  const states = a.entries(got.conversation).filter((e) => e.kind === 'receipt').map((e) => e.state);
  assert.deepEqual(states.slice(-1), ['delivered']);
  assert.ok(states.every((state) => ['sent', 'delivered'].includes(state)), states.join());
  assert.equal(sms.phoneLog().split('Ja, gisteren ontvangen.').length - 1, 1, 'sent once');
});

test('a national number and an international one are one resident', async () => {
  await sms.text('+31612340002', DESK, 'een');
  const got = await a.assigned();
  await a.catchUp(got.conversation);
  await sms.text('0031612340002', DESK, 'twee');
  await a.entry(got.conversation, (e) => e.text === 'twee');
});

test('every script, emoji and long texts come in whole', async () => {
  const texts = ['Café, één, €, ñ, ß', 'Привет', 'مرحبا', '👋🏽 tot ziens 🇳🇱', `lang: ${'0123456789 '.repeat(40)}einde`, `lang en bijzonder: ${'één € '.repeat(30)}😀 einde`];
  let n = 0;
  for (const text of texts) {
    await sms.text(`+3161235000${n++}`, DESK, text);
    const got = await a.assigned();
    await a.catchUp(got.conversation);
    assert.equal(a.entries(got.conversation)[0].text, text);
  }
});

test('every script, emoji and long texts go out whole', async () => {
  await sms.text('+31612340003', DESK, 'vertel');
  const got = await a.assigned();
  await a.catchUp(got.conversation);
  const texts = ['Café à la crème', 'Привет 👋🏽', `gsm ${'abcdefghij '.repeat(40)}slot`, `ucs ${'één 😀 '.repeat(40)}slot`];
  for (const text of texts) {
    const from = sms.phoneLog().length;
    const said = await a.say(got.conversation, text);
    await a.entry(got.conversation, (e) => e.kind === 'receipt' && e.of === said.seq && e.state === 'delivered', { ms: 20000 });
    const shown = await until('the whole text on the phone', () => {
      const whole = phoneText(sms.phoneLog().slice(from));
      return whole === text && whole;
    }).catch(() => phoneText(sms.phoneLog().slice(from)));
    assert.equal(shown, text, sms.phoneLog().slice(from));
  }
});

/* What the phone showed, parts put together: "Got message N: <FROM TO [udh UDH] TYPE TEXT>". */
function phoneText(log) {
  const parts = [...log.matchAll(/Got message \d+: <\S+ \S+ (?:udh \S+ )?(\S+) (.*)>\n/g)].map(([, type, text]) => {
    if (type === 'text') return Buffer.from(text);
    if (type === 'data' || type === 'ucs-2') return Buffer.from(decodeBytes(text));
    throw new Error(`unknown kind of text ${type}`);
  });
  const bytes = Buffer.concat(parts); /* a pair of surrogates may stand in two parts */
  return bytes.includes(0) ? bytes.swap16().toString('utf16le') : bytes.toString('utf8');
}

function decodeBytes(s) {
  const out = [];
  for (let i = 0; i < s.length; i++) {
    if (s[i] === '%') {
      out.push(parseInt(s.slice(i + 1, i + 3), 16));
      i += 2;
    } else out.push(s[i] === '+' ? 0x20 : s.charCodeAt(i));
  }
  return out;
}

test('the hook takes nothing without its key, and nothing that is no text', async () => {
  const hook = (path) => fetch(`${broker.url}/hook/sms/kannel/${path}`).then((answer) => answer.status);
  assert.equal(await hook('in?key=wrong&id=1&from=%2B31612340009&to=97005001&text=x'), 403);
  assert.equal(await hook('in?id=1&from=%2B31612340009&to=97005001&text=x'), 403);
  assert.equal(await hook('dlr?key=wrong&c=x&s=1&type=1'), 403);
  const key = 'key=hook-key-for-this-test';
  for (const bad of ['', '&id=1', '&id=1&from=abc%7F&text=x', '&id=1&from=%2B31612340009', '&id=1&from=%2B31612340009&text=%FF%FE', '&from=%2B31612340009&text=x']) {
    assert.equal(await hook(`in?${key}${bad}`), 400, bad);
  }
  assert.equal(await hook(`dlr?${key}&c=no-such&s=1&type=1`), 200, 'a report about nothing we know is not offered again');
  assert.equal(await hook(`dlr?${key}&c=x&s=abc&type=1`), 400);
});

test('the gateway may offer a text twice', async () => {
  const url = `${broker.url}/hook/sms/kannel/in?key=hook-key-for-this-test&to=%2B3197005001&from=%2B31612340004&id=same-id&text=`;
  assert.equal((await fetch(`${url}een%20keer`)).status, 200);
  assert.equal((await fetch(`${url}een%20keer`)).status, 200);
  const got = await a.assigned();
  await a.catchUp(got.conversation);
  assert.deepEqual(a.texts(got.conversation), ['een keer']);
});

test('a text that nobody can read holds up no other', async () => {
  await sms.fakesmsc(`+31612340006 ${DESK} ucs2 %00%41%00%00%00%42`); /* A, NUL, B */
  const got = await a.assigned();
  await a.catchUp(got.conversation);
  assert.deepEqual(a.texts(got.conversation), ['A\uFFFDB']);
});

test('a text that comes while the store is away is taken in when it is back', async () => {
  process.kill(broker.redisPid, 'SIGSTOP');
  await sms.text('+31612340005', DESK, 'ik wacht wel');
  await a.wait((f) => f.verb === 'notice' && f.code === 'store_away', { ms: 20000 });
  process.kill(broker.redisPid, 'SIGCONT');
  await a.wait((f) => f.verb === 'notice' && f.code === 'store_back', { ms: 20000 });
  const got = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(got.conversation);
  assert.deepEqual(a.texts(got.conversation), ['ik wacht wel']);
});
