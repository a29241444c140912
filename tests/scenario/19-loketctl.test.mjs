/* loketctl as somebody uses it who has only a shell: settings, staff, figures, the audit. What is wrong is said as the API says it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { PASSWORD, startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { until } from '../lib/wait.mjs';
import { Api, readDescription } from '../openapi/description.mjs';

const described = readDescription();
const NAMES = { name_nl: 'Wonen', name_en: 'Housing' };

let broker;
let api;
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'admin', role: 'administrator', queues: [] });
  api = new Api(broker, described, await broker.cookie('admin'));
});
after(() => broker.close());

async function ctl(...args) {
  const input = typeof args.at(-1) === 'object' ? JSON.stringify(args.pop()) : '';
  const done = await broker.ctl(args, { input });
  assert.equal(done.code, 0, `loketctl ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

async function fails(code, pattern, ...args) {
  const input = typeof args.at(-1) === 'object' ? JSON.stringify(args.pop()) : '';
  const done = await broker.ctl(args, { input });
  assert.equal(done.code, code, `loketctl ${args.join(' ')}: ${done.stdout}${done.stderr}`);
  assert.match(done.stderr, pattern, args.join(' '));
  return done.stderr;
}

const show = async (...args) => JSON.parse(await ctl(...args));

test('--help names every command and option of the manual, and the manual every one of --help', async () => {
  const help = await ctl('--help');
  const manual = fs.readFileSync(new URL('../../deploy/man/loketctl.8', import.meta.url), 'utf8');
  const words = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, word]) => word))].sort();
  assert.deepEqual(words(manual, /(?:Fl |\| )-([a-z-]+)/g), [...words(help, /--([a-z-]+)/g)].sort());
  for (const [, verb] of help.matchAll(/^ {2}([a-z]+(?: (?:list|show|set|remove|add|password))?)/gm)) assert.match(manual, new RegExp(`Cm .*\\b${verb}\\b`), verb);
});

test('queues: set whole, in part, from a file; shown as they were set; removed', async () => {
  await ctl('queue', 'set', 'wonen', { ...NAMES, offer_s: 30, tell_s: 0 });
  assert.deepEqual(await show('queue', 'show', 'wonen'), { ...NAMES, offer_s: 30, tell_s: 0 });
  await ctl('queue', 'set', 'wonen', '--set', 'offer_s=45', '--set', 'outside=message', '--set', 'hours=[{"days":["mon"],"from":"09:00","to":"17:00"}]', '--set', 'tell_s=', '--set', 'name_nl=Wonen 2');
  assert.deepEqual(await show('queue', 'show', 'wonen'), { ...NAMES, name_nl: 'Wonen 2', offer_s: 45, outside: 'message', hours: [{ days: ['mon'], from: '09:00', to: '17:00' }] });
  assert.deepEqual(await api.get('/api/queues/wonen'), await show('queue', 'show', 'wonen'), 'the API says the same');
  const file = path.join(broker.folder, 'wonen.json');
  fs.writeFileSync(file, JSON.stringify(NAMES));
  await ctl('queue', 'set', 'wonen', '--file', file);
  assert.deepEqual(await show('queue', 'show', 'wonen'), NAMES);
  assert.match(await ctl('queue', 'list'), /^burgerzaken +file +Burgerzaken \/ Civil affairs\nbelastingen +file .*\nwonen +store +Wonen \/ Housing\n$/);
  await ctl('queue', 'remove', 'wonen');
  await fails(1, /there is no queue `wonen`/, 'queue', 'show', 'wonen');
  await fails(1, /there is no queue `wonen`/, 'queue', 'remove', 'wonen');
  await fails(1, /`burgerzaken` stands in the broker's file/, 'queue', 'remove', 'burgerzaken');
});

test('what is wrong is said as the API says it, and changes nothing', async () => {
  await ctl('queue', 'set', 'wonen', NAMES);
  for (const body of [{ ...NAMES, offer_s: 0 }, { ...NAMES, hours: [{ days: ['mon'], from: '9', to: '10:00' }] }, { ...NAMES, overflow_to: 'wonen' }, { ...NAMES, offer_time: 3 }, { name_nl: 'x' }]) {
    const said = await fails(1, /^loketctl: `/, 'queue', 'set', 'wonen', body);
    const { error } = await api.expect(400, 'PUT', '/api/queues/wonen', { body });
    assert.equal(said, `loketctl: ${error.text}\n`);
  }
  await fails(1, /`offer_s` must be/, 'queue', 'set', 'wonen', '--set', 'offer_s=soon');
  await fails(1, /`offer_time`/, 'queue', 'set', 'wonen', '--set', 'offer_time=3');
  await fails(1, /`timezone` must be a zone/, 'routing', 'set', { timezone: 'Mars/Olympus' });
  await fails(1, /`role` must be/, 'agent', 'set', 'admin', '--set', 'role=king');
  await fails(1, /`id` must be 1 to 64/, 'queue', 'set', 'Wonen', NAMES);
  await fails(2, /--set takes KEY=VALUE/, 'queue', 'set', 'wonen', '--set', 'offer_s');
  await fails(2, /either --set or --file/, 'queue', 'set', 'wonen', '--set', 'offer_s=3', '--file', 'x');
  await fails(1, /No such file/, 'queue', 'set', 'wonen', '--file', '/nonexistent.json');
  const broken = await broker.ctl(['queue', 'set', 'wonen'], { input: '{"name_nl": }' });
  assert.deepEqual([broken.code, /line 1, column \d+/.test(broken.stderr)], [1, true], broken.stderr);
  for (const words of [['queue'], ['queue', 'set'], ['queue', 'show'], ['queue', 'list', 'wonen'], ['routing', 'set', 'x'], ['drain'], ['nodes', 'x'], ['audit', '--limit', '0'], ['stats', 'x']]) await fails(2, /Usage|--limit/, ...words);
  assert.deepEqual(await show('queue', 'show', 'wonen'), NAMES);
  await ctl('queue', 'remove', 'wonen');
});

test('routing: set and shown, and at once in the broker', async () => {
  assert.deepEqual(await show('routing', 'show'), {});
  await ctl('routing', 'set', { missed_max: 5, statuses: [{ status: 'balie', name_nl: 'Balie', name_en: 'Desk' }] });
  await ctl('routing', 'set', '--set', 'decline_rest_s=0');
  assert.deepEqual(await show('routing', 'show'), { missed_max: 5, statuses: [{ status: 'balie', name_nl: 'Balie', name_en: 'Desk' }], decline_rest_s: 0 });
  await broker.addStaff({ id: 'anna', queues: [] });
  await until('the presence to be known', async () => (await api.ask('PUT', '/api/agents/anna/presence', { body: { presence: 'balie' } })).status === 200);
  await ctl('routing', 'set', {});
});

test('staff: everything that an account can have, on one line', async (t) => {
  const add = (...args) => broker.ctl(['staff', 'add', ...args, '--password-stdin'], { input: `${PASSWORD}\n` });
  const done = await add('--id', 'bert', '--name', 'Bert de Wit', '--role', 'agent', '--queues', 'belastingen,burgerzaken', '--capacity', '9', '--skills', 'bezwaar:3,frans', '--languages', 'nl,fr',
    '--must-accept', 'chat,sms', '--limit', 'chat=2', '--limit', 'email=5', '--weight', 'email=2');
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(await show('agent', 'show', 'bert'), {
    name: 'Bert de Wit', role: 'agent', queues: ['belastingen', 'burgerzaken'], capacity: 9,
    channels: [{ channel: 'chat', limit: 2, must_accept: true }, { channel: 'email', weight: 2, limit: 5 }, { channel: 'sms', must_accept: true }],
    skills: [{ skill: 'bezwaar', level: 3 }, { skill: 'frans', level: 1 }], languages: ['nl', 'fr'],
  });
  assert.deepEqual(await api.get('/api/agents/bert'), await show('agent', 'show', 'bert'));
  assert.match(await ctl('staff', 'list'), /^bert +agent +Bert de Wit$/m);
  const wrong = async (code, pattern, ...args) => {
    const end = await add('--id', 'x', '--name', 'X', '--role', 'agent', ...args);
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, pattern);
  };
  await wrong(1, /`channels\[0\].channel` must be a channel/, '--limit', 'fax=2');
  await wrong(2, /--limit takes CHANNEL=N/, '--limit', 'chat');
  await wrong(2, /--weight takes CHANNEL=N/, '--weight', 'chat=heavy');
  await wrong(2, /--skills takes/, '--skills', 'a:lots');
  await wrong(1, /`skills\[0\].level` must be/, '--skills', 'a:11');
  await wrong(1, /`languages\[0\]` must be/, '--languages', 'Dutch!');
  assert.doesNotMatch(await ctl('staff', 'list'), /^x /m);

  /* an account made without a password, changed in part, given one */
  const made = await broker.ctl(['agent', 'set', 'cora'], { input: '{"name":"Cora","role":"agent","queues":["burgerzaken"]}' });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /`cora` has no password yet: loketctl staff password --id cora/);
  assert.match(await ctl('staff', 'list'), /^cora +agent +Cora {2}\(no password\)$/m);
  assert.equal((await broker.signIn('cora')).status, 401);
  const given = await broker.ctl(['staff', 'password', '--id', 'cora', '--password-stdin'], { input: `${PASSWORD}\n` });
  assert.equal(given.code, 0, given.stderr);
  await until('the password to count', async () => (await broker.signIn('cora')).status === 200);
  await ctl('agent', 'set', 'cora', '--set', 'capacity=3', '--set', 'languages=["nl"]');
  assert.deepEqual(await show('agent', 'show', 'cora'), { name: 'Cora', role: 'agent', queues: ['burgerzaken'], capacity: 3, languages: ['nl'] });
  assert.equal((await broker.signIn('cora')).status, 200, 'the password stayed');
  const cora = await staff(broker, 'cora', {}, t);
  await ctl('staff', 'remove', '--id', 'cora');
  assert.equal((await cora.closed).code, 4401);
  await fails(1, /nobody with the id `cora`/, 'agent', 'show', 'cora');
  await fails(1, /no such/, 'staff', 'password', '--id', 'cora', '--password-stdin', {});
});

