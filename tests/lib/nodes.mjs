/* Several brokers on one Redis: a redis-server as loketd would start it, and brokers that differ in name, port and folder alone.
 *
 *   const nodes = await startNodes(2, { queues: [...] }, t);
 *   const cookie = await nodes.cookie('sanne');        known to every broker
 *   const who = await nodes.router();                  the Broker that has the routing lease, once somebody has it
 *   const view = await nodes.snapshot();                    all of an organisation's routing state, read in one atomic step (snapshot.mjs) */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { newBroker } from './broker.mjs';
import { takeSnapshot } from './snapshot.mjs';
import { until } from './wait.mjs';

/* @folder: where its data goes; made and removed here when absent. */
export async function startRedis({ folder } = {}, t = null) {
  const own = folder === undefined;
  const dir = folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'loket-redis-'));
  fs.mkdirSync(dir, { recursive: true });
  const socket = path.join(dir, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always',
    '--save', '', '--maxmemory-policy', 'noeviction', '--no-appendfsync-on-rewrite', 'no', '--loglevel', 'warning'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const orphan = () => child.kill('SIGKILL'); /* this process ends without having ended it */
  process.once('exit', orphan);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const redis = {
    url: `unix://${socket}`,
    socket,
    pid: child.pid,
    command: (...words) => execFileSync('redis-cli', ['-s', socket, ...words], { encoding: 'utf8' }).trim(),
    async close() {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await ended;
      process.removeListener('exit', orphan);
      if (own) fs.rmSync(dir, { recursive: true, force: true });
    },
  };
  await until('redis-server to answer', () => fs.existsSync(socket) && redis.command('ping') === 'PONG', { ms: 20000 });
  t?.after(() => redis.close());
  return redis;
}

export class Nodes {
  constructor(redis, brokers) {
    this.redis = redis;
    this.brokers = brokers;
    this.prefix = `{o:${brokers[0].config.organisation.id}}:`;
  }

  get first() {
    return this.brokers[0];
  }

  /* A session cookie that every living broker accepts. */
  async cookie(id) {
    const cookie = await this.first.cookie(id);
    await Promise.all(this.brokers.map((broker) => until(`${broker.node} to know ${id}`, async () => {
      if (!broker.child) return true;
      const answer = await fetch(`${broker.url}/api/session`, { headers: { cookie } });
      return answer.status === 200 && (await answer.json()).agent === id;
    })));
    return cookie;
  }

  addStaff(person) {
    return this.first.addStaff(person);
  }

  close() {
    return closeNodes(this.brokers, this.redis);
  }

  /* The name of the broker that has the routing lease now; undefined: nobody has it. */
  routes() {
    const [node, ends] = this.redis.command('hmget', `${this.prefix}lease`, 'node', 'until').split('\n');
    const [s, us] = this.redis.command('time').split('\n');
    return node && Number(ends) > Number(s) * 1000 + Number(us) / 1000 ? node : undefined;
  }

  /* The broker that routes, once one does; @not: somebody else than this one. */
  router({ not, ms = 10000 } = {}) {
    return until('a broker to route', () => {
      const node = this.routes();
      return node !== undefined && node !== not?.node && this.brokers.find((broker) => broker.node === node);
    }, { ms });
  }

  snapshot() {
    return takeSnapshot(this.redis.socket, this.prefix);
  }

  /* Every broker that runs is alive in the others' eyes. */
  async settled() {
    const names = () => this.brokers.filter((broker) => broker.child).map((broker) => broker.node).sort();
    await until('every broker to be known', () => {
      const known = this.redis.command('zrange', `${this.prefix}nodes`, '0', '-1').split('\n').filter(Boolean).sort();
      return JSON.stringify(known) === JSON.stringify(names());
    });
    return this.router();
  }
}

/* Every broker must end by itself, with 0 and without a word from a sanitizer. */
export async function closeNodes(brokers, redis) {
  const ends = await Promise.allSettled(brokers.map((broker) => broker.close()));
  await redis.close();
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/* @options: settings of every broker's file, and `folder`, `build`, `env`. @seeded(redis): called before the brokers start. */
export async function startNodes(n, { folder, seeded, ...options } = {}, t = null) {
  const redis = await startRedis({ folder: folder && path.join(folder, 'redis') });
  const brokers = [];
  t?.after(() => closeNodes(brokers, redis)); /* in this order: a broker that ends wants to say so to the others */
  try {
    for (let i = 0; i < n; i++) {
      const node = `node${i + 1}`;
      const broker = await newBroker({ ...options, node, redis: { url: redis.url }, folder: folder && path.join(folder, node) });
      brokers.push(Object.assign(broker, { node }));
    }
    await seeded?.(redis);
    await Promise.all(brokers.map((broker) => broker.start()));
    const nodes = new Nodes(redis, brokers);
    await nodes.settled();
    return nodes;
  } catch (error) {
    if (!t) await closeNodes(brokers, redis).catch(() => {});
    throw error;
  }
}
