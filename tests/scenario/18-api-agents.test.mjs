/* The staff through the API: accounts with and without a password, and that a password never comes back out. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { connect, staff } from '../lib/client.mjs';
import { until } from '../lib/wait.mjs';
import { Api, readDescription } from '../openapi/description.mjs';

const described = readDescription();
const SECRET = 'een-heel-geheim-woord';

let broker;
let admin;
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'admin', role: 'administrator', queues: [] });
  admin = new Api(broker, described, await broker.cookie('admin'));
});
after(() => broker.close());

const row = async (id) => (await admin.get('/api/agents')).results.find((r) => r.id === id);
const signsIn = async (id, password) => (await broker.signIn(id, password)).status === 200;

test('an account without a password cannot sign in until it gets one, by the API or by loketctl', async () => {
  const made = await admin.expect(201, 'PUT', '/api/agents/anna', { body: { name: 'Anna', role: 'agent', queues: ['burgerzaken'] } });
  assert.deepEqual(made.value, { name: 'Anna', role: 'agent', queues: ['burgerzaken'], capacity: 6 });
  assert.equal((await row('anna')).has_password, false);
  for (const guess of ['', SECRET, 'null']) assert.equal(await signsIn('anna', guess), false, guess);

  const given = await admin.expect(200, 'PUT', '/api/agents/anna', { body: { name: 'Anna', role: 'agent', password: SECRET } });
  assert.equal(given.value.password, undefined);
  await until('the password to count', () => signsIn('anna', SECRET));
  assert.equal((await row('anna')).has_password, true);

  await admin.put('/api/agents/anna', { name: 'Anna B.', role: 'agent' });
  await until('the name to be known', async () => (await (await broker.signIn('anna', SECRET)).json()).name === 'Anna B.');

  const done = await broker.ctl(['staff', 'password', '--id', 'anna', '--password-stdin'], { input: 'een-ander-woord\n' });
  assert.equal(done.code, 0, done.stderr);
  await until('the other password to count', () => signsIn('anna', 'een-ander-woord'));
  assert.equal(await signsIn('anna', SECRET), false);
  assert.equal((await row('anna')).settings.name, 'Anna B.', 'nothing else has changed');
});

test('neither a password nor its hash is ever answered, audited or logged', async () => {
  await admin.put('/api/agents/bert', { name: 'Bert', role: 'agent', password: SECRET });
  await admin.expect(400, 'PUT', '/api/agents/bert', { body: { name: 'Bert', role: 'koning', password: SECRET } });
  const said = [];
  for (const where of ['/api/agents', '/api/agents/bert', '/api/audit?limit=500', '/api/board']) said.push((await admin.expect(200, 'GET', where)).text);
  said.push((await broker.ctl(['audit'])).stdout, (await broker.ctl(['agent', 'show', 'bert'])).stdout, broker.log());
  for (const text of said) {
    assert.ok(!text.includes(SECRET));
    assert.ok(!text.includes('$argon2'), text);
  }
});

test('a role that is given or taken counts at once, for sessions that are open, too', async () => {
  await admin.put('/api/agents/cora', { name: 'Cora', role: 'supervisor', password: SECRET });
  const cora = new Api(broker, described, await broker.cookie('cora'));
  await cora.expect(403, 'PUT', '/api/routing', { body: {} });
  await admin.put('/api/agents/cora', { name: 'Cora', role: 'administrator' });
  await until('it to count', async () => (await cora.ask('PUT', '/api/routing', { body: {} })).status === 200);
  await admin.put('/api/agents/cora', { name: 'Cora', role: 'supervisor' });
  await until('it to count no more', async () => (await cora.ask('PUT', '/api/routing', { body: {} })).status === 403);
  await admin.put('/api/agents/cora', { name: 'Cora', role: 'agent' });
  await until('reading to be refused, too', async () => (await cora.ask('GET', '/api/routing')).status === 403);
});

test('administrators do not lock themselves out, and can be removed by another', async () => {
  await admin.expect(409, 'DELETE', '/api/agents/admin');
  await admin.refused('role', 'PUT', '/api/agents/admin', { name: 'Admin', role: 'supervisor' }, 409);
  await admin.put('/api/agents/dora', { name: 'Dora', role: 'administrator' });
  const dora = new Api(broker, described, await broker.cookie('dora'));
  await admin.expect(204, 'DELETE', '/api/agents/dora');
  await until('the session to be void', async () => (await dora.ask('GET', '/api/routing')).status === 401);
  await admin.expect(404, 'DELETE', '/api/agents/dora');
});

test('whoever is removed is out at once', async (t) => {
  await admin.put('/api/agents/emma', { name: 'Emma', role: 'agent', queues: ['burgerzaken'] });
  const emma = await staff(broker, 'emma', {}, t);
  const cookie = await broker.cookie('emma');
  await admin.expect(204, 'DELETE', '/api/agents/emma');
  assert.equal((await emma.closed).code, 4401);
  assert.equal((await fetch(`${broker.url}/api/session`, { headers: { cookie } })).status, 401);
});

test('what a channel means to an agent is what routing does', async (t) => {
  await admin.put('/api/agents/frits', { name: 'Frits', role: 'agent', queues: ['belastingen'], capacity: 10, channels: [{ channel: 'chat', limit: 1, weight: 4 }] });
  const frits = await staff(broker, 'frits', {}, t);
  const residents = [];
  for (let i = 0; i < 2; i++) {
    const r = await connect(broker, {}, t);
    await r.hello();
    residents.push((await r.start({ queue: 'belastingen', follow: false })).conversation);
  }
  await frits.assigned(residents[0]);
  const agent = async () => (await admin.get('/api/board')).agents.find((a) => a.agent === 'frits');
  await until('the load to be told', async () => (await agent()).load === 4);
  assert.deepEqual([(await agent()).conversations, (await agent()).capacity], [1, 10], 'one chat at most');
  await admin.put('/api/agents/frits', { name: 'Frits', role: 'agent', queues: ['belastingen'], capacity: 10, channels: [{ channel: 'chat', limit: 2, weight: 4 }] });
  await frits.assigned(residents[1], { ms: 3000 });
});
