/* The store dies, stalls, or refuses: nothing is acked that is not on disk, sessions stay open and are told, memory stays bounded, and work goes on by itself. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { FORMS, newId, resident, staff } from '../lib/client.mjs';
import { sleep, until } from '../lib/wait.mjs';

let broker;
before(async () => {
  /* a small quarantine, so that what a sanitizer holds back is not taken for the broker's */
  broker = await startBroker({ limits: { frames_per_s: 5000, frames_burst: 5000 }, env: { ASAN_OPTIONS: 'exitcode=99:quarantine_size_mb=4' } });
  await broker.addStaff({ id: 'sanne', name: 'Sanne', capacity: 1000 });
});
after(() => broker.close());

const notice = (c, code, ms = 30000) => c.wait((f) => f.verb === 'notice' && f.code === code, { ms, name: code });

/* A resident and an agent in one conversation. */
async function pair(t, form = 'json') {
  const r = await resident(broker, { form }, t);
  const a = await staff(broker, 'sanne', { form }, t);
  const started = await r.start({ text: '1' });
  await a.assigned(started.conversation);
  await a.catchUp(started.conversation);
  return { r, a, ...started };
}

/* As a client does: says each text until it is acked, in order, waiting while the store is away. */
async function persist(c, conversation, texts) {
  for (const text of texts) {
    for (;;) {
      try {
        await c.say(conversation, text);
        break;
      } catch (error) {
        assert.ok(['store_away', 'store_refused', 'timeout'].includes(error.code), `${error.message}`);
        assert.equal(error.frame.retry, true);
        await sleep(100);
      }
    }
  }
}

for (const form of FORMS) {
  test(`${form}: Redis killed with frames in flight`, async (t) => {
    const { r, a, conversation } = await pair(t, form);
    const texts = Array.from({ length: 200 }, (_, i) => `woord ${i}`);
    const sending = persist(r, conversation, texts);
    await a.entry(conversation, (e) => e.text === 'woord 20');
    process.kill(broker.redisPid, 'SIGKILL');
    await Promise.all([notice(r, 'store_away'), notice(a, 'store_away')]);
    const refused = await a.refused({ verb: 'say', conversation, counter: 1, text: 'nu niet' });
    assert.deepEqual([refused.code, refused.retry, refused.counter], ['store_away', true, 1]);
    assert.equal((await fetch(`${broker.url}/health`)).status, 503);
    await Promise.all([notice(r, 'store_back'), notice(a, 'store_back')]);
    await sending;
    await r.catchUp(conversation); /* as a client does at store_back */
    await a.catchUp(conversation);
    assert.deepEqual(r.texts(conversation), ['1', ...texts]);
    assert.deepEqual(a.texts(conversation), ['1', ...texts]);
    await a.say(conversation, 'het gaat verder', { counter: 1 });
    assert.equal((await fetch(`${broker.url}/health`)).status, 200);
    r.assertOrder();
  });
}

test('Redis stalled for ten seconds: told, nothing acked meanwhile, nothing lost, memory bounded', async (t) => {
  const { r, a, conversation } = await pair(t);
  const crowd = await Promise.all(Array.from({ length: 20 }, () => resident(broker, {}, t)));
  const started = await Promise.all(crowd.map((c) => c.start({ text: 'x', follow: true })));
  const before = broker.memoryKb();
  process.kill(broker.redisPid, 'SIGSTOP');
  const stopped = performance.now();
  const acks = () => [r, a, ...crowd].reduce((n, c) => n + c.frames.filter((f) => f.verb === 'ack' || f.verb === 'started').length, 0);
  await Promise.all([r, a].map((c) => c.barrier())); /* what was answered before is here */
  const acked = acks();
  const sending = persist(r, conversation, ['tijdens', 'de', 'stilte']);
  /* everybody talks into the silence as fast as they may */
  const talk = setInterval(() => {
    crowd.forEach((c, i) => {
      for (let k = 0; k < 10; k++) c.send({ verb: 'say', conversation: started[i].conversation, counter: 2, text: 'z'.repeat(1000) });
    });
  }, 100);
  await notice(r, 'store_away', 9000);
  const told = performance.now() - stopped;
  const atNotice = broker.memoryKb();
  await sleep(Math.max(0, 10000 - told));
  clearInterval(talk);
  const grown = atNotice - before;
  const after = broker.memoryKb() - atNotice;
  assert.equal(acks(), acked, 'nothing is acked while nothing is on disk');
  process.kill(broker.redisPid, 'SIGCONT');
  await notice(r, 'store_back');
  await sending;
  t.diagnostic(`told after ${(told / 1000).toFixed(1)} s; memory grew by ${grown} kB until then, by ${after} kB in the rest of the ten seconds, while 20 residents sent 2,000 frames a second`);
  assert.ok(grown < 128 * 1024, `${grown} kB`); /* 10,000 messages of 1 kB in flight, and their bookkeeping */
  assert.ok(after < 8 * 1024, `${after} kB`); /* refused at once from then on */
  await r.catchUp(conversation);
  assert.deepEqual(r.texts(conversation), ['1', 'tijdens', 'de', 'stilte']);
  for (const [i, c] of crowd.entries()) {
    const resumed = await c.catchUp(started[i].conversation);
    assert.ok(resumed.counter <= 2);
    assert.equal(c.texts(started[i].conversation).length, resumed.counter, 'once, however often it was said');
    assert.equal(c.socket.readyState, 1, 'sessions stay open');
  }
});

