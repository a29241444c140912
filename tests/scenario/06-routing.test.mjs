/* Who gets what, when: held first, least loaded, longest idle, oldest first, weights, and a freed place that is filled at once. */
import assert from 'node:assert/strict';
import test, { after, afterEach, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { sleep } from '../lib/wait.mjs';

let broker;
let opened = [];
let onDuty = [];
before(async () => {
  broker = await startBroker({ limits: { frames_per_s: 1000, frames_burst: 1000, away_grace_ms: 1500 } }); /* a chat weighs 2 units, the default */
  await Promise.all([
    broker.addStaff({ id: 'a' }),
    broker.addStaff({ id: 'b' }),
    broker.addStaff({ id: 'c', capacity: 12 }),
    broker.addStaff({ id: 'one', capacity: 2 }),
    broker.addStaff({ id: 'burger', queues: ['burgerzaken'], capacity: 2 }),
    broker.addStaff({ id: 'tax', queues: ['belastingen'], capacity: 2 }),
    broker.addStaff({ id: 'taxes', queues: ['belastingen'], capacity: 4 }),
    broker.addStaff({ id: 'chef', role: 'supervisor', queues: [] }),
  ]);
});
after(() => broker.close());

/* Each test leaves an empty office: everything closed, everybody offline. */
afterEach(async () => {
  for (const id of onDuty) {
    const agent = await staff(broker, id, { presence: null });
    await agent.presence('offline');
    await agent.close();
  }
  const chef = await staff(broker, 'chef');
  for (const conversation of opened) chef.send({ verb: 'close', conversation });
  chef.send({ verb: 'watch' });
  await chef.wait((f) => f.verb === 'board' && f.queues.every((q) => q.waiting === 0 && q.active === 0) && f.agents.every((a) => a.load === 0 && a.presence === 'offline'));
  await chef.close();
  opened = [];
  onDuty = [];
});

async function on(t, id, options = {}) {
  if (!onDuty.includes(id)) onDuty.push(id);
  return staff(broker, id, options, t);
}

async function asks(t, options) {
  const r = await resident(broker, {}, t);
  const started = await r.start(options);
  opened.push(started.conversation);
  return Object.assign(r, { conversation: started.conversation });
}

const closes = async (agent, conversation) => {
  agent.send({ verb: 'close', conversation });
  await agent.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.state === 'closed');
};

/* The agent who got it, of these. */
const winner = async (agents, conversation) => (await Promise.any(agents.map(async (a) => (await a.assigned(conversation)) && a))).welcome.agent;

test('the least loaded first, then who has been idle longest', async (t) => {
  const agents = [];
  for (const id of ['b', 'a', 'c']) agents.push(await on(t, id)); /* idle longest: b, then a, then c */
  const got = [];
  for (let i = 0; i < 6; i++) got.push(await winner(agents, (await asks(t)).conversation));
  /* loads relative to capacity: 2/6 for a and b, 2/12 for c, who therefore gets the fourth; then b (longest idle of 2/6, 2/6, 4/12), a */
  assert.deepEqual(got.slice(0, 4), ['b', 'a', 'c', 'c']);
  assert.deepEqual([...got.slice(4)].sort(), ['a', 'b']);
});

test('an agent gets what their queues have, and nothing past their capacity', async (t) => {
  const a = await on(t, 'taxes');
  const other = await asks(t, { queue: 'burgerzaken' });
  const mine = [];
  for (let i = 0; i < 3; i++) mine.push(await asks(t, { queue: 'belastingen', text: String(i) }));
  await a.assigned(mine[0].conversation);
  await a.assigned(mine[1].conversation);
  await closes(a, mine[0].conversation);
  await a.assigned(mine[2].conversation);
  await a.barrier();
  const given = a.frames.filter((f) => f.verb === 'conversation' && f.state === 'active').map((f) => f.conversation);
  assert.ok(!given.includes(other.conversation));
});

test('work of different weights fills a capacity exactly', async (t) => {
  const heavy = await startBroker({ weights: { chat: 3, email: 1, sms: 1 } }, t);
  await Promise.all([heavy.addStaff({ id: 'a', capacity: 7 }), heavy.addStaff({ id: 'chef', role: 'supervisor', queues: [] })]);
  const a = await staff(heavy, 'a', {}, t);
  for (let i = 0; i < 3; i++) await (await resident(heavy, {}, t)).start({ text: String(i) });
  await a.assigned();
  await a.assigned();
  const chef = await staff(heavy, 'chef', {}, t);
  const board = await chef.ask({ verb: 'watch' }, 'board');
  assert.deepEqual(board.agents.map((x) => [x.agent, x.load, x.capacity, x.conversations]), [['a', 6, 7, 2]]);
  assert.equal(board.queues[0].waiting, 1);
});

test('a freed place takes the oldest at once', async (t) => {
  const a = await on(t, 'one');
  const waiting = [];
  for (let i = 0; i < 12; i++) waiting.push(await asks(t, { text: String(i), queue: i % 2 ? 'burgerzaken' : 'belastingen' }));
  await a.assigned(waiting[0].conversation);
  const took = [];
  for (let i = 0; i < 11; i++) {
    const at = performance.now();
    a.send({ verb: 'close', conversation: waiting[i].conversation });
    const next = await a.assigned();
    took.push(next.heardAt - at);
    assert.equal(next.conversation, waiting[i + 1].conversation, 'oldest first, over all queues');
  }
  took.sort((x, y) => x - y);
  t.diagnostic(`from close to the next assignment: median ${took[5].toFixed(1)} ms, most ${took[10].toFixed(1)} ms`);
  assert.ok(took[5] < 100, `median ${took[5]} ms`); /* tens of milliseconds, under a sanitizer and beside other tests; never a periodic job */
});

