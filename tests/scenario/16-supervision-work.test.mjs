/* What a supervisor does with running work: reads along unseen, whispers, joins, takes over, hands over, prioritises, closes; presences; notices.
 * Agents are refused all that is the supervisor's. */
import assert from 'node:assert/strict';
import test, { after, afterEach, before } from 'node:test';

import { FORMS } from '../lib/client.mjs';
import { Office, agent, becomes, closes, queue, shows } from './16-supervision-office.mjs';

let office;
before(async () => {
  office = await Office.open({
    queues: { burger: {}, tax: {} },
    agents: { anna: { queues: ['burger'], capacity: 2 }, bert: { queues: ['burger', 'tax'], capacity: 2 } },
  });
  await office.broker.addStaff({ id: 'other', name: 'Other', role: 'supervisor', queues: [] });
});
after(() => office.close());

let opened = [];
afterEach(async () => {
  const chef = await office.watches(null);
  for (const conversation of opened) chef.send({ verb: 'close', conversation });
  for (const id of ['anna', 'bert']) chef.send({ verb: 'set_presence', agent: id, presence: 'offline' });
  const empty = (f) => f.queues.every((q) => q.waiting === 0 && q.active === 0) && f.agents.every((a) => a.presence === 'offline');
  await shows(chef, empty, 'an empty office');
  await chef.close();
  opened = [];
});

async function asks(t, of, options) {
  const r = await office.asks(t, of, options);
  opened.push(r.conversation);
  return r;
}

/* The audit, newest first: {actor, action, what, …}. */
function audit() {
  const rows = JSON.parse(office.broker.redis('--json', 'xrevrange', '{o:voorbeeld}:audit', '+', '-'));
  return rows.map(([, pairs]) => Object.fromEntries(pairs.flatMap((x, i) => (i % 2 ? [] : [[x, pairs[i + 1]]]))));
}

const states = (c, conversation) => c.entries(conversation).filter((e) => e.kind === 'state').map((e) => e.state ?? e.reason);

