/* proto/openapi.yaml against what it describes: the records of frames.def, the table of routes, and the running broker, path by path, method by method, role by role. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident } from '../lib/client.mjs';
import { Api, METHODS, readDescription } from '../openapi/description.mjs';
import { records, routes } from '../openapi/table.mjs';

const described = readDescription();
const SETTINGS = ['queue_settings', 'routing_settings', 'agent_settings', 'skill', 'hours_rule', 'holiday', 'level', 'status_settings', 'channel_rule'];
const BOARD = ['board', 'queue_row', 'agent_row', 'waiting_row', 'alarm'];

/* --- the text itself --------------------------------------------------------------------------------------------------------------------- */

test('every reference leads somewhere, every operation has an id of its own, every schema can be used', () => {
  const walk = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (typeof node.$ref === 'string') described.at(node);
    Object.values(node).forEach(walk);
  };
  walk(described.document);
  const ids = described.operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { operation, path } of described.operations()) {
    assert.ok(operation.summary && operation.responses, path);
    for (const tag of operation.tags) assert.ok(described.document.tags.some(({ name }) => name === tag), tag);
  }
  for (const name of Object.keys(described.document.components.schemas)) described.validator(`/components/schemas/${name}`);
  const text = JSON.stringify(described.document);
  for (const kind of Object.keys(described.document.components).filter((k) => k !== 'securitySchemes')) {
    for (const name of Object.keys(described.document.components[kind])) assert.ok(text.includes(`"#/components/${kind}/${name}"`), `${kind}/${name} is used by nobody`);
  }
});

function fieldOf(row) {
  const shape = { TEXT: { type: 'string', maxLength: row.max }, UINT: { type: 'integer', maximum: row.max }, BOOL: { type: 'boolean' },
    LIST: { type: 'array', maxItems: row.max }, WORDS: { type: 'array', maxItems: row.max } }[row.kind];
  return shape;
}

for (const name of [...SETTINGS, ...BOARD]) {
  test(`${name} is described as the table has it`, () => {
    const rows = records()[name];
    const schema = described.document.components.schemas[name];
    const said = Object.fromEntries(Object.entries(schema.properties).filter(([, property]) => !property.writeOnly));
    assert.deepEqual(Object.keys(said), rows.map((row) => row.field));
    assert.deepEqual(schema.required ?? [], rows.filter((row) => row.must).map((row) => row.field));
    if (SETTINGS.includes(name)) assert.equal(schema.additionalProperties, false, 'unknown fields are refused');
    for (const row of rows) {
      const property = said[row.field];
      for (const [key, value] of Object.entries(fieldOf(row))) assert.equal(property[key], value, `${name}.${row.field}: ${key}`);
      if (row.kind === 'UINT') assert.ok(property.minimum >= 0 && property.minimum <= 1, `${name}.${row.field}: minimum`);
      if (row.kind === 'LIST') assert.equal(property.items.$ref, `#/components/schemas/${row.record}`, `${name}.${row.field}`);
      if (row.kind === 'WORDS') assert.deepEqual([property.items.type, property.items.maxLength], ['string', row.bytes], `${name}.${row.field}`);
      assert.ok(property.description, `${name}.${row.field} is not explained`);
    }
  });
}

test('what is described is what the broker has a route for, and the other way round', () => {
  const list = (rows) => rows.map(({ method, path }) => `${method} ${path}`).sort();
  assert.deepEqual(list(described.operations()), list(routes()));
});

/* --- the running broker ------------------------------------------------------------------------------------------------------------------- */

let broker;
const as = {};
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'sanne', queues: ['burgerzaken'] });
  await broker.addStaff({ id: 'chef', role: 'supervisor', queues: [] });
  await broker.addStaff({ id: 'admin', role: 'administrator', queues: [] });
  await broker.addStaff({ id: 'weg', queues: [] });
  as.nobody = new Api(broker, described);
  for (const id of ['sanne', 'chef', 'admin']) as[id] = new Api(broker, described, await broker.cookie(id));
});
after(() => broker.close());

test('the broker hands out this description, to everybody', async () => {
  const { text, headers } = await as.nobody.expect(200, 'GET', '/api/openapi.yaml');
  assert.equal(text, described.text);
  assert.match(headers.get('content-type'), /^application\/yaml/);
});

