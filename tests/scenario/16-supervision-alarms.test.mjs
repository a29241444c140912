/* Each alarm: begins with its reason, keeps its beginning, is logged once, and goes with its reason. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { FORMS, newId, resident } from '../lib/client.mjs';
import { Office, alarm, alarmed, becomes, calm, closes, ends, shows } from './16-supervision-office.mjs';

let office;
before(async () => {
  office = await Office.open({
    queues: {
      plain: {},
      other: {},
      slow: { tell_s: 1 },
      night: { tell_s: 1, holidays: shut() },
      promise: { levels: [{ channel: 'chat', first_response_s: 3, resolution_s: 30, warn_s: 2 }] },
      end: { levels: [{ resolution_s: 3, warn_s: 2 }] },
      french: { skills: [{ skill: 'french', level: 5 }] },
      words: { language_required: true },
      wide: { widen_to: ['plain'], widen_s: 1 },
      asked: { offer_s: 1 },
    },
    agents: {
      anna: { queues: ['plain'], capacity: 20 },
      level: { queues: ['promise', 'end'], capacity: 20 },
      slow: { queues: ['slow', 'night'], capacity: 20 },
      french: { queues: ['french'], capacity: 20 },
      able: { queues: ['french'], capacity: 20 },
      words: { queues: ['words'], capacity: 20 },
      asked: { queues: ['asked'], capacity: 20 },
    },
  });
  await office.routing({ missed_max: 2 });
  await office.agent('asked', { queues: ['asked'], capacity: 20, channels: [{ channel: 'chat', must_accept: true }] });
  await office.agent('able', { queues: ['french'], capacity: 20, skills: [{ skill: 'french', level: 5 }] });
  await office.agent('words', { queues: ['words'], capacity: 20, languages: ['nl'] });
});
after(() => office.close());

/* Closed all day, from yesterday to tomorrow. */
function shut() {
  return [-1, 0, 1].map((days) => ({ date: new Date(Date.now() + days * 86400000).toISOString().slice(0, 10) }));
}

const logged = (what) => office.broker.log().split('\n').filter((line) => line.includes('ev=alarm ') && line.includes(what)).length;

/* Whoever is on duty goes home at the end, so that the next test finds the office empty. */
async function on(t, id, options) {
  const a = await office.on(t, id, options);
  t.after(async () => {
    const again = await office.on(null, id, { presence: null });
    await again.presence('offline');
    await again.close();
  });
  return a;
}

for (const form of FORMS) {
  test(`${form}: nobody takes work of a queue where somebody waits`, async (t) => {
    const chef = await office.watches(t, 'chef', { form });
    const before = logged('kind=nobody queue=plain');
    const from = Date.now();
    const r = await office.asks(t, 'plain', { form });
    const first = await alarmed(chef, 'nobody', { queue: 'plain' });
    assert.ok(first.since >= from && first.since <= Date.now(), `${first.since}`);
    assert.deepEqual(Object.keys(first).sort(), ['kind', 'queue', 'since']);
    /* it keeps its beginning, for whoever begins to watch too */
    const later = await office.watches(t, 'chef', { form });
    assert.equal((await alarmed(later, 'nobody', { queue: 'plain' })).since, first.since);
    await shows(chef, (f) => f.at > first.since + 2500 && alarm(f, 'nobody')?.since === first.since, 'the same alarm');
    const a = await on(t, 'anna', { form });
    await a.assigned(r.conversation);
    await calm(chef, 'nobody');
    /* somebody waits again, and the agent takes no work: the same by presence */
    await a.presence('break');
    const again = await office.asks(t, 'plain', { form });
    assert.ok((await alarmed(chef, 'nobody', { queue: 'plain' })).since > first.since);
    await a.presence('available');
    await a.assigned(again.conversation);
    await calm(chef, 'nobody');
    for (const each of [r, again]) await closes(a, each.conversation);
    assert.equal(logged('kind=nobody queue=plain') - before, 2, 'logged once for each beginning');
  });

  test(`${form}: one that waits too long`, async (t) => {
    const chef = await office.watches(t, 'chef', { form });
    const r = await office.asks(t, 'slow', { form });
    const old = await alarmed(chef, 'old', { conversation: r.conversation });
    const row = chef.frames.findLast((f) => f.verb === 'board').waiting.find((w) => w.conversation === r.conversation);
    assert.deepEqual([old.queue, old.since], ['slow', row.since + 1000]);
    const a = await on(t, 'slow', { form });
    await a.assigned(r.conversation);
    await calm(chef, 'old');
    await closes(a, r.conversation);
    assert.equal(logged(`kind=old queue=slow conversation=${r.conversation}`), 1);
  });
}

test('outside opening hours nothing is old, and nobody is expected', async (t) => {
  const chef = await office.watches(t);
  const r = await office.asks(t, 'night');
  const slow = await office.asks(t, 'slow'); /* the same age, in a queue that is open */
  await alarmed(chef, 'old', { conversation: slow.conversation });
  const board = await shows(chef, (f) => alarm(f, 'nobody', { queue: 'slow' }), 'the open queue\'s alarm');
  assert.ok(!board.alarms.some((a) => a.queue === 'night'), JSON.stringify(board.alarms));
  assert.equal(board.queues.find((q) => q.queue === 'night').closed, true);
  await ends(chef, r, slow);
  await calm(chef, 'old');
});

