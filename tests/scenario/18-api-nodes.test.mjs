/* Two brokers on one Redis: a change made on one holds on the other at once, and one of them can be drained while people talk over it. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';

import { connect, resident, staff } from '../lib/client.mjs';
import { startNodes } from '../lib/nodes.mjs';
import { until } from '../lib/wait.mjs';
import { Api, readDescription } from '../openapi/description.mjs';

const described = readDescription();
const NAMES = { name_nl: 'Wonen', name_en: 'Housing' };

async function office(t) {
  const nodes = await startNodes(2, { queues: [{ id: 'wonen', ...NAMES }], limits: { frames_per_s: 1000, frames_burst: 1000 } }, t);
  await nodes.addStaff({ id: 'admin', role: 'administrator', queues: [] });
  await nodes.addStaff({ id: 'anna', queues: ['wonen'], capacity: 20 });
  const cookie = await nodes.cookie('admin');
  return { nodes, api: nodes.brokers.map((broker) => new Api(broker, described, cookie)) };
}

let t0;
before(() => (t0 = Date.now()));

test('a change made on one broker holds on the other', async (t) => {
  const { nodes, api } = await office(t);
  await nodes.cookie('anna');
  const list = (await api[1].get('/api/nodes')).results;
  assert.deepEqual(list.map(({ id, alive, draining }) => [id, alive, draining]).sort(), [['node1', true, false], ['node2', true, false]]);
  assert.equal(list.filter(({ routes }) => routes).length, 1);
  assert.ok(list.every(({ silent_ms }) => silent_ms < Date.now() - t0));

  const set = await api[0].put('/api/queues/wonen', { ...NAMES, skills: [{ skill: 'huur' }] });
  const there = await api[1].expect(200, 'GET', '/api/queues/wonen');
  assert.deepEqual([there.value, there.etag], [set.value, set.etag]);
  const anna = await staff(nodes.brokers[1], 'anna', {}, t);
  const r = await resident(nodes.brokers[0], {}, t);
  const { conversation } = await r.start({ queue: 'wonen' });
  await until('it to wait', async () => (await api[1].get('/api/board')).queues[0].waiting === 1);
  await api[0].put('/api/agents/anna', { name: 'anna', role: 'agent', queues: ['wonen'], skills: [{ skill: 'huur' }] });
  await anna.assigned(conversation, { ms: 3000 });

  await api[0].put('/api/agents/anna/presence', { presence: 'break' });
  await anna.wait((f) => f.verb === 'presence' && f.presence === 'break');
  await api[0].expect(404, 'POST', '/api/nodes/node3/drain');
});

/* A page of a resident: says on and on; when its connection ends it goes to the other broker, resumes, and says again what has no ack. */
class Page {
  constructor(t, brokers) {
    this.t = t;
    this.brokers = brokers;
    this.said = [];
    this.acked = new Set();
    this.ends = [];
    this.stopped = false;
  }

  async open(broker) {
    this.broker = broker;
    this.c = await connect(broker, { client: this.client }, this.t);
    this.client = this.c.client;
    await this.c.hello();
    if (this.conversation) await this.c.resume(this.conversation, { token: this.token });
  }

  async start() {
    await this.open(this.brokers[0]);
    const started = await this.c.start({ queue: 'wonen', text: 'bericht 1' });
    Object.assign(this, { conversation: started.conversation, token: this.c.token });
    this.said.push('bericht 1');
    this.run = this.talk();
  }

  async talk() {
    while (!this.stopped) {
      const counter = this.acked.size + 2;
      const text = `bericht ${counter}`;
      if (this.said.length < counter) this.said.push(text);
      try {
        await this.c.say(this.conversation, text, { counter });
        this.acked.add(counter);
      } catch (error) {
        if (this.c.socket.readyState <= 1) throw error;
        this.ends.push((await this.c.closed).code);
        await until('the other broker', () => this.open(this.brokers.find((b) => b !== this.broker)).then(() => true));
      }
    }
  }
}

test('drain: a resident sees a reconnect, and not one message is lost', async (t) => {
  const { nodes, api } = await office(t);
  const router = await nodes.router();
  const stays = nodes.brokers.find((broker) => broker !== router);
  const from = api[nodes.brokers.indexOf(stays)];
  await nodes.cookie('anna');
  const anna = await staff(stays, 'anna', {}, t);
  const pages = Array.from({ length: 4 }, () => new Page(t, [router, stays]));
  for (const page of pages) await page.start();
  for (const page of pages) await anna.assigned(page.conversation);
  await until('everybody to talk', () => pages.every((page) => page.acked.size > 20));

  const asked = await from.expect(202, 'POST', `/api/nodes/${router.node}/drain`);
  assert.deepEqual(asked.value, { id: router.node, draining: true });
  await until('a proxy to be told', async () => {
    const health = await fetch(`${router.url}/health`);
    return health.status === 503 && (await health.json()).status === 'draining';
  });
  assert.deepEqual(await router.ended, { code: 0, signal: null }, 'ends by itself, in order');
  await until('everybody to talk on', () => pages.every((page) => page.broker === stays && page.ends.length === 1 && page.acked.size > 40));
  for (const page of pages) page.stopped = true;
  await Promise.all(pages.map((page) => page.run));

  assert.equal(nodes.routes(), stays.node);
  assert.deepEqual((await from.get('/api/nodes')).results.map(({ id }) => id), [stays.node]);
  for (const page of pages) {
    assert.deepEqual(page.ends, [4012], 'one reconnect, for the reason that the broker stops');
    const reader = await resident(stays, {}, t);
    await reader.catchUp(page.conversation, { token: page.token });
    assert.deepEqual(reader.texts(page.conversation), page.said.slice(0, page.acked.size + 1), 'all of it, once, in order');
    reader.assertOrder();
    page.c.assertOrder();
  }
  const entry = (await from.get('/api/audit?limit=1')).results[0];
  assert.deepEqual([entry.actor, entry.action, entry.what], ['admin', 'drain', router.node]);
});

test('loketctl drains, too, and waits for the end', async (t) => {
  const { nodes } = await office(t);
  const [first, second] = nodes.brokers;
  const unknown = await first.ctl(['drain', 'node9']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no broker `node9` lives/);
  assert.match((await first.ctl(['nodes'])).stdout, /^node2 +alive +(yes|no) +\d+$/m);
  const done = await first.ctl(['drain', 'node2', '--wait']);
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(done.stdout, /node2 has ended/);
  assert.deepEqual(await second.ended, { code: 0, signal: null });
  assert.doesNotMatch((await first.ctl(['nodes'])).stdout, /node2/);
});
