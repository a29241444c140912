/* What a resident who waits is told: the place in line as it comes nearer, the wait that is likely once enough is known, and that nobody is there
 * outside opening hours. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { FORMS, newId, resident } from '../lib/client.mjs';
import { Office, becomes, closes } from './16-supervision-office.mjs';

let office;
const opens = () => 86400000 * 2 + Date.now() - (Date.now() % 86400000); /* the day after tomorrow, midnight UTC */
before(async () => {
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  office = await Office.open({
    queues: {
      json: {},
      msgpack: {},
      two: {},
      asked: {},
      closed: { hours: [{ days: [days[new Date(opens()).getUTCDay()]], from: '09:00', to: '17:00' }] },
    },
    agents: {
      json: { queues: ['json'], capacity: 2 },
      msgpack: { queues: ['msgpack'], capacity: 2 },
      two: { queues: ['two'], capacity: 2 },
      asked: { queues: ['asked'], capacity: 2 },
    },
  });
  await office.agent('asked', { queues: ['asked'], capacity: 2, channels: [{ channel: 'chat', must_accept: true }] });
});
after(() => office.close());

const place = (r, n) => r.wait((f) => f.verb === 'waiting' && f.place === n, { name: `place ${n}` });
const told = (r) => r.frames.filter((f) => f.verb === 'waiting');

for (const form of FORMS) {
  test(`${form}: the place counts down as others are taken, and the wait is told when it is known`, async (t) => {
    const line = [];
    for (let i = 0; i < 7; i++) {
      line.push(await office.asks(t, form, { form, text: String(i) }));
      const first = await place(line[i], i + 1);
      assert.deepEqual(Object.keys(first).sort(), ['conversation', 'place', 'verb'], 'too little is known to say more');
      assert.equal(first.conversation, line[i].conversation);
    }
    const a = await office.on(t, form, { form });
    for (let i = 0; i < 7; i++) {
      await a.assigned(line[i].conversation);
      await place(line[i], 0);
      for (let k = i + 1; k < 7; k++) {
        const now = await place(line[k], k - i);
        if (i + 1 >= 5) {
          assert.ok((now.wait_from_s ?? 0) < now.wait_to_s && now.wait_to_s <= 600, JSON.stringify(now));
        } else {
          assert.deepEqual([now.wait_from_s, now.wait_to_s], [undefined, undefined], `after ${i + 1} answers`);
        }
      }
      await closes(a, line[i].conversation);
    }
    /* told once each: nothing twice, and nothing after the end */
    for (const [i, r] of line.entries()) {
      await r.barrier();
      const places = told(r).map((f) => f.place);
      assert.deepEqual([...new Set(places)], [...Array(i + 1).keys()].map((n) => i + 1 - n).concat(0), String(places));
      const whole = told(r).map((f) => JSON.stringify(f));
      assert.ok(whole.every((f, n) => n === 0 || f !== whole[n - 1]), 'the same twice');
    }
    await a.presence('offline');
  });
}

test('whoever comes back, or opens a second page, is told anew; whoever is being helped is told nothing', async (t) => {
  const first = await office.asks(t, 'two');
  const r = await office.asks(t, 'two');
  await place(r, 2);
  await r.cut();
  const back = await resident(office.broker, { client: r.client }, t);
  await back.resume(r.conversation, { token: r.token });
  await place(back, 2);
  const page = await resident(office.broker, { form: 'msgpack' }, t);
  await page.resume(r.conversation, { token: r.token });
  await place(page, 2);
  await back.resume(r.conversation, { token: r.token });
  await place(back, 2);
  await page.barrier();
  assert.equal(told(page).length, 1);
  const a = await office.on(t, 'two');
  await a.assigned(first.conversation);
  await Promise.all([place(back, 1), place(page, 1)]);
  await closes(a, first.conversation);
  await a.assigned(r.conversation);
  await Promise.all([place(back, 0), place(page, 0)]);
  const late = await resident(office.broker, {}, t);
  await late.resume(r.conversation, { token: r.token });
  await late.barrier();
  assert.equal(told(late).length, 0);
  /* given back, it waits again, and every page hears so */
  await a.presence('break');
  a.send({ verb: 'requeue', conversation: r.conversation });
  await Promise.all([back, page, late].map((c) => place(c, 1)));
  /* the resident gives up: the last word is 0 */
  late.send({ verb: 'close', conversation: r.conversation });
  await Promise.all([back, page, late].map((c) => place(c, 0)));
  await a.presence('offline');
});

test('one that is offered waits still', async (t) => {
  const a = await office.on(t, 'asked');
  const r = await office.asks(t, 'asked');
  await becomes(a, r.conversation, 'offered');
  await place(r, 1);
  const next = await office.asks(t, 'asked');
  await place(next, 2);
  assert.ok(!told(r).some((f) => f.place === 0));
  assert.equal(r.entries(r.conversation).filter((e) => e.state === 'offered').length, 0);
  a.send({ verb: 'accept', conversation: r.conversation });
  await a.assigned(r.conversation);
  await Promise.all([place(r, 0), place(next, 1)]);
  await closes(a, r.conversation);
  next.send({ verb: 'close', conversation: next.conversation });
  await place(next, 0);
  await a.presence('offline');
});

test('moved to another queue, the place is that queue\'s', async (t) => {
  const ahead = await office.asks(t, 'two');
  const r = await office.asks(t, 'asked');
  await place(r, 1);
  const chef = await office.on(t, 'chef');
  chef.send({ verb: 'transfer', conversation: r.conversation, queue: 'two' });
  await place(r, 2);
  for (const each of [ahead, r]) chef.send({ verb: 'close', conversation: each.conversation });
  await place(r, 0);
});

test('a queue that is closed says so, and when it opens', async (t) => {
  const r = await resident(office.broker, {}, t);
  const shown = r.welcome.queues.find((q) => q.queue === 'closed');
  assert.equal(shown.closed, true);
  await r.start({ queue: 'closed', key: newId() });
  const waits = await r.wait('waiting');
  assert.deepEqual([waits.place, waits.closed, waits.wait_from_s, waits.wait_to_s], [1, true, undefined, undefined]);
  assert.equal(waits.opens_at, shown.opens_at);
  /* 9 o'clock in Amsterdam is 7 or 8 in UTC */
  const at = new Date(waits.opens_at);
  assert.ok([7, 8].includes(at.getUTCHours()) && Math.abs(at - opens()) < 86400000, at.toISOString());
  /* it opens: the same page is told, by itself */
  await office.queue('closed', {});
  const open = await r.wait((f) => f.verb === 'waiting' && !f.closed, { name: 'that it is open' });
  assert.deepEqual([open.place, open.opens_at], [1, undefined]);
});