for (const form of FORMS) {
  test(`${form}: reading along leaves an audit entry and nothing that the resident or the agent sees`, async (t) => {
    const r = await asks(t, 'burger', { form, text: 'een vraag' });
    const anna = await office.on(t, 'anna', { form });
    await anna.assigned(r.conversation);
    await anna.catchUp(r.conversation);
    await Promise.all([r.barrier(), anna.barrier()]);
    const before = [r.frames.length, anna.frames.length, audit().length];
    const chef = await office.on(t, 'chef', { form });
    await chef.catchUp(r.conversation);
    assert.deepEqual(chef.texts(r.conversation), ['een vraag']);
    const { seq } = await r.say(r.conversation, 'en nog iets');
    await chef.until(r.conversation, seq);
    await anna.until(r.conversation, seq);
    const [newest] = audit();
    assert.deepEqual([newest.actor, newest.action, newest.what], ['chef', 'monitor', r.conversation]);
    assert.ok(Math.abs(Number(newest.at) - Date.now()) < 5000);
    assert.equal(audit().length, before[2] + 1, 'one entry for one look');
    for (const [c, from] of [[r, before[0]], [anna, before[1]]]) {
      await c.barrier();
      const heard = c.frames.slice(from).filter((f) => !['ping', 'pong', 'ack', 'waiting'].includes(f.verb));
      assert.deepEqual(heard.map((f) => [f.verb, f.seq]), [['entry', seq]], JSON.stringify(heard));
      assert.ok(!JSON.stringify(c.frames.slice(from)).includes('chef'));
    }
    /* looking does not let one speak */
    assert.equal((await chef.refused({ verb: 'say', conversation: r.conversation, counter: 1, text: 'hallo?' })).code, 'forbidden');
  });

  test(`${form}: a whisper is the agent's and the supervisors', never the resident's`, async (t) => {
    const r = await asks(t, 'burger', { form });
    const anna = await office.on(t, 'anna', { form });
    await anna.assigned(r.conversation);
    await anna.catchUp(r.conversation);
    const [chef, other] = [await office.on(t, 'chef', { form }), await office.on(t, 'other', { form })];
    await chef.catchUp(r.conversation);
    await other.catchUp(r.conversation);
    const { seq } = await chef.say(r.conversation, 'vraag naar het BSN', { whisper: true });
    for (const c of [anna, chef, other]) {
      await c.until(r.conversation, seq);
      const said = c.log(r.conversation).entries.get(seq);
      assert.deepEqual([said.kind, said.text, said.author, said.name, said.channel], ['whisper', 'vraag naar het BSN', 'chef', 'Chef', undefined]);
    }
    await r.until(r.conversation, seq);
    const hidden = r.log(r.conversation).entries.get(seq);
    assert.deepEqual(Object.keys(hidden).filter((key) => !['verb', 'conversation', 'seq', 'at', 'kind'].includes(key)), []);
    assert.equal(hidden.kind, 'hidden');
    /* nor when the page comes back, or another opens */
    const again = await r.catchUp(r.conversation, { token: r.token });
    assert.equal(again.seq, seq);
    assert.ok(!JSON.stringify(r.frames).includes('BSN'));
    /* a whisper is no answer to the resident: agents have notes for that */
    assert.equal((await anna.refused({ verb: 'say', conversation: r.conversation, counter: 1, text: 'fluister', whisper: true })).code, 'bad_field');
    r.assertOrder();
  });

  test(`${form}: joins, speaks, parts`, async (t) => {
    const r = await asks(t, 'burger', { form });
    const anna = await office.on(t, 'anna', { form });
    const work = await anna.assigned(r.conversation);
    await anna.catchUp(r.conversation);
    const chef = await office.on(t, 'chef', { form });
    chef.send({ verb: 'join', conversation: r.conversation });
    const joined = await chef.wait((f) => f.verb === 'conversation' && f.joined?.includes('chef'), { name: 'the joining' });
    assert.deepEqual([joined.owner, joined.joined], ['anna', ['chef']]);
    await anna.wait((f) => f.verb === 'conversation' && f.joined?.includes('chef'), { name: 'the joining, at the agent' });
    await chef.catchUp(r.conversation);
    const { seq } = await chef.say(r.conversation, 'Goedemiddag, ik help mee');
    await r.until(r.conversation, seq);
    const heard = r.log(r.conversation).entries.get(seq);
    const { kind, text, from, name, author } = heard;
    assert.deepEqual([kind, text, from, name, author], ['message', 'Goedemiddag, ik help mee', 'agent', 'Chef', undefined]);
    assert.equal((await chef.refused({ verb: 'join', conversation: r.conversation })).code, 'duplicate');
    chef.send({ verb: 'part', conversation: r.conversation });
    await anna.wait((f) => f.verb === 'conversation' && f.version > joined.version && !f.joined, { name: 'the parting' });
    assert.equal((await chef.refused({ verb: 'say', conversation: r.conversation, counter: 2, text: 'nog iets' })).code, 'forbidden');
    assert.equal((await chef.refused({ verb: 'part', conversation: r.conversation })).code, 'not_found');
    assert.ok(work.version < joined.version);
  });

  test(`${form}: takes over, and the former agent's place is free at once`, async (t) => {
    const r = await asks(t, 'burger', { form });
    const anna = await office.on(t, 'anna', { form });
    await anna.assigned(r.conversation);
    const next = await asks(t, 'burger', { form });
    const chef = await office.on(t, 'chef', { form });
    chef.send({ verb: 'take', conversation: r.conversation });
    assert.equal((await becomes(chef, r.conversation, 'active')).owner, 'chef');
    await anna.wait((f) => f.verb === 'conversation' && f.conversation === r.conversation && f.owner === 'chef', { name: 'that it is taken' });
    await anna.assigned(next.conversation);
    await chef.catchUp(r.conversation);
    const { seq } = await chef.say(r.conversation, 'ik neem het over');
    await r.until(r.conversation, seq);
    assert.ok(r.texts(r.conversation).includes('ik neem het over'));
    /* what waits can be taken, too; and a place is nobody's then */
    const waits = await asks(t, 'tax', { form });
    chef.send({ verb: 'take', conversation: waits.conversation });
    assert.equal((await becomes(chef, waits.conversation, 'active')).owner, 'chef');
    chef.send({ verb: 'watch' });
    const board = await shows(chef, (f) => queue(f, 'tax').waiting === 0 && queue(f, 'tax').active === 1, 'taken out of the line');
    assert.equal(agent(board, 'chef'), undefined);
    for (const each of [r, waits]) await closes(chef, each.conversation);
  });

  test(`${form}: hands over to an agent or a queue, whoever has it`, async (t) => {
    const r = await asks(t, 'burger', { form });
    const anna = await office.on(t, 'anna', { form });
    await anna.assigned(r.conversation);
    const bert = await office.on(t, 'bert', { form });
    const chef = await office.on(t, 'chef', { form });
    chef.send({ verb: 'transfer', conversation: r.conversation, agent: 'bert' });
    assert.equal((await bert.assigned(r.conversation)).owner, 'bert');
    await anna.presence('break');
    const full = await asks(t, 'burger', { form });
    assert.equal((await chef.refused({ verb: 'transfer', conversation: full.conversation, agent: 'anna' })).code, 'capacity');
    assert.equal((await chef.refused({ verb: 'transfer', conversation: full.conversation, agent: 'bert' })).code, 'capacity');
    assert.equal((await chef.refused({ verb: 'transfer', conversation: full.conversation, agent: 'nobody' })).code, 'not_found');
    assert.equal((await chef.refused({ verb: 'transfer', conversation: full.conversation, queue: 'nowhere' })).code, 'not_found');
    assert.equal((await chef.refused({ verb: 'transfer', conversation: full.conversation })).code, 'bad_field');
    chef.send({ verb: 'watch' });
    chef.send({ verb: 'transfer', conversation: full.conversation, queue: 'tax' });
    await shows(chef, (f) => queue(f, 'tax').waiting === 1 && queue(f, 'burger').waiting === 0, 'the other queue');
    chef.send({ verb: 'close', conversation: r.conversation });
    assert.equal((await bert.assigned(full.conversation)).queue, 'tax');
  });
}

