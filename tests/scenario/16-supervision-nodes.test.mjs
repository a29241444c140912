/* The same over two brokers: alarms and numbers at the one that does not route, places in line of a page there, whispers and notices across. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { resident, staff } from '../lib/client.mjs';
import { startNodes } from '../lib/nodes.mjs';
import { alarm, alarmed, calm, closes, queue, shows } from './16-supervision-office.mjs';

let nodes, router, other;
before(async () => {
  nodes = await startNodes(2, { limits: { frames_per_s: 1000, frames_burst: 1000 } });
  await Promise.all([
    nodes.addStaff({ id: 'anna', queues: ['burgerzaken'], capacity: 2 }),
    nodes.addStaff({ id: 'chef', name: 'Chef', role: 'supervisor', queues: [] }),
  ]);
  await Promise.all(['anna', 'chef'].map((id) => nodes.cookie(id)));
  router = await nodes.router();
  other = nodes.brokers.find((broker) => broker !== router);
});
after(() => nodes.close());

async function asks(t, broker) {
  const r = await resident(broker, {}, t);
  return Object.assign(r, { conversation: (await r.start()).conversation });
}

async function watches(t, broker) {
  const chef = await staff(broker, 'chef', {}, t);
  await chef.ask({ verb: 'watch' }, 'board');
  return chef;
}

const logged = (broker, what) => broker.log().split('\n').filter((line) => line.includes('ev=alarm ') && line.includes(what)).length;
const place = (r, n) => r.wait((f) => f.verb === 'waiting' && f.place === n, { name: `place ${n}` });

test('a supervisor sees alarms and numbers at either broker; the one that routes logs them', async (t) => {
  const [near, far] = [await watches(t, router), await watches(t, other)];
  const r = await asks(t, other);
  const [here, there] = await Promise.all([near, far].map((chef) => alarmed(chef, 'nobody', { queue: 'burgerzaken' })));
  assert.ok(Math.abs(here.since - there.since) < 3000);
  const anna = await staff(router, 'anna', {}, t);
  const work = await anna.assigned(r.conversation);
  await Promise.all([near, far].map((chef) => calm(chef, 'nobody')));
  const boards = await Promise.all([near, far].map((chef) => shows(chef, (f) => queue(f, 'burgerzaken').answered === 1, 'one answered')));
  for (const board of boards) {
    assert.deepEqual([queue(board, 'burgerzaken').answer_ms, queue(board, 'burgerzaken').available], [work.assigned_at - work.queued_at, 1]);
  }
  assert.deepEqual([logged(router, 'kind=nobody'), logged(other, 'kind=nobody')], [1, 0]);
  await closes(anna, r.conversation);
  await anna.presence('offline');
});

test('without anybody who watches, the broker that routes logs all the same', async (t) => {
  const before = [logged(router, 'kind=nobody'), logged(other, 'kind=nobody')];
  const r = await asks(t, other);
  const line = await router.logged(/ev=alarm kind=nobody queue=burgerzaken$/m, { from: router.log().lastIndexOf('ev=conversation_') });
  assert.ok(line);
  /* who comes to watch later sees since when */
  const far = await watches(t, other);
  const board = await shows(far, (f) => alarm(f, 'nobody'), 'the alarm');
  assert.ok(alarm(board, 'nobody').since <= board.at);
  r.send({ verb: 'close', conversation: r.conversation });
  await calm(far, 'nobody');
  assert.deepEqual([logged(router, 'kind=nobody'), logged(other, 'kind=nobody')], [before[0] + 1, before[1]]);
});

test('a page at one broker counts down as agents at another take others', async (t) => {
  const line = [await asks(t, router), await asks(t, other), await asks(t, other)];
  await Promise.all(line.map((r, i) => place(r, i + 1)));
  const anna = await staff(router, 'anna', {}, t);
  for (let i = 0; i < 3; i++) {
    await anna.assigned(line[i].conversation);
    await place(line[i], 0);
    await Promise.all(line.slice(i + 1).map((r, k) => place(r, k + 1)));
    await closes(anna, line[i].conversation);
  }
  await anna.presence('offline');
});

test('whispers and notices cross; the resident hears neither', async (t) => {
  const anna = await staff(router, 'anna', {}, t);
  const chef = await staff(other, 'chef', {}, t);
  const r = await asks(t, other);
  await anna.assigned(r.conversation);
  await anna.catchUp(r.conversation);
  await chef.catchUp(r.conversation);
  const { seq } = await chef.say(r.conversation, 'vraag het BSN', { whisper: true });
  await Promise.all([anna, r].map((c) => c.until(r.conversation, seq)));
  assert.deepEqual([anna.log(r.conversation).entries.get(seq).text, r.log(r.conversation).entries.get(seq).kind], ['vraag het BSN', 'hidden']);
  chef.send({ verb: 'bulletin', text: 'Koffie', queues: ['burgerzaken'] });
  assert.equal((await anna.wait('bulletin')).text, 'Koffie');
  chef.send({ verb: 'set_presence', agent: 'anna', presence: 'break' });
  await anna.wait((f) => f.verb === 'presence' && f.presence === 'break', { name: 'the break' });
  chef.send({ verb: 'take', conversation: r.conversation });
  await anna.wait((f) => f.verb === 'conversation' && f.owner === 'chef', { name: 'that it is taken' });
  const said = await chef.say(r.conversation, 'ik help u verder');
  await r.until(r.conversation, said.seq);
  assert.deepEqual(r.texts(r.conversation).slice(-1), ['ik help u verder']);
  assert.ok(!JSON.stringify(r.frames).includes('BSN') && !JSON.stringify(r.frames).includes('Koffie'));
});
