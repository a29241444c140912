/* Settings through the API: what is wrong is named and changes nothing, what is right holds at once, nobody's change is lost, and every change can be taken back. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { until } from '../lib/wait.mjs';
import { Api, readDescription } from '../openapi/description.mjs';

const described = readDescription();
const NAMES = { name_nl: 'Wonen', name_en: 'Housing' };

let broker;
let admin;
before(async () => {
  broker = await startBroker({ queues: ['burgerzaken', 'belastingen', 'ring'].map((id) => ({ id, name_nl: id, name_en: id })) });
  await broker.addStaff({ id: 'admin', role: 'administrator', queues: [] });
  admin = new Api(broker, described, await broker.cookie('admin'));
});
after(() => broker.close());

const newest = async () => (await admin.get('/api/audit?limit=1')).results[0];
const undo = (entry) => admin.ask('POST', `/api/audit/${entry.id}/undo`);

/* An agent of one queue with nothing to do, who is shown what is offered. */
async function agentOf(t, id, settings) {
  await admin.put(`/api/agents/${id}`, { name: id, role: 'agent', ...settings });
  return staff(broker, id, {}, t);
}

test('what is set is what is read, and a reading can be set again', async () => {
  const whole = {
    ...NAMES, skills: [{ skill: 'huur', level: 3 }], preferred: [{ skill: 'frans' }], drop_preferred_s: 0, language_required: true, widen_to: ['belastingen'], widen_s: 60, tell_s: 0, offer_s: 7,
    broadcast: 2, wrap_up_s: 30, reasons: ['vraag', 'klacht'], reopen_s: 0, return_s: 0, hours: [{ days: ['mon', 'tue'], from: '09:00', to: '17:00' }], holidays: [{ date: '2026-12-25' }],
    outside: 'message', outside_nl: 'Wij zijn dicht', outside_en: 'We are closed', outside_email: 'wonen@voorbeeld.example', waiting_max: 10, overflow_to: 'burgerzaken', priority: 2,
    levels: [{ channel: 'chat', answer_s: 30, warn_s: 10, first_response_s: 60 }, { resolution_s: 86400 }],
  };
  const made = await admin.expect(201, 'PUT', '/api/queues/wonen', { body: whole });
  assert.deepEqual(made.value, whole, 'an explicit 0 stays one');
  const read = await admin.expect(200, 'GET', '/api/queues/wonen');
  assert.deepEqual([read.value, read.etag], [whole, made.etag]);
  const again = await admin.expect(200, 'PUT', '/api/queues/wonen', { body: read.value });
  assert.equal(again.etag, made.etag);
  const row = (await admin.get('/api/queues')).results.find(({ id }) => id === 'wonen');
  assert.deepEqual(row, { id: 'wonen', in_file: false, etag: made.etag, settings: whole });

  const routing = { timezone: 'Europe/Brussels', interruptible: ['email'], missed_max: 2, statuses: [{ status: 'balie', name_nl: 'Aan de balie', name_en: 'At the desk', channels: ['email'] }] };
  await admin.put('/api/routing', routing);
  assert.deepEqual(await admin.get('/api/routing'), routing);
  await admin.put('/api/routing', {});
});

