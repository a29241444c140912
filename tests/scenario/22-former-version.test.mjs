/* Data of a former version: made here from present data by taking away what came later. It takes the present form at the start, once. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';

test('what waited and what was held waits again after the upgrade, first for who had it, and goes on', async (t) => {
  const broker = await startBroker({}, t);
  await Promise.all([broker.addStaff({ id: 'sanne' }), broker.addStaff({ id: 'bram' })]);
  const bram = await staff(broker, 'bram', {}, t);
  const one = await resident(broker, {}, t);
  const held = await one.start({ text: 'een' });
  await bram.assigned(held.conversation);
  await bram.presence('break'); /* bram keeps it, and takes no more */
  const two = await resident(broker, {}, t);
  const waits = await two.start({ text: 'twee' });
  for (const c of [one, two, bram]) await c.close();

  const p = `{o:${broker.config.organisation.id}}:`;
  for (const { conversation } of [held, waits]) {
    broker.redis('HDEL', `${p}c:${conversation}`, 'brief', 'nodes', 'unanswered', 'head', 'prio', 'line', 'row', 'share', 'pages', 'due');
    broker.redis('HSET', `${p}c:${conversation}`, 'units', '2');
  }
  for (const key of broker.redis('KEYS', `${p}line*`).split('\n')) broker.redis('DEL', key);
  broker.redis('DEL', `${p}agents`, `${p}absent`, `${p}nodes`, `${p}lease`, `${p}form`);
  broker.redis('HSET', `${p}agents`, 'bram:presence', 'available', 'bram:node', 'node1', 'bram:load', '2', 'bram:n', '1', 'bram:capacity', '6', 'bram:since', '1');
  await broker.restart();

  const sanne = await staff(broker, 'sanne', { presence: 'break' }, t);
  const again = await staff(broker, 'bram', {}, t);
  await again.assigned(held.conversation);
  await again.assigned(waits.conversation);
  const back = await resident(broker, { client: one.client }, t);
  await back.resume(held.conversation, { token: held.token });
  await back.say(held.conversation, 'en door');
  await again.catchUp(held.conversation);
  assert.deepEqual(again.texts(held.conversation), ['een', 'en door']);
  await again.say(held.conversation, 'hier ben ik', { channel: 'chat' });
  sanne.send({ verb: 'watch' });
  const board = await sanne.wait('board');
  assert.deepEqual(board.queues.map((q) => [q.waiting, q.active]), [[0, 2], [0, 0]]);
  assert.equal(broker.redis('GET', `${p}form`), '2');
});