/* For each operation: a request that is good, and the status that nobody, an agent, a supervisor and an administrator get for it. In an order in which each is possible. */
const NAMES = { name_nl: 'Wonen', name_en: 'Housing' };
const WALK = [
  ['GET', '/health', {}, [200, 200, 200, 200]],
  ['GET', '/api/openapi.yaml', {}, [200, 200, 200, 200]],
  ['GET', '/api/session', {}, [401, 200, 200, 200]],
  ['GET', '/api/attachment/none/none', {}, [401, 404, 404, 404]],
  ['GET', '/hook/sms/kannel/in', {}, [403, 403, 403, 403]],
  ['GET', '/hook/sms/kannel/dlr', {}, [403, 403, 403, 403]],
  ['GET', '/api/queues', {}, [401, 403, 200, 200]],
  ['PUT', '/api/queues/wonen', { body: NAMES }, [401, 403, 403, 201]],
  ['GET', '/api/queues/wonen', {}, [401, 403, 200, 200]],
  ['DELETE', '/api/queues/wonen', {}, [401, 403, 403, 204]],
  ['GET', '/api/routing', {}, [401, 403, 200, 200]],
  ['PUT', '/api/routing', { body: {} }, [401, 403, 403, 200]],
  ['GET', '/api/agents', {}, [401, 403, 200, 200]],
  ['PUT', '/api/agents/nieuw', { body: { name: 'Nieuw', role: 'agent' } }, [401, 403, 403, 201]],
  ['GET', '/api/agents/nieuw', {}, [401, 403, 200, 200]],
  ['PUT', '/api/agents/sanne/presence', { body: { presence: 'break' } }, [401, 403, 200, 200]],
  ['DELETE', '/api/agents/nieuw', {}, [401, 403, 403, 204]],
  ['GET', '/api/nodes', {}, [401, 403, 200, 200]],
  ['POST', '/api/nodes/elders/drain', {}, [401, 403, 403, 404]],
  ['GET', '/api/stats', {}, [401, 403, 200, 200]],
  ['GET', '/api/board', {}, [401, 403, 200, 200]],
  ['GET', '/api/audit', {}, [401, 403, 200, 200]],
  ['POST', '/api/audit/1-1/undo', {}, [401, 403, 403, 404]],
  ['POST', '/api/sign-in', { body: { user: 'niemand', password: 'niets' } }, [401, 401, 401, 401]],
];

test('every path and method answers as described, to each role', async () => {
  for (const [method, where, request, statuses] of WALK) {
    for (const [i, who] of ['nobody', 'sanne', 'chef', 'admin'].entries()) await as[who].expect(statuses[i], method, where, request);
  }
  const out = new Api(broker, described, await broker.cookie('weg'));
  await as.nobody.expect(401, 'POST', '/api/sign-out');
  await out.expect(204, 'POST', '/api/sign-out');
  const walked = new Set([...described.seen.keys()].map((key) => key.split(' ').slice(0, 2).join(' ')));
  for (const { method, path } of described.operations()) assert.ok(walked.has(`${method} ${path}`), `${method} ${path} was not walked`);
});

test('HEAD answers as GET does, without the body', async () => {
  for (const [method, where] of WALK.filter(([m]) => m === 'GET')) {
    const head = await fetch(broker.url + where, { method: 'HEAD', headers: { cookie: as.chef.cookie } });
    const get = await fetch(broker.url + where, { method, headers: { cookie: as.chef.cookie } });
    assert.equal(head.status, get.status, where);
    assert.equal(await head.text(), '');
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'), where);
  }
});

test('a method that is not described is refused with those that are', async () => {
  for (const path of described.paths) {
    const real = path.replace(/\{[^}]+\}/g, 'x');
    const known = METHODS.filter((method) => described.document.paths[path][method.toLowerCase()]);
    const allow = known.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).sort().join();
    for (const method of [...METHODS, 'OPTIONS'].filter((m) => !known.includes(m))) {
      const answer = await fetch(broker.url + real, { method, headers: { cookie: as.admin.cookie, origin: broker.url }, body: ['PUT', 'POST', 'PATCH'].includes(method) ? '' : undefined });
      assert.equal(answer.status, 405, `${method} ${real}`);
      assert.equal(answer.headers.get('allow').split(', ').sort().join(), allow, `${method} ${real}`);
      described.fits('Error', await answer.json(), `${method} ${real}`);
    }
  }
});

test('nothing answers at a path that is not described', async () => {
  const paths = ['/api/', '/api/queues/', '/api/queues/a/b', '/api/queue', '/api/agents/a/password', '/api/agents//presence', '/api/nodes/a', '/api/audit/1-1', '/api/settings', '/api/users',
    '/health/ready', '/hook/', '/hook/sms/other/in', '/api/openapi.json', '/api/queues/burgerzaken%20', '/API/queues'];
  for (const where of paths) {
    const answer = await fetch(broker.url + where, { headers: { cookie: as.admin.cookie } });
    assert.equal(answer.status, 404, where);
  }
});

test('a change from a page of another site is refused, whoever is signed in', async () => {
  for (const [method, where, request] of WALK.filter(([m]) => m !== 'GET')) {
    const answer = await as.admin.expect(403, method, where, { ...request, headers: { origin: 'http://evil.example' } });
    assert.equal(answer.error.code, 'origin', where);
  }
});

test('a body must be JSON, say so, and have its bounds', async () => {
  for (const where of ['/api/queues/wonen', '/api/routing', '/api/agents/sanne', '/api/agents/sanne/presence']) {
    const wrong = await as.admin.expect(415, 'PUT', where, { raw: '{}', headers: { 'content-type': 'text/plain' } });
    assert.equal(wrong.error.code, 'bad_type');
    for (const raw of ['', '{', '[]', '"x"', '{"a":1,"a":2}', '\u0000']) await as.admin.expect(400, 'PUT', where, { raw });
    await as.admin.expect(413, 'PUT', where, { raw: `{"name_nl":"${'x'.repeat(70000)}"}` });
  }
});

test('the board over HTTP is the board on the wire', async (t) => {
  const r = await resident(broker, {}, t);
  await r.start({ text: 'wie helpt mij', follow: false });
  const board = await as.chef.get('/api/board');
  assert.deepEqual(board.queues.map((q) => [q.queue, q.waiting, q.waiting_chat]), [['burgerzaken', 1, 1], ['belastingen', 0, 0]]);
  assert.equal(board.waiting.length, 1);
  assert.ok(board.agents.some((a) => a.agent === 'sanne' && a.presence === 'break'));
  assert.equal(board.verb, undefined);
});