/* Each row: the field at fault, and what is sent. */
const WRONG = {
  '/api/queues/wonen': [
    ['name_en', { name_nl: 'Wonen' }],
    ['name_nl', { ...NAMES, name_nl: 5 }],
    ['name_nl', { ...NAMES, name_nl: 'x'.repeat(201) }],
    ['offer_s', { ...NAMES, offer_s: 0 }],
    ['offer_s', { ...NAMES, offer_s: -1 }],
    ['offer_s', { ...NAMES, offer_s: 31536001 }],
    ['offer_s', { ...NAMES, offer_s: '20' }],
    ['offer_time', { ...NAMES, offer_time: 20 }],
    ['hours[1].from', { ...NAMES, hours: [{ days: ['mon'], from: '09:00', to: '17:00' }, { days: ['tue'], from: '9', to: '17:00' }] }],
    ['hours[0].to', { ...NAMES, hours: [{ days: ['mon'], from: '09:00', to: '08:00' }] }],
    ['hours[0].days[1]', { ...NAMES, hours: [{ days: ['mon', 'moonday'], from: '09:00', to: '17:00' }] }],
    ['holidays[0].date', { ...NAMES, holidays: [{ date: '2026-02-30' }] }],
    ['levels[0].channel', { ...NAMES, levels: [{ channel: 'fax' }] }],
    ['skills[0].level', { ...NAMES, skills: [{ skill: 'huur', level: 11 }] }],
    ['widen_to[0]', { ...NAMES, widen_to: ['nergens'] }],
    ['widen_to[0]', { ...NAMES, widen_to: ['wonen'] }],
    ['overflow_to', { ...NAMES, overflow_to: 'nergens', waiting_max: 1 }],
    ['overflow_to', { ...NAMES, overflow_to: 'wonen', waiting_max: 1 }],
    ['outside', { ...NAMES, outside: 'open' }],
    ['outside_email', { ...NAMES, outside_email: 'geen adres' }],
  ],
  '/api/routing': [
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['missed_max', { missed_max: 0 }],
    ['interruptible[0]', { interruptible: ['fax'] }],
    ['statuses[0].status', { statuses: [{ status: 'available', name_nl: 'x', name_en: 'x' }] }],
  ],
  '/api/agents/admin': [
    ['role', { name: 'Admin', role: 'king' }],
    ['name', { role: 'administrator' }],
    ['queues[1]', { name: 'Admin', role: 'administrator', queues: ['burgerzaken', 'nergens'] }],
    ['channels[0].channel', { name: 'Admin', role: 'administrator', channels: [{ channel: 'fax' }] }],
    ['channels[0].limit', { name: 'Admin', role: 'administrator', channels: [{ channel: 'chat', limit: 0 }] }],
    ['languages[0]', { name: 'Admin', role: 'administrator', languages: ['Dutch!'] }],
    ['password', { name: 'Admin', role: 'administrator', password: 'kort' }],
    ['password', { name: 'Admin', role: 'administrator', password: 123456789012 }],
    ['role', { name: 'Admin', role: 'agent' }, 409],
  ],
};

for (const [where, rows] of Object.entries(WRONG)) {
  test(`${where}: what is wrong is named, and nothing changes`, async () => {
    const was = await admin.expect(200, 'GET', where);
    const entry = await newest();
    for (const [field, body, status] of rows) {
      const error = await admin.refused(field, 'PUT', where, body, status);
      assert.ok(error.text.length > 20, `${field}: ${error.text}`);
    }
    assert.equal((await admin.expect(200, 'GET', where)).text, was.text);
    assert.equal((await newest()).id, entry.id, 'nothing to audit');
  });
}

test('the id of something new is checked, too', async () => {
  for (const id of ['Wonen', 'wo_nen', 'wo.nen', 'wo%20nen']) {
    await admin.refused('id', 'PUT', `/api/queues/${id}`, NAMES);
    await admin.refused('id', 'PUT', `/api/agents/${id}`, { name: 'x', role: 'agent' });
  }
  await admin.refused('id', 'PUT', `/api/queues/${'x'.repeat(65)}`, NAMES);
});

test('queues that overflow must not lead in a circle, however long', async () => {
  await admin.put('/api/queues/burgerzaken', { ...NAMES, waiting_max: 5, overflow_to: 'belastingen' });
  await admin.put('/api/queues/belastingen', { ...NAMES, waiting_max: 5, overflow_to: 'ring' });
  const error = await admin.refused('overflow_to', 'PUT', '/api/queues/ring', { ...NAMES, waiting_max: 5, overflow_to: 'burgerzaken' });
  assert.match(error.text, /back to this queue/);
  await admin.put('/api/queues/belastingen', NAMES);
  await admin.put('/api/queues/ring', { ...NAMES, waiting_max: 5, overflow_to: 'burgerzaken' });
  for (const id of ['ring', 'burgerzaken']) await admin.put(`/api/queues/${id}`, NAMES);
});

