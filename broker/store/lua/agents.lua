-- Agents: one text each, so that reading all of them costs little.
local AGENT = '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (.*)$'
local NOBODY = 'offline 0 0 0 0 0 0 0 0 0 0 0 0 0 '
local NUMBERS = {'load', 'soft', 'n', 'chat', 'email', 'sms', 'capacity', 'max_chat', 'max_email', 'max_sms', 'since', 'missed', 'tick'}

local function agent_of(said)
  local v = {said:match(AGENT)}
  local a = {presence = v[1], here = v[15]}
  for i, name in ipairs(NUMBERS) do
    a[name] = tonumber(v[i + 1])
  end
  return a
end

local function agent_get(p, id)
  return agent_of(call('HGET', p .. 'agents', id) or NOBODY)
end

local function agent_put(p, id, a)
  local v = {a.presence}
  for i, name in ipairs(NUMBERS) do
    v[i + 1] = number(a[name])
  end
  v[15] = a.here
  call('HSET', p .. 'agents', id, table.concat(v, ' '))
end

-- A removed account leaves nothing behind, once its work is given on.
local function agent_put_or_drop(p, id, a)
  if a.presence == 'offline' and a.n == 0 and a.here == '' and call('HEXISTS', p .. 'staff', id) == 0 then
    call('HDEL', p .. 'agents', id)
  else
    agent_put(p, id, a)
  end
end

-- An agent's time until now goes to the quarters that it was spent in: `on_ms` signed in, `busy_ms` of which with work. At most a day of it: a broker's
-- clock may have been wrong. Brokers' clocks differ: what is counted is not counted again.
local function settle(p, id, a, now)
  if a.tick >= now then return end
  local from = a.tick > 0 and math.max(a.tick, now - 96 * QUARTER_MS) or now
  while from < now and a.presence ~= 'offline' do
    local to = math.min(now, from - from % QUARTER_MS + QUARTER_MS)
    tally(p, from, '', '', id, 'on_ms', to - from)
    if a.n > 0 then tally(p, from, '', '', id, 'busy_ms', to - from) end
    from = to
  end
  a.tick = now
end

-- Who signs off with work stands among the absent until it is given on: whoever does that may die.
-- KEYS: prefix   ARGV: agent presence now
local function presence(keys, argv)
  local p, id, now = keys[1], argv[1], tonumber(argv[3])
  local a = agent_get(p, id)
  settle(p, id, a, now)
  a.presence, a.since = argv[2], now
  if a.presence == 'offline' and a.n > 0 then
    call('ZADD', p .. 'absent', number(now + SIGNED_OFF_MS), id)
  elseif a.presence == 'offline' or a.here ~= '' then
    call('ZREM', p .. 'absent', id)
  end
  agent_put_or_drop(p, id, a)
  call('PUBLISH', p .. 'presence', id .. ' ' .. a.presence)
  return {'ok'}
end

-- No broker has a session of theirs any more.
local function gone(p, id, a, now, grace)
  if a.presence ~= 'offline' or a.n > 0 then call('ZADD', p .. 'absent', 'NX', number(now + grace), id) end
end

-- The first session of an agent on @node is there, or the last one went. Answers their presence.
-- KEYS: prefix   ARGV: agent node on now grace
local function here(keys, argv)
  local p, id = keys[1], argv[1]
  local a = agent_get(p, id)
  if argv[3] == '1' then
    a.here = with(a.here, argv[2])
    if a.presence ~= 'offline' or a.n == 0 then call('ZREM', p .. 'absent', id) end
  else
    a.here = without(a.here, argv[2]) or ''
    if a.here == '' then gone(p, id, a, tonumber(argv[4]), tonumber(argv[5])) end
  end
  agent_put_or_drop(p, id, a)
  return {'ok', a.presence}
end

-- What time has come for. KEYS: prefix   ARGV: now max   Answers conversations, agents, when the next conversation is due.
local function due(keys, argv)
  local p = keys[1]
  return {'ok', call('ZRANGEBYSCORE', p .. 'due', '-inf', argv[1], 'LIMIT', 0, argv[2]),
    call('ZRANGEBYSCORE', p .. 'absent', '-inf', argv[1], 'LIMIT', 0, argv[2]), call('ZRANGE', p .. 'due', 0, 0, 'WITHSCORES')[2] or '0'}
end

-- The time of everybody who is signed in goes to the statistics. KEYS: prefix   ARGV: now
local function settle_all(keys, argv)
  local p, now = keys[1], tonumber(argv[1])
  local all = call('HGETALL', p .. 'agents')
  for i = 1, #all, 2 do
    local a = agent_of(all[i + 1])
    if a.presence ~= 'offline' then
      settle(p, all[i], a, now)
      agent_put(p, all[i], a)
    end
  end
  return {'ok'}
end

redis.register_function('loket_presence', presence)
redis.register_function('loket_here', here)
redis.register_function{function_name = 'loket_due', callback = due, flags = {'no-writes'}}
redis.register_function('loket_settle', settle_all)
