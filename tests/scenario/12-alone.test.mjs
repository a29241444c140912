/* The programs by themselves: no configuration, wrong configurations, a port that is taken, and every command of loketctl. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { buildFolder, newBroker, startBroker, toYaml } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { freePort, until } from '../lib/wait.mjs';

let folder;
before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'loket-alone-'))));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const SANITIZER = /Sanitizer|runtime error:/;

function run(program, args, { env = {}, input = '' } = {}) {
  const child = spawn(path.join(buildFolder(), program), args, { env: { ...process.env, ...env }, cwd: folder });
  const got = { child, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (piece) => (got[name] += piece));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  got.ended = new Promise((resolve) => child.once('close', (code, signal) => {
    assert.doesNotMatch(got.stderr, SANITIZER);
    resolve({ code, signal, stdout: got.stdout, stderr: got.stderr });
  }));
  return got;
}

const isAlive = (pid) => fs.existsSync(`/proc/${pid}/exe`);

test('without a configuration it keeps a Redis of its own, and takes it along when it ends', async (t) => {
  await until('port 7080 to be free', () => new Promise((resolve) => {
    const probe = net.createServer().once('error', () => resolve(false)).listen(7080, '127.0.0.1', () => probe.close(() => resolve(true)));
  }), { ms: 60000, every: 500 });
  const state = path.join(folder, 'state');
  const loketd = run('loketd', [], { env: { XDG_STATE_HOME: state } });
  t.after(() => loketd.child.kill('SIGKILL'));
  await until('health', async () => (await fetch('http://127.0.0.1:7080/health')).status === 200, { ms: 20000 });
  const data = path.join(state, 'loket');
  assert.equal(fs.statSync(data).mode & 0o777, 0o700);
  assert.equal(fs.statSync(path.join(data, 'redis')).mode & 0o777, 0o700);
  const redis = Number(fs.readFileSync(path.join(data, 'redis/redis.pid'), 'utf8'));
  assert.match(fs.readFileSync(`/proc/${redis}/cmdline`, 'utf8'), /redis-server/);
  const config = (key) => run2(['redis-cli', '-s', path.join(data, 'redis/redis.sock'), 'config', 'get', key]);
  assert.match(await config('appendonly'), /yes/);
  assert.match(await config('appendfsync'), /always/);
  assert.match(await config('port'), /\n0\n/);
  loketd.child.kill('SIGTERM');
  const end = await loketd.ended;
  assert.deepEqual([end.code, end.signal], [0, null]);
  assert.match(end.stderr, /ev=stopped err=none/);
  assert.ok(!isAlive(redis), 'its Redis is gone with it');
});

function run2([program, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args);
    let out = '';
    child.stdout.on('data', (piece) => (out += piece));
    child.once('error', reject).once('close', () => resolve(out));
  });
}

test('killed without a word it leaves no Redis behind, and starts again on the same data', async (t) => {
  const broker = await startBroker({}, t);
  const r = await resident(broker, {}, t);
  const { conversation, token } = await r.start({ text: 'blijf' });
  const redis = broker.redisPid;
  await broker.kill('SIGKILL');
  await until('its Redis to end', () => !isAlive(redis));
  await broker.start();
  const back = await resident(broker, {}, t);
  await back.catchUp(conversation, { token });
  assert.deepEqual(back.texts(conversation), ['blijf']);
});

test('asked twice to stop it stops at once', async (t) => {
  const broker = await startBroker({}, t);
  broker.child.kill('SIGTERM');
  await broker.logged(/ev=stopping/);
  broker.child.kill('SIGINT');
  assert.equal((await broker.ended).code, 0);
});

test('help, version, and options that nobody knows', async () => {
  for (const program of ['loketd', 'loketctl']) {
    const help = await run(program, ['--help']).ended;
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, new RegExp(`^Usage: ${program} `));
    const version = await run(program, ['--version']).ended;
    assert.equal(version.code, 0);
    assert.match(version.stdout, new RegExp(`^${program} \\d+\\.\\d+\\.\\d+\\n$`));
    const wrong = await run(program, ['--fly']).ended;
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Usage:/);
  }
});

const good = { listen: '127.0.0.1:7999', organisation: { id: 'voorbeeld', name: 'Gemeente Voorbeeld' }, queues: [{ id: 'a', name_nl: 'A' }] };
const mailbox = { address: 'a@b.example', queue: 'a', imap_url: 'imap://h', smtp_url: 'smtp://h' };
const number = { number: '+31612345678', queue: 'a', provider: 'kannel', url: 'http://h', user: 'u', password: 'p', hook_secret: 's', hook_url: 'http://h' };
const bad = {
  'an unknown key': [{ ...good, colour: 'blue' }, /colour/],
  'an unknown key further down': [{ ...good, redis: { speed: 'high' } }, /speed/],
  'a listen without a port': [{ ...good, listen: 'localhost' }, /key=listen .*HOST:PORT/],
  'a port past 65535': [{ ...good, listen: '127.0.0.1:70000' }, /key=listen/],
  'a word where a number belongs': [{ ...good, limits: { frames_per_s: 'many' } }, /frames_per_s/],
  'a negative number': [{ ...good, limits: { heartbeat_ms: -5 } }, /heartbeat_ms/],
  'a log level of its own': [{ ...good, log_level: 'loud' }, /key=log_level .*debug/],
  'a fsync of its own': [{ ...good, redis: { fsync: 'sometimes' } }, /key=redis\.fsync .*always/],
  'an organisation with capitals': [{ ...good, organisation: { id: 'Voorbeeld', name: 'x' } }, /organisation\.id/],
  'an organisation without a name': [{ ...good, organisation: { id: 'voorbeeld' } }, /name/],
  'a queue with spaces': [{ ...good, queues: [{ id: 'a b' }] }, /queues\[\]\.id/],
  'a mailbox for no queue': [{ ...good, mailboxes: [{ ...mailbox, queue: 'b' }] }, /mailboxes\[\]\.queue/],
  'a mailbox that is no address': [{ ...good, mailboxes: [{ ...mailbox, address: 'balie' }] }, /mailboxes\[\]\.address/],
  'a tls of its own': [{ ...good, mailboxes: [{ ...mailbox, tls: 'maybe' }] }, /mailboxes\[\]\.tls/],
  'a number without +': [{ ...good, sms: [{ ...number, number: '0612345678' }] }, /sms\[\]\.number .*E\.164/],
  'an unknown provider': [{ ...good, sms: [{ ...number, provider: 'pigeon' }] }, /sms\[\]\.provider/],
  'a certificate without its key': [{ ...good, tls_cert: '/tmp/x.pem' }, /tls_cert and tls_key/],
};

test('settings that are wrong are named, with what to do', async () => {
  const file = path.join(folder, 'check.yaml');
  fs.writeFileSync(file, toYaml({ ...good, mailboxes: [mailbox], sms: [number] }));
  for (const args of [['loketd', '--config', file, '--check'], ['loketctl', '--config', file, 'check']]) {
    const fine = await run(args[0], args.slice(1)).ended;
    assert.deepEqual([fine.code, fine.stdout], [0, 'the settings are good\n'], fine.stderr);
  }
  for (const [what, [settings, names]] of Object.entries(bad)) {
    fs.writeFileSync(file, toYaml(settings));
    for (const args of [['loketd', '--config', file, '--check'], ['loketd', '--config', file], ['loketctl', '--config', file, 'check']]) {
      const end = await run(args[0], args.slice(1)).ended;
      assert.equal(end.code, 2, `${what}: ${args.join(' ')} ${end.stderr}`);
      assert.match(end.stderr, names, what);
      assert.match(end.stderr, /remedy=/, what);
    }
  }
  fs.writeFileSync(file, 'listen: [unclosed\n');
  assert.equal((await run('loketd', ['--config', file, '--check']).ended).code, 2);
  const none = await run('loketd', ['--config', path.join(folder, 'nowhere.yaml')]).ended;
  assert.equal(none.code, 2);
  assert.match(none.stderr, /nowhere\.yaml.*remedy=/);
});

test('a port that is taken: one clear line, and nothing left running', async (t) => {
  const first = await startBroker({}, t);
  const second = await newBroker({ port: first.port }, t);
  second.spawn();
  const end = await second.ended;
  assert.equal(end.code, 1);
  assert.match(second.log(), new RegExp(`level=error ev=edge_open .*port=${first.port}.*taken`));
  assert.ok(!fs.existsSync(second.redisSocket));
  assert.equal((await fetch(`${first.url}/health`)).status, 200);
  second.ended = Promise.resolve({ code: 0 }); /* this end was asked for */
});

