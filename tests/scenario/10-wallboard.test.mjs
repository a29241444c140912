/* The wallboard: right numbers for those who may see them, soon after each change, at most twice a second. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { FORMS, resident, staff } from '../lib/client.mjs';

let broker;
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'sanne', name: 'Sanne', queues: ['burgerzaken'], capacity: 4 });
  await broker.addStaff({ id: 'joost', name: 'Joost', queues: ['belastingen', 'burgerzaken'], capacity: 9 });
  await broker.addStaff({ id: 'chef', role: 'supervisor', queues: [] });
});
after(() => broker.close());

const queue = (board, id) => board.queues.find((row) => row.queue === id);
const agent = (board, id) => board.agents.find((row) => row.agent === id);
const shows = (c, fits, name) => c.wait((f) => f.verb === 'board' && fits(f), { name });

for (const form of FORMS) {
  test(`${form}: the numbers follow what happens`, async (t) => {
    const chef = await staff(broker, 'chef', { form }, t);
    const empty = await chef.ask({ verb: 'watch' }, 'board');
    assert.ok(Math.abs(empty.at - Date.now()) < 2000);
    assert.deepEqual(empty.queues.map((row) => [row.queue, row.waiting, row.active, row.available, row.oldest_at]), [['burgerzaken', 0, 0, 0, 0], ['belastingen', 0, 0, 0, 0]]);
    assert.deepEqual(empty.agents.map((row) => [row.agent, row.name, row.presence, row.load, row.capacity, row.queues]), [
      ['joost', 'Joost', 'offline', 0, 9, ['burgerzaken', 'belastingen']],
      ['sanne', 'Sanne', 'offline', 0, 4, ['burgerzaken']],
    ]);

    const asked = Date.now();
    const residents = [];
    for (let i = 0; i < 3; i++) {
      const r = await resident(broker, { form }, t);
      r.conversation = (await r.start({ text: String(i) })).conversation;
      residents.push(r);
    }
    const waiting = await shows(chef, (f) => queue(f, 'burgerzaken').waiting === 3, 'three waiting');
    const row = queue(waiting, 'burgerzaken');
    assert.deepEqual([row.waiting_chat, row.waiting_email, row.waiting_sms, row.active], [3, 0, 0, 0]);
    assert.ok(row.oldest_at >= asked - 1000 && row.oldest_at <= Date.now());
    assert.deepEqual(waiting.waiting.map((w) => [w.conversation, w.queue, w.channel]), residents.map((r) => [r.conversation, 'burgerzaken', 'chat']));
    assert.equal(waiting.waiting[0].since, row.oldest_at);

    const sanne = await staff(broker, 'sanne', { form }, t);
    await sanne.assigned(residents[0].conversation);
    await sanne.assigned(residents[1].conversation);
    const busy = await shows(chef, (f) => queue(f, 'burgerzaken').active === 2 && agent(f, 'sanne').load === 4, 'two held');
    assert.deepEqual([queue(busy, 'burgerzaken').waiting, queue(busy, 'burgerzaken').available, agent(busy, 'sanne').conversations], [1, 1, 2]);
    assert.equal(agent(busy, 'sanne').presence, 'available');
    assert.ok(agent(busy, 'sanne').since >= asked);

    /* an agent sees their own queues, and of colleagues only who is there */
    const own = await sanne.ask({ verb: 'watch' }, 'board');
    assert.deepEqual(own.queues.map((q) => q.queue), ['burgerzaken']);
    assert.ok(own.agents.every((x) => x.load === 0 && x.conversations === 0 && x.capacity === 0));
    assert.deepEqual(own.waiting.map((w) => w.conversation), [residents[2].conversation]);

    await sanne.presence('break');
    await shows(chef, (f) => agent(f, 'sanne').presence === 'break' && queue(f, 'burgerzaken').available === 0, 'a break');
    for (const r of residents) {
      chef.send({ verb: 'close', conversation: r.conversation });
    }
    await shows(chef, (f) => queue(f, 'burgerzaken').waiting === 0 && queue(f, 'burgerzaken').active === 0 && agent(f, 'sanne').load === 0, 'all closed');
    await sanne.presence('offline');
    await shows(chef, (f) => agent(f, 'sanne').presence === 'offline', 'signed off');
    for (const c of [chef, sanne, ...residents]) await c.close();
  });
}

test('many changes are told at most twice a second', async (t) => {
  const chef = await staff(broker, 'chef', {}, t);
  await chef.ask({ verb: 'watch' }, 'board');
  const from = chef.frames.length;
  const at = performance.now();
  for (let i = 0; i < 40; i++) {
    const r = await resident(broker, {}, t);
    await r.start({ text: 'x', queue: 'belastingen', follow: false });
    await r.close();
  }
  await shows(chef, (f) => queue(f, 'belastingen').waiting === 40, 'forty waiting');
  const seconds = (performance.now() - at) / 1000;
  const boards = chef.frames.slice(from).filter((f) => f.verb === 'board').length;
  t.diagnostic(`${boards} boards in ${seconds.toFixed(1)} s`);
  assert.ok(boards <= Math.ceil(seconds * 2) + 1, `${boards} boards in ${seconds} s`);
});

test('a capacity that is changed shows at once', async (t) => {
  const chef = await staff(broker, 'chef', {}, t);
  await chef.ask({ verb: 'watch' }, 'board');
  await broker.addStaff({ id: 'joost', name: 'Joost', queues: ['belastingen'], capacity: 3 });
  const board = await shows(chef, (f) => agent(f, 'joost').capacity === 3, 'a capacity of 3');
  assert.deepEqual(agent(board, 'joost').queues, ['belastingen']);
});
