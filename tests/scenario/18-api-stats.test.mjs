/* The figures are what happened: the test counts what it does, and asks for the same by queue, channel, agent and interval, as JSON and as CSV. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { sleep, until } from '../lib/wait.mjs';
import { Api, readDescription } from '../openapi/description.mjs';

const described = readDescription();
const KEYS = ['from', 'to', 'queue', 'channel', 'agent'];
const QUARTER_MS = 900000;

let broker;
let chef;
let admin;
before(async () => {
  broker = await startBroker();
  await broker.addStaff({ id: 'chef', role: 'supervisor', queues: [] });
  await broker.addStaff({ id: 'admin', role: 'administrator', queues: [] });
  chef = new Api(broker, described, await broker.cookie('chef'));
  admin = new Api(broker, described, await broker.cookie('admin'));
  await admin.put('/api/routing', { decline_rest_s: 0 });
  const names = { name_nl: 'x', name_en: 'x' };
  await admin.put('/api/queues/burgerzaken', { ...names, offer_s: 2, levels: [{ channel: 'chat', answer_s: 3600, first_response_s: 3600, resolution_s: 3600 }] });
  await admin.put('/api/queues/belastingen', names);
  for (const id of ['anna', 'bert']) {
    await admin.put(`/api/agents/${id}`, { name: id, role: 'agent', queues: ['burgerzaken', 'belastingen'], channels: [{ channel: 'chat', must_accept: true }] });
  }
  /* one quarter for all of it: not begun shortly before the next */
  while (QUARTER_MS - (Date.now() % QUARTER_MS) < 60000) await sleep(1000);
  await happen();
});
after(() => broker.close());

const state = (who, conversation, wanted) => who.wait((f) => f.verb === 'conversation' && f.fresh && f.conversation === conversation && f.state === wanted, { name: `${conversation} ${wanted}` });

async function accepted(agent, conversation) {
  await state(agent, conversation, 'offered');
  agent.send({ verb: 'accept', conversation });
  await agent.assigned(conversation);
}

async function closed(agent, conversation) {
  agent.send({ verb: 'close', conversation });
  await state(agent, conversation, 'closed');
}

/* What the test does, and so what must be counted. */
async function happen() {
  const lead = await staff(broker, 'chef');
  const anna = await staff(broker, 'anna');
  const ask = async (queue) => {
    const r = await resident(broker);
    const { conversation } = await r.start({ queue });
    return { r, conversation };
  };

  /* declined, offered again, answered, closed */
  const first = await ask('burgerzaken');
  await state(anna, first.conversation, 'offered');
  anna.send({ verb: 'decline', conversation: first.conversation, reason: 'busy' });
  await accepted(anna, first.conversation);
  await anna.resume(first.conversation);
  await anna.say(first.conversation, 'Goedemorgen');
  await closed(anna, first.conversation);

  /* given back, answered again by a colleague */
  const second = await ask('belastingen');
  await accepted(anna, second.conversation);
  await anna.presence('break');
  anna.send({ verb: 'requeue', conversation: second.conversation });
  const bert = await staff(broker, 'bert');
  await accepted(bert, second.conversation);
  await closed(bert, second.conversation);

  /* missed, then ended by the lead before anybody had it */
  const third = await ask('burgerzaken');
  await state(bert, third.conversation, 'offered');
  await bert.wait((f) => f.verb === 'presence' && f.presence === 'missed');
  lead.send({ verb: 'close', conversation: third.conversation });
  await until('it to wait no more', async () => (await chef.get('/api/board')).queues.every((q) => q.waiting === 0));

  /* ended while nobody was there */
  const fourth = await ask('belastingen');
  lead.send({ verb: 'close', conversation: fourth.conversation });
  await until('it to wait no more', async () => (await chef.get('/api/board')).queues.every((q) => q.waiting === 0));

  await anna.presence('offline');
  await bert.presence('offline');
  for (const c of [lead, anna, bert, first.r, second.r, third.r, fourth.r]) await c.close();
}

const stats = async (query = '') => (await chef.get(`/api/stats${query}`)).results;
const of = (row, ...names) => names.map((name) => row[name]);
const only = (rows, key, value) => {
  const found = rows.filter((row) => row[key] === value);
  assert.equal(found.length, 1, `${key} ${value} in ${JSON.stringify(rows)}`);
  return found[0];
};