test('a data folder that cannot be: told, with what to do', async (t) => {
  const file = path.join(folder, 'a-file');
  fs.writeFileSync(file, '');
  const broker = await newBroker({ data: path.join(file, 'data') }, t);
  broker.spawn();
  assert.equal((await broker.ended).code, 1);
  assert.match(broker.log(), /folder=.*remedy=/);
  broker.ended = Promise.resolve({ code: 0 });
});

test('two organisations on one Redis know nothing of each other', async (t) => {
  const sms = { number: '+3197001234', queue: 'burgerzaken', provider: 'kannel', url: 'http://127.0.0.1:1/', user: 'u', password: 'p', hook_secret: 'key', hook_url: 'http://127.0.0.1:1' };
  const here = await startBroker({ sms: [sms] }, t);
  const there = await startBroker({ sms: [sms], organisation: { id: 'elders', name: 'Gemeente Elders' }, node: 'node2', redis: { url: `unix://${here.redisSocket}` } }, t);
  await here.addStaff({ id: 'sanne', capacity: 100 });
  const cookie = await here.cookie('sanne');
  const session = (broker) => fetch(`${broker.url}/api/session`, { headers: { cookie } }).then((answer) => answer.status);
  assert.equal(await session(there), 401, 'nobody is known there');
  await there.addStaff({ id: 'sanne', capacity: 100 });
  assert.equal(await session(there), 401, 'the same name is somebody else, and the same cookie none of theirs');
  assert.equal(await session(here), 200);
  assert.equal((await there.signIn('sanne')).status, 200);

  const text = (broker, id) => fetch(`${broker.url}/hook/sms/kannel/in?key=key&id=${id}&from=%2B31612349876&to=%2B3197001234&text=x`).then((answer) => assert.equal(answer.status, 200));
  const [a, b] = [await staff(here, 'sanne', {}, t), await staff(there, 'sanne', {}, t)];
  await text(here, 'same-id');
  const first = await a.assigned();
  await text(there, 'same-id'); /* the same number and the gateway's same id: another message of another resident */
  const second = await b.assigned();
  assert.notEqual(first.conversation, second.conversation);
  assert.notEqual(first.resident, second.resident);
  assert.equal((await b.refused({ verb: 'resume', conversation: first.conversation })).code, 'not_found');
  const r = await resident(here, {}, t);
  const { conversation, token } = await r.start({ text: 'hier' });
  const other = await resident(there, {}, t);
  assert.equal((await other.refused({ verb: 'resume', conversation, token })).code, 'bad_token');
});

