/* Several brokers on one Redis: they are one broker to everybody, whichever of them dies, leaves, or is thought dead. */
import assert from 'node:assert/strict';
import test, { after, afterEach, before } from 'node:test';

import { Resident } from '../chaos/resident.mjs';
import { FORMS, newId, resident, staff } from '../lib/client.mjs';
import { startNodes } from '../lib/nodes.mjs';
import { faultsOf } from '../lib/snapshot.mjs';
import { until } from '../lib/wait.mjs';

const GRACE_MS = 1500;
const DEATH_MS = 3000; /* within which the others have taken over */

let nodes;
let opened = [];
before(async () => {
  nodes = await startNodes(3, { limits: { frames_per_s: 1000, frames_burst: 1000, away_grace_ms: GRACE_MS } });
  await Promise.all([
    nodes.addStaff({ id: 'sanne', name: 'Sanne', capacity: 20 }),
    nodes.addStaff({ id: 'bram', name: 'Bram', capacity: 20 }),
    nodes.addStaff({ id: 'chef', role: 'supervisor', queues: [] }),
  ]);
  await Promise.all(['sanne', 'bram', 'chef'].map((id) => nodes.cookie(id)));
});
after(() => nodes.close());

/* After each test every broker lives, everybody is off duty, nothing is open; and what must hold in the store at any moment holds. */
afterEach(async () => {
  const running = nodes.brokers.filter((broker) => broker.child);
  await Promise.all(nodes.brokers.map((broker) => broker.child || broker.start()));
  if (running.length < nodes.brokers.length) await nodes.settled();
  const chef = await staff(nodes.first, 'chef');
  for (const agent of ['sanne', 'bram']) chef.send({ verb: 'set_presence', agent, presence: 'offline' });
  for (const conversation of opened) chef.send({ verb: 'close', conversation });
  opened = [];
  chef.send({ verb: 'watch' });
  const empty = (f) => f.queues.every((q) => q.waiting === 0 && q.active === 0) && f.agents.every((a) => a.load === 0 && a.presence === 'offline');
  await chef.wait((f) => f.verb === 'board' && empty(f), { ms: 20000, name: 'an empty office' });
  await chef.close();
  assert.deepEqual(faultsOf(await nodes.snapshot()), { assigned_twice: [], over_capacity: [], stranded: [], load_wrong: [] });
});

/* The broker that routes, and the two others. */
async function apart() {
  const router = await nodes.settled();
  return [router, ...nodes.brokers.filter((broker) => broker !== router)];
}

async function asks(broker, t, options = {}) {
  const r = await resident(broker, { form: options.form }, t);
  const started = await r.start(options);
  opened.push(started.conversation);
  return Object.assign(r, { conversation: started.conversation });
}

const shown = (agent, conversation, fits, name) =>
  agent.wait((f) => f.verb === 'conversation' && f.conversation === conversation && fits(f), { name });

