/* Who may come in, and who may send what: passwords, cookies, origins, and every verb of the wire's table with every role. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { PASSWORD, ROOT, startBroker } from '../lib/broker.mjs';
import { connect, FORMS, newId, resident, staff } from '../lib/client.mjs';

let broker;
before(async () => {
  broker = await startBroker({ limits: { frames_per_s: 1000, frames_burst: 1000 } });
  await broker.addStaff({ id: 'sanne', name: 'Sanne' });
  await broker.addStaff({ id: 'joost', name: 'Joost', queues: ['belastingen'] });
  await broker.addStaff({ id: 'chef', name: 'Chef', role: 'supervisor', queues: [] });
});
after(() => broker.close());

const cookieOf = (answer) => answer.headers.get('set-cookie').split(';')[0];
const session = (cookie) => fetch(`${broker.url}/api/session`, { headers: { cookie } });

test('a right password gives a session', async () => {
  const answer = await broker.signIn('sanne');
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { role: 'agent', agent: 'sanne', name: 'Sanne', organisation: 'Gemeente Voorbeeld' });
  const set = answer.headers.get('set-cookie');
  assert.match(set, /^loket_session=[^;]+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const who = await session(cookieOf(answer));
  assert.equal(who.status, 200);
  assert.equal((await who.json()).agent, 'sanne');
});

test('a wrong password and an unknown user are told apart by nobody', async () => {
  const wrong = await broker.signIn('chef', 'not-this');
  const nobody = await broker.signIn('nobody', 'not-this');
  assert.equal(wrong.status, 401);
  assert.equal(nobody.status, 401);
  assert.equal(await wrong.text(), await nobody.text());
  assert.equal(wrong.headers.get('set-cookie'), null);
});

test('a body that is not two texts is refused', async () => {
  for (const body of ['', '{', '[]', '{"user":"sanne"}', '{"user":1,"password":2}', '{"user":"sanne","password":null}', `{"user":"sanne","user":"x","password":"${PASSWORD}"}`]) {
    const answer = await fetch(`${broker.url}/api/sign-in`, { method: 'POST', headers: { origin: broker.url }, body });
    assert.equal(answer.status, 400, body);
  }
});

test('too many wrong passwords lock the user for a while, and nobody else', async () => {
  await broker.addStaff({ id: 'locked' });
  for (let i = 0; i < 10; i++) assert.equal((await broker.signIn('locked', `guess-${i}`)).status, 401);
  assert.equal((await broker.signIn('locked')).status, 429);
  assert.equal((await broker.signIn('sanne')).status, 200);
});

test('signing out ends the session, everywhere and for good', async (t) => {
  const cookie = cookieOf(await broker.signIn('sanne'));
  const open = await connect(broker, { cookie }, t);
  assert.equal((await open.hello()).role, 'agent');
  const out = await fetch(`${broker.url}/api/sign-out`, { method: 'POST', headers: { cookie, origin: broker.url } });
  assert.equal(out.status, 204);
  assert.match(out.headers.get('set-cookie'), /^loket_session=; .*Max-Age=0/);
  assert.equal((await session(cookie)).status, 401);
  assert.equal((await open.closed).code, 4401);
  const late = await connect(broker, { cookie }, t);
  assert.equal((await late.hello()).role, 'resident');
  await broker.restart();
  assert.equal((await session(cookie)).status, 401);
});

test('a forged cookie is no cookie', async (t) => {
  const cookie = await broker.cookie('chef');
  const last = cookie.at(-1) === 'A' ? 'B' : 'A';
  for (const forged of [cookie.slice(0, -1) + last, cookie.replace('chef', 'sanne'), cookie.replace('supervisor', 'agent'), 'loket_session=', 'loket_session=s.chef.x.supervisor.9999999999999.AAAA']) {
    assert.equal((await session(forged)).status, 401, forged);
    const c = await connect(broker, { cookie: forged }, t);
    assert.equal((await c.hello()).role, 'resident', forged);
  }
});

test('only our own pages may connect or sign in', async (t) => {
  for (const origin of ['http://evil.example', 'null', `${broker.url}.evil.example`, broker.url.replace('http:', 'ftp:')]) {
    await assert.rejects(connect(broker, { origin }, t), { status: 403 }, origin);
    assert.equal((await broker.signIn('sanne', PASSWORD, { origin })).status, 403, origin);
  }
  /* without an Origin it is no browser: it may speak, but a cookie counts for nothing */
  const c = await connect(broker, { origin: '', cookie: await broker.cookie('chef') }, t);
  assert.equal((await c.hello()).role, 'resident');
});

test('an account that is taken away is out at once', async (t) => {
  await broker.addStaff({ id: 'gone' });
  const cookie = await broker.cookie('gone');
  const c = await connect(broker, { cookie }, t);
  await c.hello();
  assert.equal((await broker.ctl(['staff', 'remove', '--id', 'gone'])).code, 0);
  assert.equal((await c.closed).code, 4401);
  assert.equal((await session(cookie)).status, 401);
  assert.equal((await broker.signIn('gone')).status, 401);
});

/* --- every verb with every role -------------------------------------------------------------------------------------------------------- */