test('an administrator of loketctl is one of the API, and signs in as one', async () => {
  const cookie = (await ctl('session', 'admin')).trim();
  assert.match(cookie, /^loket_session=s\.admin\..*supervisor/);
  assert.equal((await fetch(`${broker.url}/api/routing`, { method: 'PUT', headers: { cookie, origin: broker.url, 'content-type': 'application/json' }, body: '{}' })).status, 200);
});

test('status: what waits, who is there, and who only seems to be', async (t) => {
  const dirk = await broker.ctl(['staff', 'add', '--id', 'dirk', '--name', 'Dirk', '--role', 'agent', '--queues', 'belastingen', '--capacity', '2', '--password-stdin'], { input: `${PASSWORD}\n` });
  assert.equal(dirk.code, 0, dirk.stderr);
  const a = await staff(broker, 'dirk', {}, t);
  for (let i = 0; i < 2; i++) {
    const r = await resident(broker, {}, t);
    await r.start({ queue: 'belastingen', follow: false });
  }
  await a.assigned();
  const full = await ctl('status');
  assert.match(full, /^belastingen +1 +1 +0 +0 +1 +\d+s +1$/m);
  assert.match(full, /^dirk +available +2 +2$/m);
  assert.match(full, /^\d+ (available|offline|balie).*1 available|^1 available/m);
  await a.close();
  await until('the page to be gone', async () => /^dirk +available +2 +2 {2}\(no page open\)$/m.test(await ctl('status')));
  assert.match(await ctl('status'), /^belastingen +1 +1 +0 +0 +1 +\d+s +0$/m);
});

