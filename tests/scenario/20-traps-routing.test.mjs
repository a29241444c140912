/* What others got wrong in routing: one test a trap, named after it, on two brokers with one Redis, residents on the one and agents on the other.
 * tests/README.md has the table. */
import assert from 'node:assert/strict';
import test, { after, afterEach, before } from 'node:test';

import { resident, staff } from '../lib/client.mjs';
import { startNodes } from '../lib/nodes.mjs';
import { faultsOf } from '../lib/snapshot.mjs';
import { until } from '../lib/wait.mjs';

const QUEUES = ['vragen', 'ver', 'kort', 'klaar', 'oud'];
const AGENTS = { a: 4, b: 4, c: 8, one: 2, two: 2, ver: 2, asked: 4, asked2: 4 };

let nodes;
let desks; /* the broker of the agents */
let pages; /* the broker of the residents */
let opened = [];

async function ctl(args, input = '') {
  const done = await nodes.first.ctl(args, { input });
  assert.equal(done.code, 0, `loketctl ${args.join(' ')}: ${done.stderr}`);
}

before(async () => {
  nodes = await startNodes(2, {
    queues: QUEUES.map((id) => ({ id, name_nl: id, name_en: id })),
    limits: { frames_per_s: 1000, frames_burst: 1000, away_grace_ms: 1500 },
  });
  [desks, pages] = nodes.brokers;
  const near = QUEUES.filter((queue) => queue !== 'ver');
  for (const [id, capacity] of Object.entries(AGENTS)) await nodes.addStaff({ id, capacity, queues: id === 'ver' ? ['ver'] : near });
  await nodes.addStaff({ id: 'chef', role: 'supervisor', queues: [] });
  for (const id of ['asked', 'asked2']) await ctl(['agent', 'set', id, '--set', 'channels=[{"channel":"chat","must_accept":true}]']);
  for (const [id, set] of [['kort', { offer_s: 1 }], ['klaar', { wrap_up_s: 600 }], ['oud', { tell_s: 1 }]]) {
    await ctl(['queue', 'set', id], JSON.stringify({ name_nl: id, name_en: id, ...set }));
  }
  await ctl(['routing', 'set'], JSON.stringify({ decline_rest_s: 1, missed_max: 3 }));
  await nodes.cookie('chef');
});
after(() => nodes.close());

/* Each test leaves an empty office, and a store in which everything is where it belongs. */
afterEach(async () => {
  const chef = await staff(desks, 'chef');
  for (const agent of Object.keys(AGENTS)) chef.send({ verb: 'set_presence', agent, presence: 'offline' });
  for (const conversation of opened) chef.send({ verb: 'close', conversation });
  opened = [];
  await chef.barrier();
  chef.send({ verb: 'watch' });
  const empty = (f) => f.queues.every((q) => q.waiting === 0 && q.active === 0) && f.agents.every((a) => a.load === 0 && a.presence === 'offline');
  await chef.wait((f) => f.verb === 'board' && empty(f), { name: 'an empty office' });
  await chef.close();
});

const on = (t, id, options = {}) => staff(options.broker ?? desks, id, options, t);

async function asks(t, options = {}) {
  const r = await resident(pages, {}, t);
  const started = await r.start({ queue: 'vragen', ...options });
  opened.push(started.conversation);
  return Object.assign(r, { conversation: started.conversation });
}

const shown = (c, conversation, fits, name = String(fits)) =>
  c.wait((f) => f.verb === 'conversation' && f.conversation === conversation && fits(f), { name });
const offered = (agent, conversation) =>
  shown(agent, conversation, (f) => f.state === 'offered' && f.offered.includes(agent.welcome.agent), 'an offer');
const board = (c, fits, name) => c.wait((f) => f.verb === 'board' && fits(f), { name });
const lists = (conversation) => (f) => f.waiting?.some((row) => row.conversation === conversation);
const warns = (alarm) => (f) => f.alarms?.some((x) => Object.entries(alarm).every(([field, value]) => x[field] === value));
const closes = async (agent, conversation) => {
  agent.send({ verb: 'close', conversation });
  await shown(agent, conversation, (f) => f.state === 'closed', 'closed');
};
/* The agent who has it, of these; the frame that says so has been heard. */
async function winner(agents, conversation) {
  const owner = await until(`somebody to have ${conversation}`, async () => (await nodes.snapshot()).conversations.get(conversation).owner);
  const agent = agents.find((a) => a.welcome.agent === owner);
  await agent.assigned(conversation);
  return agent;
}
const good = { assigned_twice: [], over_capacity: [], stranded: [], load_wrong: [] };