test('prioritises: the last of the line is next', async (t) => {
  const chef = await office.watches(t);
  const line = [await asks(t, 'burger', { text: '1' }), await asks(t, 'burger', { text: '2' }), await asks(t, 'burger', { text: '3' })];
  const last = line[2].conversation;
  chef.send({ verb: 'prioritise', conversation: last, priority: 2 });
  const board = await shows(chef, (f) => f.waiting?.find((w) => w.conversation === last)?.priority === 2, 'the priority');
  /* shown by age still: it has not waited longer */
  assert.deepEqual(board.waiting.map((w) => w.conversation), line.map((r) => r.conversation));
  assert.equal(queue(board, 'burger').oldest_at, board.waiting[0].since);
  await line[2].wait((f) => f.verb === 'waiting' && f.place === 1, { name: 'first in line' });
  const anna = await office.on(t, 'anna');
  await anna.assigned(last);
  assert.equal((await chef.refused({ verb: 'prioritise', conversation: last, priority: 10 })).code, 'bad_field');
  assert.equal((await chef.refused({ verb: 'prioritise', conversation: 'nothing', priority: 1 })).code, 'not_found');
});

test('closes what is not theirs', async (t) => {
  const r = await asks(t, 'burger');
  const anna = await office.on(t, 'anna');
  await anna.assigned(r.conversation);
  const chef = await office.on(t, 'chef');
  await chef.catchUp(r.conversation);
  await closes(chef, r.conversation);
  await r.entry(r.conversation, (e) => e.state === 'closed');
  await becomes(anna, r.conversation, 'closed');
});