for (const form of FORMS) {
  test(`${form}: a resident on one, an agent on another, and a third that routes`, async (t) => {
    const [, here, there] = await apart();
    const a = await staff(here, 'sanne', { form }, t);
    const r = await asks(there, t, { form, text: 'goedemorgen' });
    const { conversation } = r;
    const given = await a.assigned(conversation);
    assert.deepEqual([given.owner, given.state, given.preview], ['sanne', 'active', 'goedemorgen']);
    await a.catchUp(conversation);
    await r.entry(conversation, (e) => e.kind === 'state' && e.state === 'active');
    for (let i = 0; i < 10; i++) {
      const asked = await r.say(conversation, `vraag ${i}`);
      await a.until(conversation, asked.seq);
      const answered = await a.say(conversation, `antwoord ${i}`);
      await r.until(conversation, answered.seq);
    }
    const said = ['goedemorgen', ...Array.from({ length: 10 }, (_, i) => [`vraag ${i}`, `antwoord ${i}`]).flat()];
    for (const c of [r, a]) assert.deepEqual(c.texts(conversation), said);
    r.send({ verb: 'typing', conversation });
    assert.deepEqual({ ...(await a.wait('typing')) }, { verb: 'typing', conversation, from: 'resident' });
    a.send({ verb: 'typing', conversation });
    assert.deepEqual({ ...(await r.wait('typing')) }, { verb: 'typing', conversation, from: 'agent', name: 'Sanne' });
    r.send({ verb: 'read', conversation, seq: 5 });
    assert.deepEqual({ ...(await a.wait('read')) }, { verb: 'read', conversation, seq: 5, from: 'resident' });
    a.send({ verb: 'read', conversation, seq: 7 });
    assert.deepEqual({ ...(await r.wait('read')) }, { verb: 'read', conversation, seq: 7, from: 'agent' });
    const note = await a.say(conversation, 'alleen voor ons', { note: true });
    await r.until(conversation, note.seq);
    assert.equal(r.log(conversation).entries.get(note.seq).kind, 'hidden');
    a.send({ verb: 'close', conversation });
    await r.entry(conversation, (e) => e.kind === 'state' && e.state === 'closed');
    const { seq } = await r.say(conversation, 'toch nog iets'); /* and it opens again, for whoever had it */
    await a.assigned(conversation);
    await a.until(conversation, seq);
    r.assertOrder();
    a.assertOrder();
  });
}

test('an agent sees on which broker ever the resident’s page comes and goes', async (t) => {
  const [, here, there] = await apart();
  const a = await staff(here, 'sanne', {}, t);
  const r = await asks(there, t, { follow: false });
  await a.assigned(r.conversation);
  await a.catchUp(r.conversation);
  await r.resume(r.conversation, { token: r.token });
  await shown(a, r.conversation, (f) => f.present, 'the page is there');
  await r.close();
  await shown(a, r.conversation, (f) => !f.present, 'the page is gone');
  const again = await resident(there, {}, t);
  await again.resume(r.conversation, { token: r.token });
  await shown(a, r.conversation, (f) => f.present, 'the page is there again');
  await there.kill('SIGKILL');
  await shown(a, r.conversation, (f) => !f.present, 'the page is gone with its broker');
});

test('what a broker wrote just before it died is seen by those on the others', async (t) => {
  const [, here, there] = await apart();
  const a = await staff(here, 'sanne', {}, t);
  const pages = await Promise.all(Array.from({ length: 8 }, () => asks(there, t)));
  for (const { conversation } of pages) {
    await a.assigned(conversation);
    await a.catchUp(conversation);
  }
  /* they all talk as fast as they can, so that the kill comes between writing and telling for some */
  for (let k = 2; k < 60; k++) for (const r of pages) r.send({ verb: 'say', conversation: r.conversation, counter: k, text: `woord ${k}` });
  await pages[0].wait((f) => f.verb === 'ack' && f.counter > 5);
  await there.kill('SIGKILL');
  await until('the agent to have seen all that is stored', async () => {
    const view = await nodes.snapshot();
    return pages.every(({ conversation }) => a.log(conversation).next === Number(view.conversations.get(conversation).seq) + 1);
  }, { ms: DEATH_MS + 2000 });
  a.assertOrder();
});

test('sessions of one agent on two brokers are one agent', async (t) => {
  const [, here, there] = await apart();
  const one = await staff(here, 'sanne', {}, t);
  const two = await staff(there, 'sanne', { presence: null }, t);
  assert.equal(two.welcome.presence, 'available');
  const r = await asks(here, t);
  await Promise.all([one.assigned(r.conversation), two.assigned(r.conversation)]);
  two.send({ verb: 'presence', presence: 'break' });
  for (const c of [one, two]) await c.wait((f) => f.verb === 'presence' && f.presence === 'break');
  await one.cut(); /* nothing is given on: there is another session of theirs */
  const b = await staff(here, 'bram', {}, t);
  const later = await asks(there, t);
  await b.assigned(later.conversation);
  const absent = (await nodes.snapshot()).absent.sanne;
  assert.equal(absent, undefined, 'nobody waits for who is here');
  await two.barrier();
  assert.ok(!two.frames.some((f) => f.verb === 'conversation' && f.conversation === r.conversation && f.state === 'queued'));
});

