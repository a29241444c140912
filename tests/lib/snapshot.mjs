/* An organisation's routing state, read from Redis in one atomic step, and what must hold in it at any moment, whatever was killed just before: the
 * store changes it in whole steps only.
 *
 *   const view = await takeSnapshot(socket, '{o:voorbeeld}:');
 *   const found = faultsOf(view);        { assigned_twice, over_capacity, stranded, load_wrong }: lists of sentences, empty when all is well
 */
import { spawn } from 'node:child_process';

/* An agent's row: presence, these, and where they are; see the keys in broker/store/lua/base.lua. */
const NUMBERS = ['load', 'soft', 'n', 'chat', 'email', 'sms', 'capacity', 'max_chat', 'max_email', 'max_sms', 'since', 'missed', 'tick'];
const STATES = ['queued', 'offered', 'active', 'snoozed', 'wrap_up', 'closed'];

/* Read only. Ids are found by their logs, so that a conversation without a state shows, too. */
const SCRIPT = `
local p = ARGV[1]
local function map(flat)
  local out = {}
  for i = 1, #flat, 2 do out[flat[i]] = flat[i + 1] end
  return out
end
local t = redis.call('TIME')
local view = {now = t[1] * 1000 + math.floor(t[2] / 1000), conversations = {}, waiting = {}, lines = {}, work = {}}
for _, key in ipairs(redis.call('KEYS', p .. 'c:*:log')) do
  local cid = key:sub(#p + 3, -5)
  view.conversations[cid] = map(redis.call('HGETALL', p .. 'c:' .. cid))
end
for _, key in ipairs(redis.call('KEYS', p .. 'waiting:*')) do view.waiting[key:sub(#p + 9)] = redis.call('ZRANGE', key, 0, -1) end
for _, class in ipairs(redis.call('ZRANGE', p .. 'lines', 0, -1)) do view.lines[class] = redis.call('ZRANGE', p .. 'line:' .. class, 0, -1) end
for _, key in ipairs(redis.call('KEYS', p .. 'work:*')) do view.work[key:sub(#p + 6)] = redis.call('SMEMBERS', key) end
view.agents = map(redis.call('HGETALL', p .. 'agents'))
view.absent = map(redis.call('ZRANGE', p .. 'absent', 0, -1, 'WITHSCORES'))
view.nodes = map(redis.call('ZRANGE', p .. 'nodes', 0, -1, 'WITHSCORES'))
view.lease = map(redis.call('HGETALL', p .. 'lease'))
view.attention = redis.call('SMEMBERS', p .. 'attention')
return cjson.encode(view)`;

function evaluate(socket, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-cli', ['-s', socket, '--raw', 'eval', SCRIPT, '0', ...args]);
    const got = [];
    child.stdout.on('data', (piece) => got.push(piece));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(Buffer.concat(got).toString()) : reject(new Error(`redis-cli ended with ${code}`))));
  });
}

const list = (value) => (Array.isArray(value) ? value : []); /* cjson writes an empty list as {} */

export async function takeSnapshot(socket, prefix) {
  const raw = JSON.parse(await evaluate(socket, prefix));
  const { now, nodes, lease, absent } = raw;
  const view = { now, nodes, lease, absent, attention: list(raw.attention), agents: new Map(), conversations: new Map() };
  for (const name of ['waiting', 'lines', 'work']) view[name] = new Map(Object.entries(raw[name]).map(([key, ids]) => [key, list(ids)]));
  for (const [id, row] of Object.entries(raw.agents)) {
    const [presence, ...words] = row.split(' ');
    const numbers = Object.fromEntries(NUMBERS.map((name, i) => [name, Number(words[i])]));
    view.agents.set(id, { id, presence, ...numbers, here: words.slice(NUMBERS.length).filter(Boolean) });
  }
  for (const [id, c] of Object.entries(raw.conversations)) view.conversations.set(id, conversation(id, c));
  return view;
}

function conversation(id, c) {
  const shares = (c.share ?? '').split(' ').filter(Boolean).map((word) => {
    const [agent, units, soft, channel] = word.split(':');
    return { agent, units: Number(units), soft: Number(soft), channel };
  });
  const declined = Object.fromEntries((c.declined ?? '').split(' ').filter(Boolean).map((word) => word.split(':')));
  return { id, ...c, version: Number(c.version), shares, declined, offered: (c.offered ?? '').split(' ').filter(Boolean) };
}