test('chatwoot#10583, #10376, #10685, #12334: a place comes free, and the oldest has it at once, whatever comes in at that moment', async (t) => {
  const one = await on(t, 'one');
  const waiting = [];
  for (let i = 0; i < 6; i++) waiting.push((await asks(t, { text: String(i) })).conversation);
  await one.assigned(waiting[0]);
  const took = [];
  for (let i = 0; i < 5; i++) {
    const crowd = [asks(t), asks(t)]; /* newer ones, which others took first */
    const at = performance.now();
    one.send({ verb: 'close', conversation: waiting[i] });
    const next = await one.assigned();
    took.push(next.heardAt - at);
    assert.equal(next.conversation, waiting[i + 1], 'the oldest');
    for (const r of await Promise.all(crowd)) waiting.push(r.conversation);
  }
  took.sort((x, y) => x - y);
  t.diagnostic(`from close to the next assignment, over two brokers: median ${took[2].toFixed(1)} ms, most ${took[4].toFixed(1)} ms`);
  assert.ok(took[2] < 200, `median ${took[2]} ms`); /* never a periodic job; under a sanitizer, beside other tests */
});

test('chatwoot#11034: nobody is filled up while others idle: least loaded first, then who has been idle longest', async (t) => {
  const agents = [];
  for (const id of ['b', 'a', 'c']) agents.push(await on(t, id)); /* idle longest: b, then a, then c */
  const got = [];
  for (let i = 0; i < 8; i++) got.push((await winner(agents, (await asks(t)).conversation)).welcome.agent);
  /* a and b have 4 units, c has 8: all from 0; then c, who has the least of its own; then all three have a half, b since longest; and so on */
  assert.deepEqual(got, ['b', 'a', 'c', 'c', 'b', 'a', 'c', 'c']);
  const { agents: rows } = await nodes.snapshot();
  assert.deepEqual(['a', 'b', 'c'].map((id) => rows.get(id).load), [4, 4, 8]);
});

test('chatwoot#12320: the load is checked in the step that takes the place: of many who are sent to one place at one time, one gets it', async (t) => {
  const senders = await Promise.all(['a', 'b'].map((id) => on(t, id)));
  const given = new Map();
  for (let i = 0; i < 4; i++) {
    const { conversation } = await asks(t);
    given.set(conversation, await winner(senders, conversation));
  }
  const one = await on(t, 'one', { broker: pages });
  for (const [conversation, sender] of given) sender.send({ verb: 'transfer', conversation, agent: 'one' });
  const refused = (sender, conversation) => sender.wait((f) => f.verb === 'error' && f.conversation === conversation);
  const ends = await Promise.all([...given].map(([conversation, sender]) => Promise.any([
    one.assigned(conversation).then(() => 'given'),
    refused(sender, conversation).then((f) => f.code),
  ])));
  assert.deepEqual(ends.sort(), ['capacity', 'capacity', 'capacity', 'given']);
  const view = await nodes.snapshot();
  assert.deepEqual(faultsOf(view), good);
  assert.equal(view.agents.get('one').load, 2);
});

test('chatwoot#9587: reopened, it goes back to who had it, and only while they are available', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  await closes(a, r.conversation);
  const b = await on(t, 'b');
  await r.say(r.conversation, 'nog een vraag');
  assert.equal((await a.assigned(r.conversation)).owner, 'a');
  await closes(a, r.conversation);
  await a.presence('break'); /* off shift */
  await r.say(r.conversation, 'en nog een');
  assert.equal((await b.assigned(r.conversation)).owner, 'b');
});

test('chatwoot#5672: nothing waits without an age that shows, and an alarm', async (t) => {
  const chef = await on(t, 'chef');
  chef.send({ verb: 'watch' });
  const asked = Date.now();
  const r = await asks(t, { queue: 'oud' });
  const seen = await board(chef, lists(r.conversation), 'the waiting one on the board');
  const row = seen.waiting.find((w) => w.conversation === r.conversation);
  assert.ok(row.since >= asked - 1000 && row.since <= Date.now());
  assert.equal(seen.queues.find((q) => q.queue === 'oud').oldest_at, row.since);
  await board(chef, warns({ kind: 'nobody', queue: 'oud' }), 'an alarm: nobody takes its work');
  await board(chef, warns({ kind: 'old', conversation: r.conversation }), 'an alarm: it waits too long');
  await on(t, 'a');
  await board(chef, (f) => !f.waiting?.length && !f.alarms?.length, 'a quiet board');
});