test('the grace time goes on from broker to broker: a short loss keeps the work, a long one gives it on', async (t) => {
  const [, here, there] = await apart();
  const a = await staff(here, 'sanne', {}, t);
  const r = await asks(there, t);
  await a.assigned(r.conversation);
  await a.cut();
  const back = await staff(there, 'sanne', { presence: null }, t);
  assert.deepEqual([back.welcome.work, back.welcome.presence], [[r.conversation], 'available']);
  assert.equal((await nodes.snapshot()).absent.sanne, undefined, 'not awaited any more');
  const b = await staff(here, 'bram', {}, t);
  const cut = performance.now();
  await back.cut();
  const given = await b.assigned(r.conversation);
  assert.ok(given.heardAt - cut > GRACE_MS - 100, 'not before the grace time is over');
  const late = await staff(here, 'sanne', { presence: null }, t);
  assert.deepEqual([late.welcome.work, late.welcome.presence], [undefined, 'offline']);
});

test('an agent whose broker dies keeps the work when they come back to another in time, and hands it on when not', async (t) => {
  const [, here, there] = await apart();
  const a = await staff(there, 'sanne', {}, t);
  const r = await asks(here, t);
  await a.assigned(r.conversation);
  await there.kill('SIGKILL');
  const back = await staff(here, 'sanne', { presence: null }, t);
  assert.deepEqual([back.welcome.work, back.welcome.presence], [[r.conversation], 'available']);
  await until('the dead broker to be buried', async () => (await nodes.snapshot()).nodes[there.node] === undefined);
  await back.barrier();
  assert.ok(!back.frames.some((f) => f.verb === 'conversation' && f.state === 'queued'));
  await there.start();
  await nodes.settled();
  const b = await staff(there, 'bram', {}, t);
  await back.cut();
  const again = await staff(here, 'sanne', { presence: null }, t);
  await here.kill('SIGKILL');
  assert.equal((await b.assigned(r.conversation)).owner, 'bram', 'given on after the grace time');
  assert.equal(again.welcome.presence, 'available');
});

test('the broker that routes dies: another one does within three seconds', async (t) => {
  const [router, here, there] = await apart();
  const a = await staff(here, 'sanne', {}, t);
  const first = await asks(there, t);
  await a.assigned(first.conversation);
  const at = performance.now();
  await router.kill('SIGKILL');
  const r = await asks(there, t);
  const given = await a.assigned(r.conversation);
  t.diagnostic(`${(given.heardAt - at).toFixed(0)} ms from the kill to the next assignment`);
  assert.ok(given.heardAt - at < DEATH_MS, `${given.heardAt - at} ms`);
  assert.notEqual(nodes.routes(), router.node);
});