/* --- at once ----------------------------------------------------------------------------------------------------------------------------- */

test('an offer time holds for the next offer', async (t) => {
  const anna = await agentOf(t, 'anna', { queues: ['burgerzaken'], channels: [{ channel: 'chat', must_accept: true }] });
  for (const offer_s of [300, 40]) {
    await admin.put('/api/queues/burgerzaken', { ...NAMES, offer_s });
    const r = await resident(broker, {}, t);
    const { conversation } = await r.start();
    const offer = await anna.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.state === 'offered');
    const left_s = (offer.due_at - Date.now()) / 1000;
    assert.ok(left_s > offer_s - 10 && left_s <= offer_s + 1, `${left_s} s of ${offer_s}`);
    anna.send({ verb: 'accept', conversation });
    await anna.assigned(conversation);
    anna.send({ verb: 'close', conversation });
    await anna.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.state === 'closed');
  }
  await admin.expect(204, 'DELETE', '/api/agents/anna');
  assert.equal((await anna.closed).code, 4401);
});

test('a skill that an agent gets brings the work that waited for it', async (t) => {
  const bert = await agentOf(t, 'bert', { queues: ['belastingen'] });
  await admin.put('/api/queues/belastingen', { ...NAMES, skills: [{ skill: 'bezwaar', level: 2 }] });
  const r = await resident(broker, {}, t);
  const { conversation } = await r.start({ queue: 'belastingen' });
  await until('it to wait', async () => (await admin.get('/api/board')).queues.find((q) => q.queue === 'belastingen').waiting === 1);
  await admin.put('/api/agents/bert', { name: 'bert', role: 'agent', queues: ['belastingen'], skills: [{ skill: 'bezwaar', level: 1 }] });
  /* an event that has to pass through routing, and would have brought it */
  await bert.presence('break');
  await bert.presence('available');
  assert.equal((await admin.get('/api/board')).queues.find((q) => q.queue === 'belastingen').waiting, 1, 'not good enough');
  await admin.put('/api/agents/bert', { name: 'bert', role: 'agent', queues: ['belastingen'], skills: [{ skill: 'bezwaar', level: 2 }] });
  await bert.assigned(conversation, { ms: 3000 });
  bert.send({ verb: 'close', conversation });
  await bert.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.state === 'closed');
  await admin.put('/api/queues/belastingen', NAMES);
  await admin.expect(204, 'DELETE', '/api/agents/bert');
});

test('a queue that is added takes residents at once, and one that is used cannot be removed', async (t) => {
  await admin.put('/api/queues/parkeren', { name_nl: 'Parkeren', name_en: 'Parking' });
  const r = await until('residents to be offered the queue', async () => {
    const c = await resident(broker, {}, t);
    if (c.welcome.queues.some((q) => q.queue === 'parkeren')) return c;
    await c.close();
    return null;
  });
  const { conversation } = await r.start({ queue: 'parkeren' });
  const refused = async (pattern) => assert.match((await admin.expect(409, 'DELETE', '/api/queues/parkeren')).error.text, pattern);
  await refused(/somebody waits/);
  const cees = await agentOf(t, 'cees', { queues: ['parkeren'] });
  await cees.assigned(conversation);
  await refused(/`cees` serves it/);
  await admin.put('/api/queues/ring', { ...NAMES, widen_to: ['parkeren'] });
  await refused(/`ring` widens to it/);
  await admin.put('/api/queues/ring', { ...NAMES, waiting_max: 1, overflow_to: 'parkeren' });
  await refused(/`ring` overflows to it/);
  await admin.put('/api/queues/ring', NAMES);
  await admin.put('/api/agents/cees', { name: 'cees', role: 'agent', queues: [] });
  await refused(/or is helped there/);
  cees.send({ verb: 'close', conversation });
  await cees.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.state === 'closed');
  await admin.expect(204, 'DELETE', '/api/queues/parkeren');
  await admin.expect(404, 'GET', '/api/queues/parkeren');
  await admin.expect(404, 'DELETE', '/api/queues/parkeren');
  assert.match((await admin.expect(409, 'DELETE', '/api/queues/burgerzaken')).error.text, /broker's file/);
});