test('loketctl: staff, sessions, the state of the queues, a conversation', async (t) => {
  const broker = await startBroker({ port: await freePort() }, t);
  const lines = async (...args) => {
    const done = await broker.ctl(args);
    assert.equal(done.code, 0, done.stderr);
    return done.stdout.trim().split('\n');
  };
  const fails = async (code, pattern, ...args) => {
    const done = await broker.ctl(args, { input: 'secret\n' });
    assert.equal(done.code, code, `${args}: ${done.stdout}${done.stderr}`);
    assert.match(done.stderr, pattern, args.join(' '));
  };
  await broker.addStaff({ id: 'sanne', name: 'Sanne de Vries', capacity: 4 });
  await broker.addStaff({ id: 'chef', name: 'Chef', role: 'supervisor', queues: [] });
  assert.deepEqual((await lines('staff', 'list')).map((line) => line.replace(/ +/g, ' ')).sort(), ['chef supervisor Chef', 'sanne agent Sanne de Vries']);

  const a = await staff(broker, 'sanne', {}, t);
  const r = await resident(broker, {}, t);
  const { conversation } = await r.start({ text: 'exporteer "mij" é' });
  await a.assigned(conversation);
  await r.start({ text: 'wacht', queue: 'belastingen', follow: false });
  await a.assigned();
  await r.start({ text: 'wacht ook', queue: 'belastingen', follow: false });
  const status = (await lines('status')).join('\n');
  assert.match(status, /^burgerzaken +0 +0 +0 +0 +1 /m);
  assert.match(status, /^belastingen +1 +1 +0 +0 +1 /m);
  assert.match(status, /^sanne +available +4 +4$/m);

  const log = (await lines('export', conversation)).map((line) => JSON.parse(line));
  assert.deepEqual(log.map((e) => [e.seq, e.kind, e.conversation]), [[1, 'message', conversation], [2, 'state', conversation]]);
  assert.equal(log[0].text, 'exporteer "mij" é');

  assert.match((await lines('session', 'sanne'))[0], /^loket_session=s\.sanne\./);
  await fails(1, /no such/, 'session', 'nobody');
  await fails(1, /no such/, 'staff', 'remove', '--id', 'nobody');
  await fails(2, /Usage/, 'staff', 'add', '--id', 'x', '--name', 'X', '--role', 'king', '--password-stdin');
  await fails(2, /Usage/, 'staff', 'add', '--id', 'x', '--name', 'X', '--role', 'agent');
  await fails(1, /no queue `nergens`/, 'staff', 'add', '--id', 'x', '--name', 'X', '--role', 'agent', '--queues', 'nergens', '--password-stdin');
  await fails(2, /--capacity/, 'staff', 'add', '--id', 'x', '--name', 'X', '--role', 'agent', '--capacity', 'lots', '--password-stdin');
  await fails(2, /Usage/, 'dance');
  await fails(2, /Usage/);
  const empty = await broker.ctl(['staff', 'add', '--id', 'x', '--name', 'X', '--role', 'agent', '--password-stdin'], { input: '\n' });
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /password must be 1 to 1024 bytes/);

  await broker.stop();
  const away = await broker.ctl(['status']);
  assert.equal(away.code, 1);
  assert.match(away.stderr, /is loketd running|no broker runs/);
});
