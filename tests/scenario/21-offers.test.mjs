/* Offers, hand-over, consultation, wrap-up, snooze, reopening: what agents do with work besides talking. Times are short here, and waited for by what happens, never by the clock. */
import assert from 'node:assert/strict';
import test, { after, afterEach, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';

let broker;
let opened = [];
let onDuty = [];

async function ctl(args, input = '') {
  const done = await broker.ctl(args, { input });
  assert.equal(done.code, 0, `loketctl ${args.join(' ')}: ${done.stderr}`);
}

const queue = (id, more) => ctl(['queue', 'set', id], JSON.stringify({ name_nl: id, name_en: id, ...more }));

before(async () => {
  broker = await startBroker({
    limits: { frames_per_s: 1000, frames_burst: 1000, away_grace_ms: 1500 },
    queues: ['vragen', 'kort', 'omroep', 'klaar'].map((id) => ({ id, name_nl: id, name_en: id })),
  });
  await queue('kort', { offer_s: 1, return_s: 1 });
  await queue('omroep', { broadcast: 3 });
  await queue('klaar', { wrap_up_s: 600, reasons: ['vraag', 'klacht'] });
  await ctl(['routing', 'set'], JSON.stringify({ decline_rest_s: 3600 }));
  for (const id of ['anna', 'bert', 'cees']) await broker.addStaff({ id, capacity: 4 });
  for (const id of ['anna', 'bert', 'cees']) await ctl(['agent', 'set', id, '--set', 'channels=[{"channel":"chat","must_accept":true}]']);
  await broker.addStaff({ id: 'direct', capacity: 4 });
  await broker.addStaff({ id: 'chef', role: 'supervisor', queues: [] });
});
after(() => broker.close());

afterEach(async () => {
  const chef = await staff(broker, 'chef');
  for (const conversation of opened) chef.send({ verb: 'close', conversation });
  for (const agent of onDuty) chef.send({ verb: 'set_presence', agent, presence: 'offline' });
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

async function asks(t, options = {}) {
  const r = await resident(broker, {}, t);
  const started = await r.start({ queue: 'vragen', ...options });
  opened.push(started.conversation);
  return Object.assign(r, { conversation: started.conversation });
}

const state = (agent, conversation, fits) => agent.wait((f) => f.verb === 'conversation' && f.conversation === conversation && fits(f), { name: `${conversation} ${fits}` });
const offered = (agent, conversation) => state(agent, conversation, (f) => f.state === 'offered' && f.offered.includes(agent.welcome.agent));

test('an offer rings, is accepted, and is the agent’s', async (t) => {
  const anna = await on(t, 'anna');
  const r = await asks(t);
  const offer = await offered(anna, r.conversation);
  assert.ok(offer.due_at > Date.now() + 15000 && offer.due_at <= Date.now() + 21000, 'twenty seconds by default');
  assert.equal(offer.owner, undefined);
  anna.send({ verb: 'accept', conversation: r.conversation });
  await anna.assigned(r.conversation);
  await r.entry(r.conversation, (e) => e.kind === 'state' && e.state === 'active');
  assert.ok(!r.entries(r.conversation).some((e) => e.state === 'offered'), 'the resident does not hear who is asked');
  anna.send({ verb: 'accept', conversation: r.conversation });
  assert.equal((await anna.wait((f) => f.verb === 'error')).code, 'bad_state');
});

test('declined, it goes to another at its old place, and not again to the same', async (t) => {
  const anna = await on(t, 'anna');
  const r = await asks(t);
  await offered(anna, r.conversation);
  const bert = await on(t, 'bert');
  anna.send({ verb: 'decline', conversation: r.conversation, reason: 'ik ken het onderwerp niet' });
  await offered(bert, r.conversation);
  bert.send({ verb: 'decline', conversation: r.conversation });
  const back = await state(bert, r.conversation, (f) => f.state === 'queued');
  await anna.barrier();
  assert.equal(back.queued_at, (await state(anna, r.conversation, (f) => f.state === 'queued')).queued_at, 'it never lost its place');
  assert.ok(!anna.open.some((f) => f.verb === 'conversation' && f.fresh && f.offered?.includes('anna')), 'nobody who let it pass is asked again at once');
  const cees = await on(t, 'cees');
  await offered(cees, r.conversation);
});

test('unanswered, it goes to another, and the agent is on `missed` until they say otherwise', async (t) => {
  const anna = await on(t, 'anna');
  const r = await asks(t, { queue: 'kort' });
  await offered(anna, r.conversation);
  const direct = await on(t, 'direct');
  await anna.wait((f) => f.verb === 'presence' && f.presence === 'missed');
  await state(anna, r.conversation, (f) => !f.offered?.includes('anna'));
  await direct.assigned(r.conversation);
  const second = await asks(t, { queue: 'kort' });
  await direct.assigned(second.conversation); /* who has work already: anna, who has none, takes none */
  await anna.presence('available');
});

test('an agent who comes back finds the offer that waits for them', async (t) => {
  const anna = await on(t, 'anna');
  const r = await asks(t);
  await offered(anna, r.conversation);
  await anna.cut();
  const again = await staff(broker, 'anna', { presence: null }, t);
  assert.deepEqual(again.welcome.work, [r.conversation]);
  again.send({ verb: 'accept', conversation: r.conversation });
  await again.assigned(r.conversation);
});

test('a broadcast rings at several; the first to accept has it, and it leaves the others', async (t) => {
  const all = [];
  for (const id of ['anna', 'bert', 'cees']) all.push(await on(t, id));
  const r = await asks(t, { queue: 'omroep' });
  for (const agent of all) await offered(agent, r.conversation);
  const [anna, bert, cees] = all;
  cees.send({ verb: 'decline', conversation: r.conversation });
  await state(cees, r.conversation, (f) => f.state === 'offered' && !f.offered.includes('cees'));
  bert.send({ verb: 'accept', conversation: r.conversation });
  await bert.assigned(r.conversation);
  await state(anna, r.conversation, (f) => f.state === 'active' && f.owner === 'bert');
  anna.send({ verb: 'accept', conversation: r.conversation });
  assert.equal((await anna.wait((f) => f.verb === 'error' && f.refused === 'accept')).code, 'bad_state');
});

test('handed over to a colleague, who is asked; access and load of the former end at once', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t);
  await direct.assigned(r.conversation);
  const anna = await on(t, 'anna');
  direct.send({ verb: 'transfer', conversation: r.conversation, agent: 'anna' });
  const offer = await offered(anna, r.conversation);
  assert.equal(offer.back, 'direct');
  const refused = await direct.refused({ verb: 'say', conversation: r.conversation, counter: 1, text: 'x', channel: 'chat' }).catch((e) => e);
  assert.ok(['forbidden', 'not_found'].includes(refused.code), refused.code);
  anna.send({ verb: 'accept', conversation: r.conversation });
  await anna.assigned(r.conversation);
  /* and to one who need not be asked */
  anna.send({ verb: 'transfer', conversation: r.conversation, agent: 'direct' });
  await direct.assigned(r.conversation);
  direct.send({ verb: 'transfer', conversation: r.conversation, agent: 'bert' });
  assert.deepEqual(await direct.wait((f) => f.verb === 'error' && f.refused === 'transfer').then((f) => [f.code, f.field]), ['capacity', 'agent'], 'bert is not here');
});

test('handed over and taken by nobody, it comes back to its sender', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t, { queue: 'kort' });
  await direct.assigned(r.conversation);
  const bert = await on(t, 'bert');
  direct.send({ verb: 'transfer', conversation: r.conversation, agent: 'bert' });
  await offered(bert, r.conversation);
  await bert.wait((f) => f.verb === 'presence' && f.presence === 'missed');
  await direct.assigned(r.conversation); /* its sender has the first claim */
  const told = await staff(broker, 'chef', {}, t);
  await told.catchUp(r.conversation);
  assert.ok(told.entries(r.conversation).some((e) => e.reason === 'timed_out'), 'and the log says why');
  /* to a queue where nobody else is: it is offered to whoever sent it, too */
  direct.send({ verb: 'transfer', conversation: r.conversation, queue: 'omroep' });
  await offered(direct, r.conversation);
});