test('in all', async () => {
  const rows = await stats();
  assert.equal(rows.length, 1);
  assert.deepEqual(of(rows[0], 'arrived', 'answered', 'abandoned', 'handled', 'given_up', 'missed', 'declined', 'first_responses', 'reopened'), [4, 3, 2, 2, 1, 1, 1, 1, 0]);
  assert.deepEqual(of(rows[0], 'within_level_percent', 'first_in_time_percent'), [100, 100]);
  assert.ok(rows[0].answer_ms_average >= 0 && rows[0].answer_ms_average < 20000);
  assert.ok(rows[0].abandon_ms_average > 0 && rows[0].handle_ms_average >= 0 && rows[0].first_response_ms_average >= 0);
});

test('by queue', async () => {
  const rows = await stats('?by=queue');
  assert.deepEqual(rows.map((row) => row.queue), [null, 'belastingen', 'burgerzaken']);
  assert.deepEqual(of(only(rows, 'queue', 'burgerzaken'), 'arrived', 'answered', 'abandoned', 'handled', 'given_up', 'missed', 'declined', 'first_responses', 'within_level_percent', 'first_in_time_percent'),
    [2, 1, 1, 1, 0, 1, 1, 1, 100, 100]);
  assert.deepEqual(of(only(rows, 'queue', 'belastingen'), 'arrived', 'answered', 'abandoned', 'handled', 'given_up', 'missed', 'declined', 'within_level_percent', 'first_in_time_percent', 'on_ms'),
    [2, 2, 1, 1, 1, 0, 0, null, null, 0]);
  assert.ok(rows[0].on_ms > 0 && rows[0].arrived === 0, "an agent's time has no queue");
});

test('by agent: their work, their time, and how much of it was work', async () => {
  const rows = await stats('?by=agent');
  assert.deepEqual(rows.map((row) => row.agent), [null, 'anna', 'bert']);
  const anna = only(rows, 'agent', 'anna');
  const bert = only(rows, 'agent', 'bert');
  assert.deepEqual(of(anna, 'arrived', 'answered', 'handled', 'given_up', 'missed', 'declined', 'first_responses'), [0, 2, 1, 1, 0, 1, 1]);
  assert.deepEqual(of(bert, 'arrived', 'answered', 'handled', 'given_up', 'missed', 'declined', 'first_responses'), [0, 1, 1, 0, 1, 0, 0]);
  assert.deepEqual(of(rows[0], 'arrived', 'answered', 'abandoned', 'on_ms', 'occupancy_percent'), [4, 0, 2, 0, null]);
  for (const row of [anna, bert]) {
    assert.ok(row.busy_ms > 0 && row.busy_ms <= row.on_ms && row.on_ms < 120000, JSON.stringify(row));
    assert.equal(row.occupancy_percent, Math.round((1000 * row.busy_ms) / row.on_ms) / 10);
  }
  assert.ok((await stats())[0].on_ms === anna.on_ms + bert.on_ms);
});

test('by channel, and by all of it together', async () => {
  const rows = await stats('?by=channel');
  assert.deepEqual(rows.map((row) => row.channel), [null, 'chat']);
  assert.deepEqual(of(rows[1], 'arrived', 'answered', 'abandoned', 'handled'), [4, 3, 2, 2]);
  const all = await stats('?by=interval,queue,channel,agent&interval=quarter');
  const total = (await stats())[0];
  for (const name of Object.keys(total).filter((n) => Number.isInteger(total[n]) && !n.endsWith('_average') && !n.endsWith('_percent'))) {
    assert.equal(all.reduce((sum, row) => sum + row[name], 0), total[name], name);
  }
  const places = all.map((row) => [row.from, row.queue, row.channel, row.agent].map((key) => key ?? '').join('\u0001'));
  assert.deepEqual(places, [...places].sort(), 'in order');
  assert.equal(only(all.filter((row) => row.queue === 'belastingen' && row.answered > 0), 'agent', 'bert').answered, 1);
});