/* One good frame of each verb that a client sends; a verb of the table that is missing here fails the test below. */
const samples = {
  hello: { client: newId() },
  ping: {},
  pong: {},
  start: { key: newId(), queue: 'burgerzaken', text: 'x' },
  resume: { conversation: 'none' },
  leave: { conversation: 'none' },
  history: { conversation: 'none', before: 10, last: 5 },
  say: { conversation: 'none', counter: 1, text: 'x' },
  typing: { conversation: 'none' },
  read: { conversation: 'none', seq: 1 },
  presence: { presence: 'break' },
  close: { conversation: 'none' },
  requeue: { conversation: 'none' },
  link: { conversation: 'none', channel: 'sms', address: '+31612345678' },
  unlink: { conversation: 'none', channel: 'sms', address: '+31612345678' },
  watch: {},
  accept: { conversation: 'none' },
  decline: { conversation: 'none' },
  transfer: { conversation: 'none', queue: 'burgerzaken' },
  join: { conversation: 'none' },
  part: { conversation: 'none' },
  snooze: { conversation: 'none' },
  take: { conversation: 'none' },
  prioritise: { conversation: 'none', priority: 1 },
  set_presence: { agent: 'sanne', presence: 'break' },
  bulletin: { text: 'x' },
};

/* Agents receive it, and only supervisors send it: the table has one column for both. */
const SENDERS = { bulletin: ['supervisor'] };

function table() {
  const source = fs.readFileSync(path.join(ROOT, 'proto/frames.def'), 'utf8');
  return [...source.matchAll(/^VERB\((\w+), (UP|DOWN|BOTH), ([A-Z |]+),/gm)].map(([, verb, way, who]) => ({
    verb,
    up: way !== 'DOWN',
    roles: SENDERS[verb] ?? (who.trim() === 'ANYONE' ? ['resident', 'agent', 'supervisor'] : who.split('|').map((role) => role.trim().toLowerCase())),
  }));
}

for (const form of FORMS) {
  test(`${form}: every verb with every role`, async (t) => {
    const verbs = table();
    assert.ok(verbs.length >= 35);
    const connect = {
      resident: () => resident(broker, { form }, t),
      agent: () => staff(broker, 'sanne', { form, presence: null }, t),
      supervisor: () => staff(broker, 'chef', { form }, t),
    };
    const clients = {};
    let checked = 0;
    for (const [n, { verb, up, roles }] of verbs.entries()) {
      for (const role of Object.keys(connect)) {
        if (n % 15 === 0) clients[role] = await connect[role](); /* a session that sends more than ten verbs that do not exist is closed */
        const c = clients[role];
        const from = c.frames.length;
        c.send({ verb, ...(samples[verb] ?? {}) });
        await c.barrier();
        const errors = c.frames.slice(from).filter((f) => f.verb === 'error' && f.refused === verb).map((f) => f.code); /* another's may come late, from the store */
        if (!up) {
          assert.deepEqual(errors, ['unknown_verb'], `${role} sends ${verb}`);
        } else {
          assert.ok(samples[verb], `add a sample of \`${verb}\` to this test`);
          assert.equal(errors.includes('forbidden'), !roles.includes(role), `${role} sends ${verb}: ${errors}`);
        }
        checked++;
      }
    }
    t.diagnostic(`${checked} pairs of verb and role`);
  });

  test(`${form}: what a role may, it may only where it belongs`, async (t) => {
    const r = await resident(broker, { form }, t);
    const other = await resident(broker, { form }, t);
    const sanne = await staff(broker, 'sanne', { form }, t);
    const joost = await staff(broker, 'joost', { form }, t);
    const chef = await staff(broker, 'chef', { form }, t);
    const { conversation } = await r.start({ text: 'Van mij' });
    await sanne.assigned(conversation);

    const refusal = async (c, frame) => (await c.refused(frame)).code;
    /* another resident */
    assert.equal(await refusal(other, { verb: 'resume', conversation }), 'bad_token');
    assert.equal(await refusal(other, { verb: 'say', conversation, counter: 1, text: 'x' }), 'not_found');
    assert.equal(await refusal(other, { verb: 'typing', conversation }), 'not_found');
    assert.equal(await refusal(other, { verb: 'read', conversation, seq: 1 }), 'not_found');
    /* an agent of another queue: not even whether it exists */
    assert.equal(await refusal(joost, { verb: 'resume', conversation }), 'not_found');
    assert.equal(await refusal(joost, { verb: 'say', conversation, counter: 1, text: 'x' }), 'not_found');
    assert.equal(await refusal(joost, { verb: 'history', conversation, before: 9, last: 5 }), 'not_found');
    assert.equal(await refusal(joost, { verb: 'close', conversation }), 'forbidden');
    assert.equal(await refusal(joost, { verb: 'requeue', conversation }), 'forbidden');
    assert.equal(await refusal(joost, { verb: 'link', conversation, channel: 'sms', address: '+31612345678' }), 'forbidden');
    /* a supervisor reads all, and gives work back or ends it, but says nothing */
    await chef.catchUp(conversation);
    assert.deepEqual(chef.texts(conversation), ['Van mij']);
    assert.equal(await refusal(chef, { verb: 'say', conversation, counter: 1, text: 'x' }), 'forbidden');
    chef.send({ verb: 'close', conversation });
    await chef.entry(conversation, (e) => e.kind === 'state' && e.state === 'closed');
    /* the agent who held it reads it still, but may not write in it */
    await sanne.catchUp(conversation);
    assert.equal(await refusal(sanne, { verb: 'say', conversation, counter: 1, text: 'x', channel: 'chat' }), 'forbidden');
    for (const c of [r, other, sanne, joost, chef]) await c.close();
  });
}
