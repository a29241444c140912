/* Typing and read marks, both ways. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { FORMS, resident, staff } from '../lib/client.mjs';

let broker;
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'sanne', name: 'Sanne', capacity: 100 });
  await broker.addStaff({ id: 'lotte', name: 'Lotte' });
});
after(() => broker.close());

async function pair(form, t) {
  const r = await resident(broker, { form }, t);
  const a = await staff(broker, 'sanne', { form }, t);
  const started = await r.start({ text: 'hallo' });
  await a.assigned(started.conversation);
  await a.catchUp(started.conversation);
  return { r, a, ...started };
}

for (const form of FORMS) {
  test(`${form}: typing shows on the other side, and is not kept`, async (t) => {
    const { r, a, conversation, token } = await pair(form, t);
    r.send({ verb: 'typing', conversation });
    assert.deepEqual({ ...(await a.wait('typing')) }, { verb: 'typing', conversation, from: 'resident' });
    a.send({ verb: 'typing', conversation });
    assert.deepEqual({ ...(await r.wait('typing')) }, { verb: 'typing', conversation, from: 'agent', name: 'Sanne' });
    await Promise.all([r.barrier(), a.barrier()]);
    for (const c of [r, a]) assert.equal(c.frames.filter((f) => f.verb === 'typing').length, 1, 'nobody sees their own');
    const late = await resident(broker, { form }, t);
    await late.catchUp(conversation, { token });
    assert.ok(late.entries(conversation).every((e) => e.kind === 'message' || e.kind === 'state'));
    /* a sender cannot pretend to be the other side */
    r.send({ verb: 'typing', conversation, from: 'agent', name: 'Burgemeester' });
    assert.deepEqual({ ...(await a.wait('typing')) }, { verb: 'typing', conversation, from: 'resident' });
  });

  test(`${form}: read marks go both ways and are kept`, async (t) => {
    const { r, a, conversation, token } = await pair(form, t);
    a.send({ verb: 'read', conversation, seq: 1 });
    assert.deepEqual({ ...(await r.wait('read')) }, { verb: 'read', conversation, seq: 1, from: 'agent' });
    const { seq } = await a.say(conversation, 'dag');
    await r.until(conversation, seq);
    r.send({ verb: 'read', conversation, seq });
    assert.deepEqual({ ...(await a.wait('read')) }, { verb: 'read', conversation, seq, from: 'resident' });
    r.send({ verb: 'read', conversation, seq: 1 }); /* an old page: never back */
    await r.barrier();
    const late = await resident(broker, { form }, t);
    const resumed = await late.resume(conversation, { token });
    assert.deepEqual([resumed.read_resident, resumed.read_agent], [seq, 1]);
  });

  test(`${form}: nobody has read what is not there`, async (t) => {
    const { r, a, conversation } = await pair(form, t);
    const error = await r.refused({ verb: 'read', conversation, seq: 1000 });
    assert.deepEqual([error.code, error.field], ['bad_field', 'seq']);
    await a.barrier();
    assert.ok(!a.frames.some((f) => f.verb === 'read'));
  });

  test(`${form}: a colleague who reads along gives no signs`, async (t) => {
    const { r, a, conversation } = await pair(form, t);
    const colleague = await staff(broker, 'lotte', { form, presence: 'offline' }, t);
    await colleague.catchUp(conversation);
    colleague.send({ verb: 'typing', conversation });
    colleague.send({ verb: 'read', conversation, seq: 1 });
    await colleague.barrier();
    a.send({ verb: 'typing', conversation });
    assert.equal((await r.wait('typing')).name, 'Sanne');
    await r.barrier();
    assert.ok(!r.frames.some((f) => f.verb === 'read'));
    assert.equal(r.frames.filter((f) => f.verb === 'typing').length, 1);
  });
}
