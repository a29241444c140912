/* Coming back: any age is served from the log, without gaps or doubles; what a resident may not see only keeps the numbers; tokens open one conversation. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { FORMS, resident, staff } from '../lib/client.mjs';

let broker;
before(async () => {
  broker = await startBroker({ limits: { frames_per_s: 2000, frames_burst: 2000 } });
  await broker.addStaff({ id: 'sanne', name: 'Sanne', capacity: 1000 });
});
after(() => broker.close());

async function longConversation(r, n) {
  const { conversation, token } = await r.start({ text: '1' });
  for (let i = 2; i <= n; i++) r.send({ verb: 'say', conversation, counter: i, text: String(i) });
  const last = await r.wait((f) => f.verb === 'ack' && f.conversation === conversation && f.counter === n);
  r.counters.set(conversation, n);
  await r.until(conversation, last.seq);
  return { conversation, token, seq: last.seq };
}

for (const form of FORMS) {
  test(`${form}: from any place, with nothing missing and nothing twice`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation, token, seq } = await longConversation(r, 350);
    r.assertOrder();
    const whole = r.entries(conversation);
    assert.equal(whole.length, seq);
    for (const from of [0, 1, 99, 100, 101, seq - 1, seq]) {
      const back = await resident(broker, { form, client: r.client }, t);
      const resumed = await back.catchUp(conversation, { seq: from, token });
      assert.deepEqual([resumed.from, resumed.seq, resumed.counter], [from, seq, 350]);
      await back.barrier();
      assert.deepEqual(back.entries(conversation), whole.slice(from), `from ${from}`);
      back.assertOrder();
      await back.close();
    }
    const beyond = await resident(broker, { form }, t);
    const resumed = await beyond.resume(conversation, { seq: 100000, token });
    assert.deepEqual([resumed.from, resumed.seq, resumed.counter], [seq, seq, 0]); /* another client has said nothing */
  });

  /* The page of the first was taken for a hole in the log, and the last resume was then served nothing. */
  test(`${form}: again before the first has been served`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation, token, seq } = await longConversation(r, 350);
    const back = await resident(broker, { form }, t);
    const places = [0, 200, 10, seq, 5];
    for (const from of places) back.send({ verb: 'resume', conversation, token, seq: from });
    for (const from of places) assert.equal((await back.wait('resumed')).from, from);
    await back.until(conversation, seq);
    await back.barrier();
    back.assertOrder();
    assert.deepEqual(back.entries(conversation).slice(-1)[0].seq, seq);
    assert.ok(!/ev=log_gap/.test(broker.log()));
  });

  test(`${form}: only the newest, and older pages by history`, async (t) => {
    const r = await resident(broker, { form }, t);
    const a = await staff(broker, 'sanne', { form }, t);
    const { conversation } = await longConversation(r, 120);
    const { seq } = await a.catchUp(conversation, { last: 20 });
    await a.barrier();
    assert.deepEqual(a.entries(conversation).map((e) => e.seq), Array.from({ length: 20 }, (_, i) => seq - 19 + i));
    a.log(conversation).paging = true;
    let before = seq - 19;
    while (before > 1) {
      const { from } = await a.ask({ verb: 'history', conversation, before, last: 50 }, 'history_end');
      assert.equal(from, Math.max(1, before - 50));
      before = from;
    }
    assert.deepEqual(a.entries(conversation).map((e) => e.seq), Array.from({ length: seq }, (_, i) => i + 1));
    assert.equal((await a.ask({ verb: 'history', conversation, before: 1, last: 50 }, 'history_end')).from, 0);
    assert.equal((await a.refused({ verb: 'history', conversation, before: 10, last: 501 })).code, 'bad_field');
  });

  test(`${form}: a long history of long texts, to readers who take their time`, async (t) => {
    const r = await resident(broker, { form }, t);
    const a = await staff(broker, 'sanne', { form }, t);
    const text = (i) => `${i} ${'é'.repeat(8000)}`;
    const { conversation, token } = await r.start({ text: text(1) });
    let seq = 0;
    for (let i = 2; i <= 150; i++) seq = (await r.say(conversation, text(i))).seq; /* 2.4 MB: more than a session may have waiting */
    const back = await resident(broker, { form }, t);
    await back.catchUp(conversation, { token });
    assert.equal(back.texts(conversation).length, 150);
    back.assertOrder();
    await a.catchUp(conversation, { last: 10 });
    a.log(conversation).paging = true;
    let before = seq - 9;
    let pages = 0;
    while (before > 1) {
      const { from } = await a.ask({ verb: 'history', conversation, before, last: 200 }, 'history_end');
      assert.ok(from < before && from > 0);
      before = from;
      pages++;
    }
    assert.ok(pages > 1);
    assert.deepEqual(a.entries(conversation).map((e) => e.seq), Array.from({ length: seq }, (_, i) => i + 1));
  });

  test(`${form}: texts that together just pass a quarter of the queue do not stall`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation, token } = await r.start({ text: '1' });
    let seq = 0;
    for (let i = 2; i <= 250; i++) seq = (await r.say(conversation, `${i} ${'w'.repeat(3000)}`)).seq; /* 300 kB a page */
    const back = await resident(broker, { form }, t);
    await back.catchUp(conversation, { token });
    assert.equal(back.log(conversation).next, seq + 1);
    back.assertOrder();
  });

  test(`${form}: what was said while one was away`, async (t) => {
    const r = await resident(broker, { form }, t);
    const a = await staff(broker, 'sanne', { form }, t);
    const { conversation, token } = await r.start({ text: 'ik ga door een tunnel' });
    await a.assigned(conversation);
    await a.catchUp(conversation);
    const seen = await a.say(conversation, 'voor de tunnel');
    await r.until(conversation, seen.seq);
    await r.cut();
    for (let i = 0; i < 30; i++) await a.say(conversation, `in de tunnel ${i}`);
    const back = await resident(broker, { form, client: r.client }, t);
    const resumed = await back.catchUp(conversation, { seq: seen.seq, token });
    assert.equal(resumed.counter, 1);
    assert.deepEqual(back.texts(conversation), Array.from({ length: 30 }, (_, i) => `in de tunnel ${i}`));
    /* live again, with no seam */
    const live = await a.say(conversation, 'na de tunnel');
    await back.until(conversation, live.seq);
    assert.equal((await back.say(conversation, 'daar ben ik')).counter, 2);
    back.assertOrder();
  });

  test(`${form}: resuming while others speak shows no gap`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation, token } = await r.start({ text: '1' });
    const readers = await Promise.all(Array.from({ length: 8 }, () => resident(broker, { form }, t)));
    let seq = 0;
    const speak = (async () => {
      for (let i = 2; i <= 400; i++) seq = (await r.say(conversation, String(i))).seq;
    })();
    await Promise.all(readers.map(async (reader, i) => {
      await r.until(conversation, 20 * (i + 1));
      await reader.resume(conversation, { seq: i * 3, token });
    }));
    await speak;
    await Promise.all(readers.map((reader) => reader.until(conversation, seq)));
    readers.forEach((reader, i) => {
      reader.assertOrder();
      assert.equal(reader.log(conversation).entries.size, seq - i * 3);
    });
  });

  test(`${form}: notes and links are hidden from residents, in the log and live`, async (t) => {
    const r = await resident(broker, { form }, t);
    const a = await staff(broker, 'sanne', { form }, t);
    const { conversation, token } = await r.start({ text: 'vraag' });
    await a.assigned(conversation);
    await a.catchUp(conversation);
    const note = await a.say(conversation, 'let op: lastig dossier', { note: true });
    await a.ask({ verb: 'link', conversation, channel: 'sms', address: '06 1111 0001' }, (f) => f.verb === 'entry' && f.kind === 'link');
    const word = await a.say(conversation, 'antwoord', { channel: 'chat' });
    await r.until(conversation, word.seq);
    const late = await resident(broker, { form }, t);
    await late.catchUp(conversation, { token });
    for (const c of [r, late]) {
      const hidden = c.entries(conversation).filter((e) => e.kind === 'hidden');
      assert.deepEqual(hidden.map((e) => e.seq), [note.seq, note.seq + 1]);
      for (const e of hidden) assert.deepEqual(Object.keys(e).sort(), ['at', 'conversation', 'kind', 'seq', 'verb']);
      assert.ok(!JSON.stringify(c.frames).includes('lastig dossier'));
      assert.ok(!JSON.stringify(c.frames).includes('+31611110001'));
      c.assertOrder();
    }
    const colleague = await staff(broker, 'sanne', { form }, t);
    await colleague.catchUp(conversation);
    assert.equal(colleague.entries(conversation).find((e) => e.seq === note.seq).text, 'let op: lastig dossier');
    await a.ask({ verb: 'unlink', conversation, channel: 'sms', address: '+31611110001' }, (f) => f.verb === 'entry' && f.state === 'unlinked');
  });

  test(`${form}: leaving ends what comes`, async (t) => {
    const r = await resident(broker, { form }, t);
    const other = await resident(broker, { form }, t);
    const { conversation, token } = await r.start({ text: 'x' });
    await other.catchUp(conversation, { token });
    other.send({ verb: 'leave', conversation });
    await other.barrier();
    const { seq } = await r.say(conversation, 'niet voor wie weg is');
    await r.until(conversation, seq);
    await other.barrier();
    assert.equal(other.log(conversation).next, seq);
    assert.equal((await other.refused({ verb: 'resume', conversation })).code, 'bad_token'); /* without the token no more */
    await other.catchUp(conversation, { token });
  });
}