test('whoever held the thread gets it back, while available', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  await closes(a, r.conversation);
  const b = await on(t, 'b');
  const busy = await asks(t); /* b idles longest? a closed last: b is given this one by load and idleness, or a; either way both are free below */
  const first = await winner([a, b], busy.conversation);
  await closes(first === 'a' ? a : b, busy.conversation);
  await r.say(r.conversation, 'nog een vraag');
  const again = await a.assigned(r.conversation);
  assert.equal(again.owner, 'a');
  await closes(a, r.conversation);
  await a.presence('break'); /* off shift: the thread goes to whoever is there */
  await r.say(r.conversation, 'en nog een');
  assert.equal((await b.assigned(r.conversation)).owner, 'b');
});

test('given back it keeps its old place and is open to all; moved it goes to the other queue', async (t) => {
  const a = await on(t, 'burger');
  const first = await asks(t, { text: 'eerst' });
  await a.assigned(first.conversation);
  const second = await asks(t, { text: 'dan' });
  await a.presence('break'); /* else it would come straight back */
  a.send({ verb: 'requeue', conversation: first.conversation });
  await a.wait((f) => f.verb === 'conversation' && f.conversation === first.conversation && f.state === 'queued');
  await a.presence('available');
  await a.assigned(first.conversation); /* before `second`, which came later */
  const b = await on(t, 'tax');
  a.send({ verb: 'requeue', conversation: first.conversation, queue: 'belastingen' });
  const moved = await b.assigned(first.conversation);
  assert.deepEqual([moved.queue, moved.owner], ['belastingen', 'tax']);
  await a.assigned(second.conversation); /* the place that came free */
  /* the transfer ended the old agent's right to write in the same step */
  await a.catchUp(second.conversation);
  assert.equal((await a.refused({ verb: 'resume', conversation: first.conversation })).code, 'not_found');
  assert.equal((await a.refused({ verb: 'close', conversation: first.conversation })).code, 'forbidden');
  assert.equal((await a.refused({ verb: 'requeue', conversation: second.conversation, queue: 'nergens' })).code, 'not_found');
});

test('a transfer ends the old agent\'s following of a thread that is no longer theirs to read', async (t) => {
  const a = await on(t, 'burger');
  const b = await on(t, 'tax');
  const r = await asks(t);
  await a.assigned(r.conversation);
  await a.catchUp(r.conversation);
  a.send({ verb: 'requeue', conversation: r.conversation, queue: 'belastingen' });
  await b.assigned(r.conversation);
  await b.catchUp(r.conversation);
  const { seq } = await b.say(r.conversation, 'alleen voor belastingen', { note: true });
  await b.until(r.conversation, seq);
  await a.barrier();
  assert.ok(!JSON.stringify(a.frames).includes('alleen voor belastingen'));
});

test('a closed conversation opens again with the next words', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t, { text: 'vraag' });
  await a.assigned(r.conversation);
  await closes(a, r.conversation);
  await r.entry(r.conversation, (e) => e.kind === 'state' && e.state === 'closed');
  await r.say(r.conversation, 'toch nog iets');
  await a.assigned(r.conversation);
  await r.entry(r.conversation, (e) => e.kind === 'state' && e.state === 'active' && e.seq > 4);
  r.assertOrder();
  /* nobody closes over words that they have not seen */
  const seen = await a.catchUp(r.conversation);
  const { seq } = await r.say(r.conversation, 'en dit');
  assert.equal((await a.refused({ verb: 'close', conversation: r.conversation, seq: seen.seq })).code, 'stale');
  a.send({ verb: 'close', conversation: r.conversation, seq });
  await a.wait((f) => f.verb === 'conversation' && f.conversation === r.conversation && f.state === 'closed' && f.seq > seq);
  assert.equal((await a.refused({ verb: 'close', conversation: r.conversation })).code, 'bad_state');
});

test('work of an agent who is gone longer than the grace time is given on; a short loss keeps it', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  await a.cut();
  const back = await on(t, 'a', { presence: null });
  assert.deepEqual(back.welcome.work, [r.conversation]);
  assert.equal(back.welcome.presence, 'available');
  await sleep(2000); /* longer than the grace time: nothing may happen to who is here */
  await back.barrier();
  assert.ok(!back.frames.some((f) => f.verb === 'conversation' && f.state === 'queued'));
  const b = await on(t, 'b');
  await back.cut();
  assert.equal((await b.assigned(r.conversation)).owner, 'b');
  const late = await on(t, 'a', { presence: null });
  assert.equal(late.welcome.presence, 'offline');
  assert.equal(late.welcome.work, undefined);
});

test('who signs off hands the work on at once', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  const b = await on(t, 'b');
  await a.presence('offline');
  assert.equal((await b.assigned(r.conversation)).owner, 'b');
});

test('work whose agent never comes back after the broker died is given on', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  await broker.kill('SIGKILL');
  await broker.start();
  const b = await on(t, 'b');
  assert.equal((await b.assigned(r.conversation, { ms: 20000 })).owner, 'b');
});

test('a waiting one that cannot be placed blocks no younger one', async (t) => {
  const stuck = [];
  for (let i = 0; i < 70; i++) stuck.push(await asks(t, { queue: 'burgerzaken', text: String(i), follow: false })); /* more than a router's window */
  const young = await asks(t, { queue: 'belastingen' });
  const a = await on(t, 'tax');
  await a.assigned(young.conversation);
});
