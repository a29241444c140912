/* Opening a session: the first frame, what comes back, and what may not come before it. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { connect, FORMS, newId, resident, staff } from '../lib/client.mjs';

let broker;
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'sanne', name: 'Sanne de Vries' });
  await broker.addStaff({ id: 'chef', name: 'Chef', role: 'supervisor', queues: [] });
});
after(() => broker.close());

for (const form of FORMS) {
  test(`${form}: a resident is welcomed`, async (t) => {
    const before = Date.now();
    const c = await connect(broker, { form }, t);
    const welcome = await c.hello();
    assert.equal(welcome.role, 'resident');
    assert.equal(welcome.organisation, 'Gemeente Voorbeeld');
    assert.match(welcome.epoch, /^[0-9a-z]{26}$/);
    assert.equal(welcome.heartbeat_ms, 25000);
    assert.equal(welcome.text_bytes_max, 16384);
    assert.ok(welcome.now >= before - 1000 && welcome.now <= Date.now() + 1000);
    assert.deepEqual(welcome.queues, [
      { queue: 'burgerzaken', name_nl: 'Burgerzaken', name_en: 'Civil affairs' },
      { queue: 'belastingen', name_nl: 'Belastingen', name_en: 'Taxes' },
    ]);
    for (const field of ['agent', 'name', 'work', 'presence']) assert.ok(!(field in welcome), field);
  });

  test(`${form}: staff are known by their cookie`, async (t) => {
    const agent = await staff(broker, 'sanne', { form, presence: null }, t);
    assert.equal(agent.welcome.role, 'agent');
    assert.equal(agent.welcome.agent, 'sanne');
    assert.equal(agent.welcome.name, 'Sanne de Vries');
    const chef = await staff(broker, 'chef', { form }, t);
    assert.equal(chef.welcome.role, 'supervisor');
    assert.equal(chef.welcome.epoch, agent.welcome.epoch);
  });

  test(`${form}: ping is answered with pong and its number`, async (t) => {
    const c = await resident(broker, { form }, t);
    const pong = await c.ask({ verb: 'ping', n: 42 }, 'pong');
    assert.equal(pong.n, 42);
    await c.ask({ verb: 'ping' }, 'pong');
  });

  test(`${form}: fields that nobody knows are ignored`, async (t) => {
    const c = await connect(broker, { form }, t);
    await c.hello({ shoe_size: 43, nested: { a: [1, 2, { b: null }] } });
  });

  test(`${form}: another verb before hello ends the connection`, async (t) => {
    const c = await connect(broker, { form }, t);
    const error = await c.refused({ verb: 'watch' });
    assert.equal(error.code, 'sign_in');
    assert.equal(error.refused, 'watch');
    assert.equal((await c.closed).code, 4401);
  });

  test(`${form}: hello needs its client, and comes once`, async (t) => {
    const c = await connect(broker, { form }, t);
    c.send({ verb: 'hello', language: 'nl' });
    const missing = await c.wait('error');
    assert.deepEqual([missing.code, missing.field, missing.refused], ['bad_field', 'client', 'hello']);
    await c.hello();
    const again = await c.refused({ verb: 'hello', client: newId() });
    assert.equal(again.code, 'bad_state');
    await c.barrier();
  });
}

test('the first of our subprotocols is picked', async () => {
  const { default: WebSocket } = await import('ws');
  const socket = new WebSocket(broker.ws, ['loket.9.xml', 'loket.1.msgpack', 'loket.1.json']);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  assert.equal(socket.protocol, 'loket.1.msgpack');
  socket.terminate();
});