const refusals = {
  OOM: { make: () => broker.redis('config', 'set', 'maxmemory', '1'), mend: () => broker.redis('config', 'set', 'maxmemory', '0') },
  READONLY: { make: () => broker.redis('replicaof', '127.0.0.1', '1'), mend: () => broker.redis('replicaof', 'no', 'one') },
  NOREPLICAS: { make: () => broker.redis('config', 'set', 'min-replicas-to-write', '1'), mend: () => broker.redis('config', 'set', 'min-replicas-to-write', '0') },
};
for (const [name, { make, mend }] of Object.entries(refusals)) {
  test(`Redis answers ${name}: nothing is acked, and work goes on afterwards`, async (t) => {
    const { r, conversation } = await pair(t);
    make();
    try {
      for (let i = 0; i < 5; i++) {
        const error = await r.refused({ verb: 'say', conversation, counter: 2, text: 'x' });
        assert.ok(['store_refused', 'store_away'].includes(error.code), error.code);
        assert.equal(error.retry, true);
      }
      const start = await r.refused({ verb: 'start', key: newId(), queue: 'burgerzaken', text: 'x' });
      assert.ok(['store_refused', 'store_away'].includes(start.code), start.code);
    } finally {
      mend();
    }
    await persist(r, conversation, ['weer verder']);
    await r.catchUp(conversation);
    assert.deepEqual(r.texts(conversation), ['1', 'weer verder']);
    r.assertOrder();
  });
}

test('Redis answers MISCONF when its disk refuses: nothing is acked', async (t) => {
  const { r, conversation } = await pair(t);
  /* a save that fails, as on a full disk: the folder for it is not there */
  const dir = broker.redis('config', 'get', 'dir').split('\n')[1];
  broker.redis('config', 'set', 'save', '3600 1');
  broker.redis('config', 'set', 'stop-writes-on-bgsave-error', 'yes');
  broker.redis('config', 'set', 'dbfilename', 'dump.rdb');
  const { chmodSync, mkdirSync, rmSync } = await import('node:fs');
  mkdirSync(`${dir}/dump.rdb`); /* a folder where the file should come: rename(2) fails, for root, too */
  chmodSync(dir, 0o700);
  try {
    broker.redis('bgsave');
    await until('the save to fail', () => broker.redis('info', 'persistence').includes('rdb_last_bgsave_status:err'), { ms: 10000 });
    const error = await r.refused({ verb: 'say', conversation, counter: 2, text: 'x' });
    assert.ok(['store_refused', 'store_away'].includes(error.code), error.code);
  } finally {
    rmSync(`${dir}/dump.rdb`, { recursive: true });
    broker.redis('config', 'set', 'save', '');
    broker.redis('config', 'set', 'stop-writes-on-bgsave-error', 'no');
  }
  await persist(r, conversation, ['weer verder']);
});

test('Redis that is still LOADING when it comes back: work goes on when it is ready', async (t) => {
  const { r, conversation } = await pair(t);
  /* enough to load for a while, slowly on purpose: key by key */
  broker.redis('debug', 'populate', '200000', 'ballast', '100');
  broker.redis('bgrewriteaof');
  await until('the rewrite to end', () => broker.redis('info', 'persistence').includes('aof_rewrite_in_progress:0'), { ms: 20000 });
  process.kill(broker.redisPid, 'SIGKILL');
  await notice(r, 'store_away');
  await notice(r, 'store_back', 40000);
  await persist(r, conversation, ['na het laden']);
  await r.catchUp(conversation);
  assert.deepEqual(r.texts(conversation), ['1', 'na het laden']);
  broker.redis('flushdb'); /* the ballast, and all else: this is the last test of the file */
});