test('Rocket.Chat#23642, #22105: what waits, is given and is said shows without a reload, also when the line between the brokers was cut', async (t) => {
  const one = await on(t, 'one');
  one.send({ verb: 'watch' });
  const r = await asks(t);
  await one.assigned(r.conversation);
  await one.catchUp(r.conversation);
  const waits = await asks(t);
  await board(one, lists(waits.conversation), 'the waiting one on the agent’s board');
  nodes.redis.command('client', 'kill', 'type', 'pubsub'); /* what is published now is heard by nobody */
  const { seq } = await r.say(r.conversation, 'hoort u mij?');
  await one.until(r.conversation, seq);
  nodes.redis.command('client', 'kill', 'type', 'pubsub');
  const chef = await on(t, 'chef', { broker: pages });
  chef.send({ verb: 'close', conversation: r.conversation });
  await shown(one, r.conversation, (f) => f.state === 'closed', 'closed by somebody on the other broker');
  await one.assigned(waits.conversation);
  one.assertOrder();
});

test('Rocket.Chat#18041, #24693: served by nobody: whatever state it is in, somebody can take it and end it', async (t) => {
  const chef = await on(t, 'chef', { broker: pages });
  const a = await on(t, 'a');
  const asked = await on(t, 'asked', { presence: 'break' });
  const is = async (conversation) => (await nodes.snapshot()).conversations.get(conversation).state;
  const state = (conversation, name) => until(`${conversation} to be ${name}`, async () => (await is(conversation)) === name);
  const active = await asks(t);
  await a.assigned(active.conversation);
  const snoozed = await asks(t);
  await a.assigned(snoozed.conversation);
  a.send({ verb: 'snooze', conversation: snoozed.conversation });
  await state(snoozed.conversation, 'snoozed');
  const wrapped = await asks(t, { queue: 'klaar' });
  await a.assigned(wrapped.conversation);
  a.send({ verb: 'close', conversation: wrapped.conversation });
  await state(wrapped.conversation, 'wrap_up');
  const queued = await asks(t, { queue: 'ver' });
  await a.presence('break');
  await asked.presence('available');
  const ringing = await asks(t);
  await offered(asked, ringing.conversation);
  const all = [active, snoozed, wrapped, queued, ringing].map((r) => r.conversation);
  assert.deepEqual(faultsOf(await nodes.snapshot()), good);
  for (const conversation of all) {
    chef.send({ verb: 'take', conversation });
    assert.equal((await shown(chef, conversation, (f) => f.state === 'active' && f.owner === 'chef', 'taken over')).owner, 'chef');
  }
  for (const conversation of all) {
    chef.send({ verb: 'close', conversation });
    if (conversation === wrapped.conversation) {
      await shown(chef, conversation, (f) => f.state === 'wrap_up', 'in wrap-up');
      chef.send({ verb: 'close', conversation });
    }
    await shown(chef, conversation, (f) => f.state === 'closed', 'closed');
  }
  assert.deepEqual(faultsOf(await nodes.snapshot()), good);
});

test('Rocket.Chat#23404: a transfer, to a queue that is full, too, ends the former agent’s access in the same step', async (t) => {
  const far = await on(t, 'ver');
  const full = await asks(t, { queue: 'ver' });
  await far.assigned(full.conversation);
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  await a.catchUp(r.conversation);
  const before = (await nodes.snapshot()).conversations.get(r.conversation).version;
  a.send({ verb: 'transfer', conversation: r.conversation, queue: 'ver' });
  await shown(a, r.conversation, (f) => f.state === 'queued' && f.queue === 'ver', 'it left');
  const view = await nodes.snapshot();
  const c = view.conversations.get(r.conversation);
  assert.deepEqual([c.version, c.owner, c.shares], [before + 1, undefined, []], 'one step');
  assert.equal(view.agents.get('a').load, 0);
  await r.say(r.conversation, 'ben ik nog bij u?');
  await a.barrier();
  assert.ok(!a.frames.some((f) => f.verb === 'entry' && f.text === 'ben ik nog bij u?'), 'nothing more is heard');
  assert.ok(['forbidden', 'not_found'].includes((await a.refused({ verb: 'say', conversation: r.conversation, counter: 1, text: 'ja' })).code));
  assert.equal((await a.refused({ verb: 'resume', conversation: r.conversation })).code, 'not_found');
  await closes(far, full.conversation);
  assert.equal((await far.assigned(r.conversation)).owner, 'ver');
});