test('handed over to a queue where nobody is, it comes back after its time', async (t) => {
  const direct = await on(t, 'direct');
  await ctl(['agent', 'set', 'direct', '--set', 'queues=["vragen"]']);
  t.after(() => ctl(['agent', 'set', 'direct', '--set', 'queues=["vragen","kort","omroep","klaar"]']));
  const r = await asks(t);
  await direct.assigned(r.conversation);
  direct.send({ verb: 'transfer', conversation: r.conversation, queue: 'kort' });
  const moved = await state(direct, r.conversation, (f) => f.state === 'queued' && f.queue === 'kort');
  assert.equal(moved.back, 'direct');
  assert.equal((await direct.assigned(r.conversation)).queue, 'kort', 'held first, whatever their queues are');
});

test('a colleague is brought in, writes along, and then has it', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t);
  await direct.assigned(r.conversation);
  const anna = await on(t, 'anna');
  direct.send({ verb: 'join', conversation: r.conversation, agent: 'anna' });
  await state(anna, r.conversation, (f) => f.joined?.includes('anna'));
  await anna.catchUp(r.conversation);
  await anna.say(r.conversation, 'Ik denk mee', { note: true });
  await anna.say(r.conversation, 'Goedemiddag, Anna hier', { channel: 'chat' });
  await r.entry(r.conversation, (e) => e.text === 'Goedemiddag, Anna hier');
  assert.ok(!r.texts(r.conversation).includes('Ik denk mee'));
  direct.send({ verb: 'transfer', conversation: r.conversation, agent: 'anna' });
  await offered(anna, r.conversation);
  anna.send({ verb: 'accept', conversation: r.conversation });
  assert.equal((await anna.assigned(r.conversation)).joined, undefined, 'she has it now, and takes part no longer');
});