test('a first answer that is promised', async (t) => {
  const chef = await office.watches(t);
  const r = await office.asks(t, 'promise');
  const a = await on(t, 'level');
  const work = await a.assigned(r.conversation);
  assert.equal(work.first_due_at, work.queued_at + 3000);
  const level = await alarmed(chef, 'level', { conversation: r.conversation });
  assert.deepEqual([level.queue, level.target, level.due_at, level.since], ['promise', 'first', work.first_due_at, work.first_due_at - 2000]);
  await shows(chef, (f) => f.at > level.due_at && alarm(f, 'level', { conversation: r.conversation }), 'missed, and still there');
  await a.catchUp(r.conversation);
  await a.say(r.conversation, 'Dag');
  await calm(chef, 'level', { conversation: r.conversation });
  await closes(a, r.conversation);
  assert.equal(logged(`conversation=${r.conversation} target=first`), 1);
});

test('an end that is promised', async (t) => {
  const chef = await office.watches(t);
  const r = await office.asks(t, 'end');
  const a = await on(t, 'level');
  const work = await a.assigned(r.conversation);
  await a.catchUp(r.conversation);
  await a.say(r.conversation, 'Dag');
  const level = await alarmed(chef, 'level', { conversation: r.conversation });
  assert.deepEqual([level.target, level.due_at], ['resolve', work.resolve_due_at]);
  await closes(a, r.conversation);
  await calm(chef, 'level', { conversation: r.conversation });
});

test('an agent who misses offers, until they take one', async (t) => {
  const chef = await office.watches(t);
  const a = await on(t, 'asked');
  const r = await office.asks(t, 'asked');
  const missed = () => a.wait((f) => f.verb === 'presence' && f.presence === 'missed', { name: 'a missed offer' });
  await becomes(a, r.conversation, 'offered');
  await missed();
  const one = await shows(chef, (f) => f.agents.find((x) => x.agent === 'asked').missed === 1, 'one missed');
  assert.ok(!alarm(one, 'missed'));
  await office.routing({ missed_max: 2, decline_rest_s: 0 });
  await a.presence('available');
  await missed();
  const alarmIs = await alarmed(chef, 'missed', { agent: 'asked' });
  assert.deepEqual(Object.keys(alarmIs).sort(), ['agent', 'kind', 'since']);
  a.open = [];
  await a.presence('available');
  await becomes(a, r.conversation, 'offered');
  a.send({ verb: 'accept', conversation: r.conversation });
  await a.assigned(r.conversation);
  const board = await calm(chef, 'missed');
  assert.equal(board.agents.find((x) => x.agent === 'asked').missed, undefined);
  await closes(a, r.conversation);
  await office.routing({ missed_max: 2 });
});

test('requirements that fit nobody', async (t) => {
  const chef = await office.watches(t);
  const a = await on(t, 'french'); /* serves the queue, has no French; who has is not here */
  const r = await office.asks(t, 'french');
  const stuck = await alarmed(chef, 'stuck', { conversation: r.conversation });
  assert.equal(stuck.queue, 'french');
  assert.ok(!alarm(chef.frames.findLast((f) => f.verb === 'board'), 'nobody', { queue: 'french' }), 'the queue has somebody');
  const able = await on(t, 'able', { presence: 'break' });
  await calm(chef, 'stuck'); /* here, if only on a break */
  await able.presence('available');
  await able.assigned(r.conversation);
  await closes(able, r.conversation);
  /* where nobody in the organisation has it, it makes no difference who is here */
  await office.queue('french', { skills: [{ skill: 'french', level: 9 }] });
  const harder = await office.asks(t, 'french');
  await alarmed(chef, 'stuck', { conversation: harder.conversation });
  await able.presence('offline');
  await a.presence('offline');
  const board = await shows(chef, (f) => alarm(f, 'nobody', { queue: 'french' }) && alarm(f, 'stuck', { conversation: harder.conversation }), 'both');
  assert.equal(alarm(board, 'stuck').since <= board.at, true);
  await office.queue('french', { skills: [{ skill: 'french', level: 5 }] });
  await shows(chef, (f) => !alarm(f, 'stuck'), 'no more: somebody could, but is not here, and that is `nobody`');
  await ends(chef, harder);
});

test('a language that nobody speaks; and agents of another queue who may take it later', async (t) => {
  const chef = await office.watches(t);
  await on(t, 'words');
  const r = await resident(office.broker, {}, t);
  const { conversation, token } = await r.ask({ verb: 'start', key: newId(), queue: 'words', text: 'Привіт', language: 'uk' }, 'started');
  await r.resume(conversation, { token });
  await alarmed(chef, 'stuck', { conversation });
  await office.agent('words', { queues: ['words'], capacity: 20, languages: ['nl', 'uk'] });
  await calm(chef, 'stuck');
  /* a queue without agents of its own: after a while those of `plain` take its work, and there is somebody */
  const wide = await office.asks(t, 'wide');
  await alarmed(chef, 'nobody', { queue: 'wide' });
  const anna = await on(t, 'anna');
  await anna.assigned(wide.conversation);
  await calm(chef, 'nobody', { queue: 'wide' });
  await ends(chef, Object.assign(r, { conversation }), wide);
});