const ends = {
  SIGTERM: (broker) => broker.kill('SIGTERM'),
  'loketctl drain': async (broker) => {
    const done = await nodes.first.ctl(['drain', broker.node, '--wait']);
    assert.equal(done.code, 0, done.stderr);
    return broker.ended;
  },
};
for (const [how, end] of Object.entries(ends)) {
  test(`${how}: no message is lost, and residents and agents see a reconnect and nothing else`, async (t) => {
    const [leaving, ...others] = await apart();
    const living = new Set([leaving]);
    const pages = Array.from({ length: 6 }, (_, i) => new Resident({ url: () => [...living][0].ws, name: `Resident ${i}`, dropping: i % 2 === 0 }));
    t.after(() => Promise.all(pages.map((page) => page.leave())));
    const a = await staff(leaving, 'sanne', {}, t);
    for (const page of pages) page.say('goedemorgen');
    for (const page of pages) page.connect();
    for (let i = 0; i < pages.length; i++) await a.assigned();
    for (const page of pages) opened.push(page.conversation);
    const talk = setInterval(() => pages.forEach((page) => page.say(`woord ${page.texts.length}`)), 20);
    try {
      await until('everybody to talk', () => pages.every((page) => page.acked > 5));
      living.clear();
      for (const broker of others) living.add(broker);
      const mark = leaving.logMark();
      const leaves = end(leaving);
      const { code } = await a.closed;
      const back = await staff(others[1], 'sanne', { presence: null }, t);
      assert.equal(code, 4012);
      assert.deepEqual([[...back.welcome.work].sort(), back.welcome.presence], [pages.map((page) => page.conversation).sort(), 'available']);
      await until('everybody to talk again', () => pages.every((page) => page.connects === 2 && page.unacked < 3));
      clearInterval(talk);
      const texts = (page) => [...page.entries.values()].filter((e) => e.kind === 'message').map((e) => e.text);
      await until('every word to be acked and seen', () => pages.every((page) => page.unacked === 0 && texts(page).length === page.texts.length));
      for (const page of pages) {
        assert.deepEqual(page.faults, []);
        assert.deepEqual(texts(page), page.texts);
        const states = [...page.entries.values()].filter((e) => e.kind === 'state').map((e) => e.state);
        assert.deepEqual(states, ['active'], 'nobody was sent back to the queue');
      }
      assert.equal((await leaves).code, 0);
      assert.match(leaving.log().slice(mark), /ev=stopped err=none/);
    } finally {
      clearInterval(talk);
    }
  });
}

test('a broker that was stopped finds itself buried, and is one of them again', async (t) => {
  const [, here, there] = await apart();
  const a = await staff(there, 'sanne', {}, t);
  const r = await asks(here, t);
  await a.assigned(r.conversation);
  const b = await staff(here, 'bram', {}, t);
  process.kill(there.pid, 'SIGSTOP');
  try {
    assert.equal((await b.assigned(r.conversation)).owner, 'bram', 'nobody hears from its agents: their work is given on');
    assert.equal((await nodes.snapshot()).nodes[there.node], undefined, 'it was buried');
  } finally {
    process.kill(there.pid, 'SIGCONT');
  }
  const left = await shown(a, r.conversation, (f) => f.owner === 'bram', 'it left the agent’s list');
  assert.equal(left.state, 'active');
  await until('the broker to be one of them again', async () => (await nodes.snapshot()).nodes[there.node] !== undefined);
  await until('its agents to be there again', async () => (await nodes.snapshot()).agents.get('sanne').here.includes(there.node));
  await b.presence('break');
  await a.presence('available');
  const next = await asks(here, t);
  assert.equal((await a.assigned(next.conversation)).owner, 'sanne', 'its agents get work, in the session that they had all the while');
});

test('two that think they route: what the one from before decides counts for nothing', async (t) => {
  for (let i = 0; i < 3; i++) {
    const [before, ...others] = await apart();
    process.kill(before.pid, 'SIGSTOP');
    let now;
    try {
      now = await nodes.router({ not: before });
      const third = others.find((broker) => broker !== now);
      const a = await staff(third, 'sanne', {}, t);
      const fence = Number((await nodes.snapshot()).lease.fence);
      process.kill(now.pid, 'SIGSTOP'); /* from here until its lease ends nobody may give anything to anybody … */
      const { conversation } = await asks(third, t, { key: newId() });
      process.kill(before.pid, 'SIGCONT'); /* … and this one believes that it may */
      const given = await a.assigned(conversation);
      const view = await nodes.snapshot();
      assert.ok(Number(view.lease.fence) > fence, 'given under a newer lease');
      assert.equal(given.version, 2, 'and given once');
      a.send({ verb: 'close', conversation });
      await shown(a, conversation, (f) => f.state === 'closed', 'closed');
      await a.presence('offline');
      await a.close();
    } finally {
      process.kill(before.pid, 'SIGCONT');
      if (now) process.kill(now.pid, 'SIGCONT');
    }
  }
});