/* As broker/edge/token.h has it, with the broker's own key: to get a token whose time has passed. */
function token(conversation, expires, { kind = 'r', role = 'resident' } = {}) {
  const secret = execFileSync('redis-cli', ['-s', broker.redisSocket, '--raw', 'get', '{o:voorbeeld}:secret']).subarray(0, 32);
  const body = `${kind}.${conversation}.r0.${role}.${expires}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

test('a token opens its own conversation, unaltered, in its time', async (t) => {
  const r = await resident(broker, {}, t);
  const mine = await r.start({ text: 'van mij' });
  const thief = await resident(broker, {}, t);
  const theirs = await thief.start({ text: 'van een ander' });
  const tries = {
    'of another conversation': theirs.token,
    altered: mine.token.slice(0, -2) + (mine.token.at(-2) === 'A' ? 'B' : 'A') + mine.token.at(-1),
    'with another subject': theirs.token.replace(theirs.conversation, mine.conversation),
    'with a later end': mine.token.replace(/\.(\d{13})\./, (_, ms) => `.${Number(ms) + 1000}.`),
    'cut off': mine.token.slice(0, 40),
    empty: '',
    absent: undefined,
    expired: token(mine.conversation, Date.now() - 1),
    'of staff': token(mine.conversation, Date.now() + 60000, { kind: 's', role: 'agent' }),
  };
  for (const [what, value] of Object.entries(tries)) {
    assert.equal((await thief.refused({ verb: 'resume', conversation: mine.conversation, token: value })).code, 'bad_token', what);
  }
  await thief.catchUp(mine.conversation, { token: token(mine.conversation, Date.now() + 60000) }); /* the same way made, in its time: the check of this test */
  assert.deepEqual(thief.texts(mine.conversation), ['van mij']);
});

test('a broker that is started again serves the same log under the same epoch', async (t) => {
  const r = await resident(broker, {}, t);
  const { conversation, token: proof, seq } = await longConversation(r, 30);
  const { epoch } = r.welcome;
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    await broker.kill(signal);
    assert.equal((await r.closed).code, 4012);
    await broker.start();
    const back = await resident(broker, { client: r.client }, t);
    assert.equal(back.welcome.epoch, epoch);
    const resumed = await back.catchUp(conversation, { token: proof });
    assert.deepEqual([resumed.seq, resumed.counter], [seq, 30]);
    assert.equal(back.entries(conversation).length, seq);
    back.assertOrder();
  }
});
