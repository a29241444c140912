/* A supervisor's numbers are what happened, to the millisecond. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { FORMS } from '../lib/client.mjs';
import { Office, agent, closes, queue, shows } from './16-supervision-office.mjs';

let office;
before(async () => {
  const level = { levels: [{ answer_s: 1 }] };
  office = await Office.open({
    queues: { json: level, msgpack: level, other: {} },
    agents: { 'a-json': { queues: ['json', 'other'], capacity: 2 }, 'a-msgpack': { queues: ['msgpack'], capacity: 2 } },
  });
});
after(() => office.close());

for (const form of FORMS) {
  test(`${form}: answered, in level, abandoned, and how long it took`, async (t) => {
    const chef = await office.watches(t, 'chef', { form });
    const none = queue(chef.frames.findLast((f) => f.verb === 'board'), form);
    const absent = ['answered', 'in_level', 'abandoned', 'answer_ms', 'handle_ms', 'longest_ms', 'closed'];
    for (const field of absent) assert.equal(none[field], undefined, field);

    /* the first waits longer than the queue promises */
    const late = await office.asks(t, form, { form });
    const old = await shows(chef, (f) => queue(f, form).longest_ms > 1000, 'one that waited for a second');
    const row = queue(old, form);
    assert.equal(row.longest_ms, old.at - row.oldest_at);
    assert.equal(row.oldest_at, old.waiting.find((w) => w.conversation === late.conversation).since);

    const a = await office.on(t, `a-${form}`, { form });
    const first = await a.assigned(late.conversation);
    const quick = await office.asks(t, form, { form });
    const gone = await office.asks(t, form, { form });
    await shows(chef, (f) => queue(f, form).waiting === 2, 'two waiting');
    gone.send({ verb: 'close', conversation: gone.conversation });
    await gone.entry(gone.conversation, (e) => e.state === 'closed');

    /* the second would be in level but for the first, which the only agent holds; a third comes to a free agent */
    const ended = [await closed(a, late)];
    const second = await a.assigned(quick.conversation);
    ended.push(await closed(a, quick));
    const soon = await office.asks(t, form, { form });
    const third = await a.assigned(soon.conversation);
    ended.push(await closed(a, soon));

    const got = [first, second, third];
    const waits = got.map((f) => f.assigned_at - f.queued_at);
    const took = got.map((f, i) => ended[i] - f.assigned_at);
    const mean = (list) => Math.floor(list.reduce((x, y) => x + y, 0) / list.length);
    assert.ok(waits[0] > 1000 && waits[2] < 1000, String(waits));
    const whole = (row) => row.answered === 3 && row.abandoned === 1 && row.handle_ms === mean(took);
    const board = await shows(chef, (f) => whole(queue(f, form)), `the day's numbers: ${took}`);
    const day = queue(board, form);
    assert.equal(day.answer_ms, mean(waits) || undefined);
    assert.equal(day.in_level, waits.filter((ms) => ms <= 1000).length);
    assert.deepEqual([day.waiting, day.active, day.longest_ms, day.oldest_at], [0, 0, undefined, 0]);

    /* who begins to watch now sees the same */
    const other = await office.watches(t, 'chef', { form });
    const seen = await shows(other, (f) => queue(f, form).answered === 3, 'the numbers');
    assert.deepEqual(queue(seen, form), day);
    await a.presence('offline');
  });
}

/* When it was closed: the entry that says so was made with the same clock as the numbers. */
async function closed(a, r) {
  const done = r.entry(r.conversation, (e) => e.kind === 'state' && e.state === 'closed');
  await closes(a, r.conversation);
  return (await done).at;
}

test('agents see their queues and all colleagues, but nobody\'s load', async (t) => {
  const a = await office.on(t, 'a-json');
  const chef = await office.watches(t);
  const r = await office.asks(t, 'json');
  await a.assigned(r.conversation);
  const board = await a.ask({ verb: 'watch' }, 'board');
  assert.deepEqual(board.queues.map((q) => q.queue), ['json', 'other']);
  const unknown = { load: 0, capacity: 0, conversations: 0, since: 0 };
  assert.deepEqual(board.agents, [
    { agent: 'a-json', name: 'a-json', presence: 'available', ...unknown, queues: ['json', 'other'], here: true },
    { agent: 'a-msgpack', name: 'a-msgpack', presence: 'offline', ...unknown, queues: ['msgpack'] },
  ]);
  assert.equal(board.alarms, undefined);
  const all = await shows(chef, (f) => agent(f, 'a-json').load === 2, 'the load');
  const { here, conversations, aside } = agent(all, 'a-json');
  assert.deepEqual([here, conversations, aside, agent(all, 'a-msgpack').here], [true, 1, undefined, undefined]);
  assert.equal(queue(all, 'json').available, 1);
  await a.close();
  const away = await shows(chef, (f) => !agent(f, 'a-json').here, 'the agent gone');
  assert.deepEqual([queue(away, 'json').available, agent(away, 'a-json').presence], [0, 'available']); /* kept for the grace time */
  const again = await office.on(t, 'a-json', { presence: null });
  await closes(again, r.conversation);
  await again.presence('offline');
});

test('a status of the organisation\'s own counts as available where it takes a channel', async (t) => {
  await office.put('routing', {
    statuses: [
      { status: 'mail', name_nl: 'Post', name_en: 'Mail', channels: ['email'] },
      { status: 'desk', name_nl: 'Balie', name_en: 'Desk' },
    ],
  });
  await office.welcomed('the statuses', (welcome) => welcome.statuses?.some((s) => s.status === 'desk'), 'chef');
  const chef = await office.watches(t);
  const a = await office.on(t, 'a-json', { presence: 'mail' });
  await shows(chef, (f) => queue(f, 'json').available === 1 && agent(f, 'a-json').presence === 'mail', 'one for mail');
  await a.presence('desk');
  await shows(chef, (f) => queue(f, 'json').available === 0 && agent(f, 'a-json').presence === 'desk', 'none');
  await a.presence('offline');
});

test('interruptible work that gives way shows as aside', async (t) => {
  await office.routing({ interruptible: ['chat'] });
  const chef = await office.watches(t);
  const a = await office.on(t, 'a-json');
  const r = await office.asks(t, 'json');
  await a.assigned(r.conversation);
  await office.routing({ interruptible: [] });
  const more = await office.asks(t, 'json'); /* by the new rules a chat is firm, and the first, taken as soft, gives way */
  await a.assigned(more.conversation);
  const board = await shows(chef, (f) => agent(f, 'a-json').load === 4, 'twice its capacity');
  assert.deepEqual([agent(board, 'a-json').capacity, agent(board, 'a-json').aside], [2, 2]);
  for (const each of [r, more]) await closes(a, each.conversation);
  await a.presence('offline');
});