test('livehelperchat#1073, Rocket.Chat#12579: an unanswered chat does not ring one agent for ever', async (t) => {
  const chef = await on(t, 'chef');
  chef.send({ verb: 'watch' });
  const first = await on(t, 'asked');
  const r = await asks(t, { queue: 'kort' });
  const from = await offered(first, r.conversation);
  assert.ok(from.due_at > Date.now() && from.due_at <= Date.now() + 1500);
  await first.wait((f) => f.verb === 'presence' && f.presence === 'missed');
  const back = await shown(first, r.conversation, (f) => f.state === 'queued', 'back in the queue');
  assert.equal(back.queued_at, from.queued_at, 'at its old place');
  const second = await on(t, 'asked2');
  await offered(second, r.conversation);
  second.send({ verb: 'accept', conversation: r.conversation });
  assert.equal((await second.assigned(r.conversation)).owner, 'asked2');
  await first.barrier();
  const rings = first.frames.filter((f) => f.verb === 'conversation' && f.fresh && f.state === 'offered' && f.offered?.includes('asked'));
  assert.equal(rings.length, 1, 'rang once');
  await second.presence('break');
  const later = await asks(t, { queue: 'kort' });
  for (let i = 0; i < 2; i++) { /* who comes back is asked again, and after three in a row the supervisors know */
    await first.presence('available');
    await offered(first, later.conversation);
    await first.wait((f) => f.verb === 'presence' && f.presence === 'missed');
  }
  await board(chef, warns({ kind: 'missed', agent: 'asked' }), 'an alarm: misses offers');
});

test('happychat-service#65: after transfers loads are the sum of the work, and every place can be used again', async (t) => {
  const a = await on(t, 'a');
  const b = await on(t, 'b', { broker: pages });
  const r = await asks(t);
  let owner = (await winner([a, b], r.conversation)).welcome.agent;
  const desk = { a, b };
  for (let i = 0; i < 6; i++) {
    const to = owner === 'a' ? 'b' : 'a';
    desk[owner].send({ verb: 'transfer', conversation: r.conversation, agent: to });
    await desk[to].assigned(r.conversation);
    const view = await nodes.snapshot();
    assert.deepEqual([view.agents.get(to).load, view.agents.get(owner).load], [2, 0]);
    assert.deepEqual(faultsOf(view), good);
    owner = to;
  }
  desk[owner].send({ verb: 'requeue', conversation: r.conversation });
  await shown(desk[owner], r.conversation, (f) => f.state === 'queued' || f.state === 'active', 'given back');
  const others = [];
  for (let i = 0; i < 3; i++) others.push((await asks(t)).conversation);
  await until('all four to be held, which is all that fits', async () => {
    const { agents } = await nodes.snapshot();
    return agents.get('a').load === 4 && agents.get('b').load === 4;
  });
  assert.deepEqual(faultsOf(await nodes.snapshot()), good);
});

test('livehelperchat#642: a transfer shows at once, on the other broker, too', async (t) => {
  const a = await on(t, 'a');
  const r = await asks(t);
  await a.assigned(r.conversation);
  const b = await on(t, 'b', { broker: pages });
  const at = performance.now();
  a.send({ verb: 'transfer', conversation: r.conversation, agent: 'b' });
  const [came, left] = await Promise.all([b.assigned(r.conversation), shown(a, r.conversation, (f) => f.owner === 'b', 'it left')]);
  t.diagnostic(`came after ${(came.heardAt - at).toFixed(0)} ms, left after ${(left.heardAt - at).toFixed(0)} ms`);
  assert.ok(came.heardAt - at < 1000 && left.heardAt - at < 1000);
  await r.entry(r.conversation, (e) => e.kind === 'state' && e.state === 'active' && e.name === 'b');
});

test('Rocket.Chat#18041 again: a sweep over every conversation of these tests finds none outside the table', async () => {
  const view = await nodes.snapshot();
  assert.ok(view.conversations.size >= 40, `${view.conversations.size} conversations`);
  assert.deepEqual(faultsOf(view), good);
  for (const c of view.conversations.values()) assert.equal(c.state, 'closed');
  for (const [agent, ids] of view.work) assert.deepEqual([agent, ids], [agent, []]);
});