test('stats: a table for people, CSV for programs, and what is wrong with a question', async () => {
  const table = await ctl('stats', '--by', 'queue');
  assert.match(table, /^queue +arrived +answered /m);
  assert.match(table, /^belastingen +2 +1 /m);
  const csv = await ctl('stats', '--from', new Date().toISOString(), '--by', 'queue,channel', '--csv');
  assert.match(csv, /^from,to,queue,channel,arrived,.*\r\n(.*\r\n)*.*,belastingen,chat,2,1,/);
  const line = (text) => text.split('\r\n').find((row) => row.includes(',belastingen,'));
  assert.equal(line(csv), line((await api.expect(200, 'GET', `/api/stats?from=${csv.split('\r\n')[1].split(',')[0]}&by=queue,channel&format=csv`)).text), 'as the API has it');
  assert.match(await ctl('stats', '--from', '2026-01-01', '--to', '2026-01-02', '--by', 'agent'), /nothing happened/);
  await fails(1, /`by` must be/, 'stats', '--by', 'colour');
  await fails(1, /`from` must be at most 400 days/, 'stats', '--from', '2020-01-01');
  await fails(1, /`interval` must be/, 'stats', '--interval', 'week');
});

test('audit: who did what, what changed', async () => {
  await ctl('queue', 'set', 'wonen', { ...NAMES, offer_s: 20 });
  await ctl('queue', 'set', 'wonen', '--set', 'offer_s=5');
  await api.put('/api/queues/wonen', NAMES);
  await ctl('queue', 'remove', 'wonen');
  const lines = (await ctl('audit', '--limit', '4')).trimEnd().split('\n').map((line) => line.replace(/ +/g, ' ').replace(/^\S+ \S+ /, ''));
  assert.deepEqual(lines, ['loketctl setting queue:wonen (removed)', 'admin setting queue:wonen', ' offer_s: 5 -> -', 'loketctl setting queue:wonen', ' offer_s: 20 -> 5', 'loketctl setting queue:wonen (added)',
    ' name_nl: - -> "Wonen"', ' name_en: - -> "Housing"', ' offer_s: - -> 20']);
  const entry = (await api.get('/api/audit?limit=1')).results[0];
  assert.equal((await api.ask('POST', `/api/audit/${entry.id}/undo`)).status, 201, 'what loketctl did is undone by the API');
});

test('a change made in part is not made over somebody else', async () => {
  const results = await Promise.all(Array.from({ length: 6 }, (_, i) => broker.ctl(['queue', 'set', 'wonen', '--set', `tell_s=${i + 100}`, '--set', `offer_s=${i + 1}`])));
  const now = await show('queue', 'show', 'wonen');
  const done = results.map(({ code }, i) => (code === 0 ? i : -1)).filter((i) => i >= 0);
  assert.ok(done.length >= 1);
  assert.ok(done.some((i) => now.tell_s === i + 100 && now.offer_s === i + 1), 'never half of two');
  for (const { code, stderr } of results.filter((r) => r.code !== 0)) assert.match(stderr, /somebody else changed this first/, String(code));
});