/* --- what must hold ----------------------------------------------------------------------------------------------------------------------- */

/* Who bears it: its owner alone, or those to whom it is offered; nobody else has it among their work. */
function bearers(view, c, borne, found) {
  const named = c.state === 'active' || c.state === 'wrap_up' ? [c.owner] : c.state === 'offered' ? c.offered : [];
  const shares = c.shares.map((share) => share.agent);
  const holders = borne.get(c.id) ?? [];
  const all = (ids) => ids.join(' and ') || 'nobody';
  const text = `${c.id} is ${c.state} version ${c.version}, of ${all(named)}; borne by ${all(shares)}; among the work of ${all(holders)}`;
  const same = (a, b) => JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
  const most = c.state === 'offered' ? Math.max(1, shares.length) : 1;
  if (new Set(shares).size < shares.length || shares.length > most || holders.length > most) found.assigned_twice.push(text);
  else if (!same(named, shares) || !same(shares, holders)) found.load_wrong.push(text);
}

/* Where it is: every state has its place, and no other. */
function place(view, c, found) {
  const waits = c.state === 'queued' || c.state === 'offered';
  const queues = [...view.waiting].filter(([, ids]) => ids.includes(c.id)).map(([queue]) => queue);
  const rows = [...view.lines].flatMap(([name, all]) => all.filter((row) => row.startsWith(`${c.id} `)).map((row) => [name, row]));
  const stands = rows.length === 1 && rows[0][0] === c.line && rows[0][1] === c.row && Number(c.row.split(' ')[3]) === c.version;
  const is = (text) => found.stranded.push(`${c.id} is ${c.state} version ${c.version}${text}`);
  if (!STATES.includes(c.state)) is(', which is no state');
  else if (waits ? queues.join() !== c.queue : queues.length > 0) is(` in ${c.queue}, and waits in ${queues.join(' and ') || 'no queue'}`);
  else if (c.state === 'queued' ? !stands : rows.length > 0) is(`, and stands in ${JSON.stringify(rows)}`);
  else if (c.state === 'closed' && c.owner) is(` and belongs to ${c.owner}`);
  else if ((c.state === 'offered' || c.state === 'wrap_up') && !c.due) is(' for ever');
}

/* A bearer is in a session on a broker that lives, or their work is given on at a time that is known. @late_ms: how long past it. */
function bearerIsThere(view, c, share, late_ms, found) {
  const agent = view.agents.get(share.agent);
  const ghost = agent?.here.find((node) => view.nodes[node] === undefined);
  const due = Number(view.absent[share.agent]);
  const is = (text) => found.stranded.push(`${c.id} is ${c.state} with ${share.agent}, who is ${text}`);
  if (ghost) is(`said to be on ${ghost}, which is no more`);
  else if (agent?.here.length > 0) return;
  else if (Number.isNaN(due)) is('nowhere and not awaited');
  else if (view.now > due + late_ms) is(`nowhere, ${view.now - due} ms past the grace time`);
}

export function faultsOf(view, { late_ms = 3000 } = {}) {
  const found = { assigned_twice: [], over_capacity: [], stranded: [], load_wrong: [] };
  const borne = new Map();
  const sums = new Map();
  for (const [agent, ids] of view.work) for (const id of ids) borne.set(id, [...(borne.get(id) ?? []), agent]);
  for (const c of view.conversations.values()) {
    place(view, c, found);
    bearers(view, c, borne, found);
    for (const share of c.shares) {
      bearerIsThere(view, c, share, late_ms, found);
      const sum = sums.get(share.agent) ?? { load: 0, soft: 0, n: 0, chat: 0, email: 0, sms: 0 };
      sum.load += share.units;
      sum.soft += share.soft ? share.units : 0;
      sum.n += 1;
      sum[share.channel] += 1;
      sums.set(share.agent, sum);
    }
  }
  for (const agent of view.agents.values()) {
    const sum = sums.get(agent.id) ?? { load: 0, soft: 0, n: 0, chat: 0, email: 0, sms: 0 };
    const differs = Object.keys(sum).filter((field) => agent[field] !== sum[field]);
    if (differs.length > 0) found.load_wrong.push(`${agent.id} has ${differs.map((f) => `${f} ${agent[f]} where the sum is ${sum[f]}`).join(', ')}`);
    if (agent.load - agent.soft > agent.capacity) found.over_capacity.push(`${agent.id} bears ${agent.load - agent.soft} of ${agent.capacity}`);
  }
  return found;
}