/* --- two at once --------------------------------------------------------------------------------------------------------------------------- */

for (const [where, make] of [['/api/queues/wonen', (i) => ({ ...NAMES, tell_s: 100 + i })], ['/api/queues/ring', (i) => ({ ...NAMES, tell_s: 100 + i })],
  ['/api/routing', (i) => ({ decline_rest_s: 100 + i })], ['/api/agents/dirk', (i) => ({ name: `Dirk ${i}`, role: 'agent' })]]) {
  test(`${where}: of many who change what they read at the same time, one does`, async () => {
    await admin.put(where, make(0));
    for (let round = 0; round < 5; round++) {
      const { etag } = await admin.expect(200, 'GET', where);
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => admin.ask('PUT', where, { body: make(10 * round + i + 1), headers: { 'if-match': etag } })));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(412)]);
      const winner = answers.find(({ status }) => status === 200);
      const now = await admin.expect(200, 'GET', where);
      assert.deepEqual([now.text, now.etag], [winner.text, winner.etag]);
    }
  });
}

test('preconditions', async () => {
  const there = await admin.expect(200, 'GET', '/api/queues/wonen');
  for (const [status, headers] of [[412, { 'if-match': '"0000000000000000"' }], [412, { 'if-match': there.etag.slice(1, -1) }], [412, { 'if-match': `W/${there.etag}` }], [412, { 'if-none-match': '*' }],
    [412, { 'if-none-match': there.etag }], [200, { 'if-match': '*' }], [200, { 'if-match': `"0000000000000000", ${there.etag}` }], [200, { 'if-none-match': '"0000000000000000"' }]]) {
    await admin.expect(status, 'PUT', '/api/queues/wonen', { body: there.value, headers });
  }
  await admin.expect(412, 'PUT', '/api/queues/nieuw', { body: NAMES, headers: { 'if-match': '*' } });
  await admin.expect(412, 'DELETE', '/api/queues/wonen', { headers: { 'if-match': '"0000000000000000"' } });
  const made = await Promise.all(Array.from({ length: 6 }, () => admin.ask('PUT', '/api/queues/nieuw', { body: NAMES, headers: { 'if-none-match': '*' } })));
  assert.deepEqual(made.map(({ status }) => status).sort(), [201, 412, 412, 412, 412, 412]);
  await admin.expect(204, 'DELETE', '/api/queues/nieuw', { headers: { 'if-match': made.find(({ status }) => status === 201).etag } });
});

/* --- the audit, and back ------------------------------------------------------------------------------------------------------------------- */

test('a change is undone while it stands, and not once somebody changed it again', async () => {
  const first = (await admin.put('/api/queues/wonen', { ...NAMES, offer_s: 11 })).value;
  await admin.put('/api/queues/wonen', { ...NAMES, offer_s: 12 });
  const entry = await newest();
  assert.deepEqual([entry.actor, entry.action, entry.what, entry.before, entry.after], ['admin', 'setting', 'queue:wonen', first, { ...NAMES, offer_s: 12 }]);
  assert.ok(Math.abs(Date.parse(entry.at) - Date.now()) < 60000);

  const back = await undo(entry);
  assert.deepEqual([back.status, back.value], [200, first]);
  assert.deepEqual(await admin.get('/api/queues/wonen'), first);
  assert.equal((await undo(entry)).status, 409, 'twice');
  const undone = await newest();
  assert.equal((await undo(undone)).status, 200, 'the undoing is undone');
  assert.equal((await admin.get('/api/queues/wonen')).offer_s, 12);

  await admin.put('/api/queues/wonen', { ...NAMES, offer_s: 13 });
  const late = await undo(entry);
  assert.deepEqual([late.status, late.error.code], [409, 'stale']);
  assert.equal((await admin.get('/api/queues/wonen')).offer_s, 13, 'nothing has changed');
});