test('who takes part leaves again, by themselves or by the owner', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t);
  await direct.assigned(r.conversation);
  const anna = await on(t, 'anna');
  direct.send({ verb: 'join', conversation: r.conversation, agent: 'anna' });
  await state(anna, r.conversation, (f) => f.joined?.includes('anna'));
  anna.send({ verb: 'part', conversation: r.conversation });
  await state(anna, r.conversation, (f) => !f.joined);
  await anna.catchUp(r.conversation);
  assert.equal((await anna.refused({ verb: 'say', conversation: r.conversation, counter: 1, text: 'x', channel: 'chat' })).code, 'forbidden');
  assert.equal((await anna.refused({ verb: 'join', conversation: r.conversation, agent: 'bert' })).code, 'forbidden', 'only the owner brings somebody in');
});

test('wrap-up: the talk is over, a reason is asked for, and the place stays taken until it is done', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t, { queue: 'klaar' });
  await direct.assigned(r.conversation);
  direct.send({ verb: 'close', conversation: r.conversation });
  const wrap = await state(direct, r.conversation, (f) => f.state === 'wrap_up');
  assert.ok(wrap.due_at > Date.now() + 500000);
  await r.entry(r.conversation, (e) => e.kind === 'state' && e.state === 'closed'); /* for the resident it is over */
  assert.deepEqual(await direct.refused({ verb: 'close', conversation: r.conversation }).then((f) => [f.code, f.field]), ['bad_field', 'reason']);
  assert.deepEqual(await direct.refused({ verb: 'close', conversation: r.conversation, reason: 'onzin' }).then((f) => f.code), 'bad_field');
  const chef = await staff(broker, 'chef', {}, t);
  const load = (f) => f.verb === 'board' && f.agents.find((a) => a.agent === 'direct').load;
  chef.send({ verb: 'watch' });
  await chef.wait((f) => load(f) === 2);
  direct.send({ verb: 'close', conversation: r.conversation, reason: 'vraag' });
  await state(direct, r.conversation, (f) => f.state === 'closed');
  await chef.wait((f) => load(f) === 0);
});

test('a resident who writes during the wrap-up has the agent back', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t, { queue: 'klaar' });
  await direct.assigned(r.conversation);
  direct.send({ verb: 'close', conversation: r.conversation });
  await state(direct, r.conversation, (f) => f.state === 'wrap_up');
  await r.say(r.conversation, 'nog iets');
  await state(direct, r.conversation, (f) => f.state === 'active' && f.owner === 'direct');
});

test('snoozed until a reply, it takes no capacity and comes back to who had it', async (t) => {
  const direct = await on(t, 'direct');
  const r = await asks(t);
  await direct.assigned(r.conversation);
  direct.send({ verb: 'snooze', conversation: r.conversation });
  await state(direct, r.conversation, (f) => f.state === 'snoozed' && !f.owner);
  await r.barrier();
  assert.ok(!r.entries(r.conversation).some((e) => e.state === 'snoozed'));
  await r.say(r.conversation, 'ik heb het gevonden');
  await direct.assigned(r.conversation);
  /* until a time */
  direct.send({ verb: 'snooze', conversation: r.conversation, until: Date.now() + 700 });
  await state(direct, r.conversation, (f) => f.state === 'snoozed');
  await direct.assigned(r.conversation);
  assert.deepEqual(await direct.refused({ verb: 'snooze', conversation: r.conversation, until: 5 }).then((f) => [f.code, f.field]), ['bad_field', 'until']);
});

test('a resident ends the conversation, waiting or talking', async (t) => {
  const waiting = await asks(t);
  waiting.send({ verb: 'close', conversation: waiting.conversation });
  await waiting.entry(waiting.conversation, (e) => e.kind === 'state' && e.state === 'closed');
  const direct = await on(t, 'direct');
  const r = await asks(t);
  await direct.assigned(r.conversation);
  r.send({ verb: 'close', conversation: r.conversation });
  await state(direct, r.conversation, (f) => f.state === 'closed');
  const other = await asks(t);
  await direct.assigned(other.conversation);
  assert.equal((await r.refused({ verb: 'close', conversation: other.conversation })).code, 'not_found', 'only one’s own');
});