test('intervals are quarters, hours and days of the organisation', async () => {
  const now = Date.now();
  for (const [interval, ms] of [['quarter', QUARTER_MS], ['hour', 3600000]]) {
    const row = only(await stats(`?by=interval&interval=${interval}`), 'arrived', 4);
    assert.deepEqual([Date.parse(row.from) % ms, Date.parse(row.to) - Date.parse(row.from)], [0, ms]);
    assert.ok(Date.parse(row.from) <= now && Date.parse(row.to) > now - 60000);
  }
  const day = only(await stats('?by=interval&interval=day'), 'arrived', 4);
  const local = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Amsterdam', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  assert.deepEqual([local.format(new Date(day.from)), local.format(new Date(day.to))], ['00:00', '00:00']);
  await admin.put('/api/routing', { decline_rest_s: 0, timezone: 'Asia/Kolkata' });
  await until('the other zone', async () => Date.parse((await stats('?by=interval&interval=day')).at(-1).from) % 86400000 === 18.5 * 3600000);
  await admin.put('/api/routing', { decline_rest_s: 0 });
});

test('a period holds what lies in it', async () => {
  const at = Date.now() - (Date.now() % QUARTER_MS);
  const iso = (ms) => new Date(ms).toISOString();
  for (const [from, to, arrived] of [[at - QUARTER_MS, at + QUARTER_MS, 4], [at - QUARTER_MS, at, 0], [at + QUARTER_MS, at + 2 * QUARTER_MS, 0], [at - 399 * 86400000, at + 60000, 4]]) {
    const rows = await Promise.all([stats(`?from=${from}&to=${to}`), stats(`?from=${iso(from)}&to=${iso(to)}`), stats(`?from=${encodeURIComponent(iso(from).replace('Z', '+00:00'))}&to=${iso(to)}`)]);
    assert.deepEqual(rows.map((r) => r[0].arrived), [arrived, arrived, arrived], `${iso(from)} to ${iso(to)}`);
  }
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Amsterdam' }).format(new Date());
  assert.equal((await stats(`?from=${day}`))[0].arrived, 4);
});

/* RFC 4180 */
function parseCsv(text) {
  assert.ok(text.endsWith('\r\n'));
  const [head, ...rows] = text.slice(0, -2).split('\r\n').map((line) => line.split(','));
  for (const row of rows) assert.equal(row.length, head.length);
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
}

test('the CSV says what the JSON says', async () => {
  for (const by of ['', '&by=queue', '&by=agent,channel', '&by=interval,queue,channel,agent']) {
    const answer = await chef.expect(200, 'GET', `/api/stats?format=csv${by}`);
    assert.match(answer.headers.get('content-type'), /^text\/csv/);
    const csv = parseCsv(answer.text);
    const json = await stats(`?format=json${by}`);
    assert.equal(csv.length, json.length);
    for (const [i, row] of json.entries()) {
      for (const [name, value] of Object.entries(row)) assert.equal(csv[i][name], value === null ? '' : typeof value === 'number' && name.endsWith('_percent') ? value.toFixed(1) : String(value), `${by} ${name}`);
      assert.deepEqual(Object.keys(csv[i]).filter((name) => !KEYS.includes(name)), Object.keys(row).filter((name) => !KEYS.includes(name)));
      assert.match(csv[i].from, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  }
  const done = await broker.ctl(['stats', '--by', 'queue', '--csv']);
  const own = parseCsv(done.stdout).map(({ queue, arrived, handled }) => [queue, arrived, handled]);
  assert.deepEqual(own, (await stats('?by=queue')).map(({ queue, arrived, handled }) => [queue ?? '', String(arrived), String(handled)]));
});

test('the wallboard says the same of today', async () => {
  const rows = await stats('?by=queue');
  const board = await until('the board to have read it', async () => {
    const b = await chef.get('/api/board');
    return b.queues.every((q) => q.abandoned === 1) && b;
  });
  for (const q of board.queues) {
    const row = only(rows, 'queue', q.queue);
    assert.deepEqual(of(q, 'answered', 'abandoned', 'answer_ms', 'handle_ms'), of(row, 'answered', 'abandoned', 'answer_ms_average', 'handle_ms_average'), q.queue);
  }
});

test('what cannot be answered is refused with what is wrong', async () => {
  for (const [field, query] of [['by', 'by=colour'], ['by', 'by=queue,'.concat('x')], ['interval', 'interval=week'], ['format', 'format=xml'], ['from', 'from=yesterday'], ['from', 'from=2026-02-30'],
    ['to', 'to=2026-11-25T25:00:00Z'], ['to', 'from=2026-11-25&to=2026-11-24'], ['from', 'from=2020-01-01'], ['from', 'from=99999999999999999999'], ['colour', 'colour=red']]) {
    const error = await chef.refused(field, 'GET', `/api/stats?${query}`);
    assert.ok(error.text.includes(`\`${field}\``), error.text);
  }
});