test('adding and removing are undone', async () => {
  await admin.put('/api/queues/even', NAMES);
  const added = await newest();
  assert.equal(added.before, null);
  await admin.expect(204, 'DELETE', '/api/queues/even');
  const removed = await newest();
  assert.equal(removed.after, null);
  assert.equal((await undo(removed)).status, 201);
  assert.deepEqual(await admin.get('/api/queues/even'), NAMES);
  assert.equal((await undo(added)).status, 204);
  await admin.expect(404, 'GET', '/api/queues/even');

  /* a queue of the file is as the file has it */
  await admin.put('/api/queues/ring', { name_nl: 'ring', name_en: 'ring', offer_s: 9 });
  const changed = await newest();
  assert.equal((await undo(changed)).status, 200);
  assert.equal((await admin.get('/api/queues/ring')).offer_s, changed.before?.offer_s);

  await admin.put('/api/agents/emma', { name: 'Emma', role: 'agent', password: 'lang-genoeg-dit' });
  await admin.expect(204, 'DELETE', '/api/agents/emma');
  assert.equal((await undo(await newest())).status, 201);
  const row = (await admin.get('/api/agents')).results.find(({ id }) => id === 'emma');
  assert.deepEqual([row.settings.name, row.has_password], ['Emma', false], 'a password is not kept to be put back');
  assert.equal((await undo(await newest())).status, 204);
  await admin.expect(404, 'GET', '/api/agents/emma');
});

test('what an undoing would break is refused like any other change', async () => {
  await admin.put('/api/queues/doel', NAMES);
  await admin.put('/api/queues/ring', { ...NAMES, waiting_max: 1, overflow_to: 'doel' });
  await admin.put('/api/queues/ring', NAMES);
  const entry = await newest();
  await admin.expect(204, 'DELETE', '/api/queues/doel');
  const refused = await undo(entry);
  assert.deepEqual([refused.status, refused.error.field], [400, 'overflow_to']);
});

test('only changes of settings and staff are undone', async (t) => {
  const anna = await agentOf(t, 'anna', { queues: [] });
  await admin.put('/api/agents/anna/presence', { presence: 'break' });
  await anna.wait((f) => f.verb === 'presence' && f.presence === 'break');
  const entry = await newest();
  assert.deepEqual([entry.action, entry.what, entry.after], ['set_presence', 'anna', 'break']);
  assert.deepEqual((await undo(entry)).error.code, 'bad_state');
  await admin.refused('presence', 'PUT', '/api/agents/anna/presence', { presence: 'dansen' });
  await admin.expect(404, 'PUT', '/api/agents/admin/presence', { body: { presence: 'break' } });
});

test('the audit is read page by page', async () => {
  const whole = (await admin.get('/api/audit?limit=500')).results;
  const paged = [];
  for (let before = ''; before !== null;) {
    const page = await admin.get(`/api/audit?limit=7${before && `&before=${before}`}`);
    paged.push(...page.results);
    before = page.next;
  }
  assert.deepEqual(paged, whole);
  assert.ok(whole.length > 50);
  assert.ok(whole.every((entry, i) => i === 0 || Date.parse(entry.at) <= Date.parse(whole[i - 1].at) + 1000), 'newest first');
  for (const [field, query] of [['limit', 'limit=0'], ['limit', 'limit=501'], ['limit', 'limit=x'], ['before', 'before=x'], ['page', 'page=2']]) await admin.refused(field, 'GET', `/api/audit?${query}`);
});