test('an agent\'s presence, changed by a supervisor', async (t) => {
  const anna = await office.on(t, 'anna');
  const chef = await office.on(t, 'chef');
  chef.send({ verb: 'set_presence', agent: 'anna', presence: 'break' });
  await anna.wait((f) => f.verb === 'presence' && f.presence === 'break', { name: 'the break' });
  const r = await asks(t, 'burger');
  await anna.barrier();
  assert.ok(!anna.frames.some((f) => f.verb === 'conversation'));
  chef.send({ verb: 'set_presence', agent: 'anna', presence: 'available' });
  await anna.assigned(r.conversation);
  const [newest] = audit().filter((row) => row.action === 'set_presence');
  assert.deepEqual([newest.actor, newest.what, newest.after], ['chef', 'anna', 'available']);
  assert.equal((await chef.refused({ verb: 'set_presence', agent: 'anna', presence: 'missed' })).code, 'bad_field');
  assert.equal((await chef.refused({ verb: 'set_presence', agent: 'nobody', presence: 'break' })).code, 'not_found');
});

test('a notice to all, and one to some queues', async (t) => {
  const [anna, bert, chef, r] = [await office.on(t, 'anna'), await office.on(t, 'bert'), await office.on(t, 'chef'), await asks(t, 'burger')];
  chef.send({ verb: 'bulletin', text: 'Storing bij DigiD' });
  for (const c of [anna, bert, chef]) {
    const said = await c.wait('bulletin');
    assert.deepEqual([said.text, said.from, said.queues], ['Storing bij DigiD', 'Chef', undefined]);
    assert.ok(Math.abs(said.at - Date.now()) < 5000);
  }
  chef.send({ verb: 'bulletin', text: 'Aanslagen zijn verstuurd', queues: ['tax'] });
  assert.deepEqual((await bert.wait('bulletin')).queues, ['tax']);
  await Promise.all([anna.barrier(), r.barrier()]);
  assert.equal(anna.frames.filter((f) => f.verb === 'bulletin').length, 1);
  assert.equal(r.frames.filter((f) => f.verb === 'bulletin').length, 0);
  assert.equal((await chef.refused({ verb: 'bulletin', text: 'x', queues: ['nowhere'] })).code, 'not_found');
  assert.equal((await chef.refused({ verb: 'bulletin', text: '' })).code, 'bad_field');
});

test('agents are refused what is the supervisor\'s', async (t) => {
  const r = await asks(t, 'burger');
  const anna = await office.on(t, 'anna');
  await anna.assigned(r.conversation);
  await anna.catchUp(r.conversation);
  const bert = await office.on(t, 'bert');
  await bert.catchUp(r.conversation); /* an agent of the queue may read */
  for (const frame of [
    { verb: 'take', conversation: r.conversation },
    { verb: 'prioritise', conversation: r.conversation, priority: 9 },
    { verb: 'set_presence', agent: 'anna', presence: 'break' },
    { verb: 'bulletin', text: 'ik ben de baas' },
    { verb: 'join', conversation: r.conversation },
    { verb: 'transfer', conversation: r.conversation, agent: 'bert' },
    { verb: 'transfer', conversation: r.conversation, queue: 'tax' },
    { verb: 'close', conversation: r.conversation },
    { verb: 'requeue', conversation: r.conversation },
    { verb: 'snooze', conversation: r.conversation },
    { verb: 'say', conversation: r.conversation, counter: 1, text: 'tussendoor' },
    { verb: 'say', conversation: r.conversation, counter: 1, text: 'notitie', note: true },
  ]) {
    assert.equal((await bert.refused(frame)).code, 'forbidden', JSON.stringify(frame));
  }
  assert.equal((await r.refused({ verb: 'watch' })).code, 'forbidden');
  await anna.barrier();
  assert.deepEqual(states(anna, r.conversation), ['active']);
});
