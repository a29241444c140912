-- Agents: one text each, so that reading all of them costs little. Read as a list of texts and written as one; what is made a number and back costs more
-- than a command of Redis, so only what changes is.
local AGENT = '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (.*)$'
local NOBODY = 'offline 0 0 0 0 0 0 0 0 0 0 0 0 0 '
local PRESENCE, LOAD, SOFT, N, CAPACITY, SINCE, MISSED, TICK, HERE = 1, 2, 3, 4, 8, 12, 13, 14, 15
local COUNT, LIMIT = {chat = 5, email = 6, sms = 7}, {chat = 9, email = 10, sms = 11}

local function agent_of(said)
  return {said:match(AGENT)}
end

local function agent_get(p, id)
  return agent_of(call('HGET', p .. 'agents', id) or NOBODY)
end

local function agent_add(a, field, n)
  a[field] = number(a[field] + n)
end

-- A removed account leaves nothing behind, once its work is given on.
local function agent_put(p, id, a)
  if a[PRESENCE] == 'offline' and a[N] == '0' and a[HERE] == '' and call('HEXISTS', p .. 'staff', id) == 0 then
    call('HDEL', p .. 'agents', id)
  else
    call('HSET', p .. 'agents', id, table.concat(a, ' '))
  end
end

-- An agent's time until now goes to the quarters that it was spent in: `on_ms` signed in, `busy_ms` of which with work. At most a day of it: a broker's
-- clock may have been wrong. Brokers' clocks differ: what is counted is not counted again.
local function settle(p, id, a, now)
  local tick = tonumber(a[TICK])
  if tick >= now then return end
  local from = tick > 0 and math.max(tick, now - 96 * QUARTER_MS) or now
  while from < now and a[PRESENCE] ~= 'offline' do
    local to = math.min(now, from - from % QUARTER_MS + QUARTER_MS)
    tally(p, from, '', '', id, 'on_ms', to - from)
    if a[N] ~= '0' then tally(p, from, '', '', id, 'busy_ms', to - from) end
    from = to
  end
  a[TICK] = number(now)
end

-- Who signs off with work stands among the absent until it is given on: whoever does that may die.
-- KEYS: prefix   ARGV: agent presence now
local function presence(keys, argv)
  local p, id, now = keys[1], argv[1], tonumber(argv[3])
  local a = agent_get(p, id)
  settle(p, id, a, now)
  a[PRESENCE], a[SINCE] = argv[2], argv[3]
  if a[PRESENCE] == 'offline' and a[N] ~= '0' then
    call('ZADD', p .. 'absent', number(now + SIGNED_OFF_MS), id)
  elseif a[PRESENCE] == 'offline' or a[HERE] ~= '' then
    call('ZREM', p .. 'absent', id)
  end
  agent_put(p, id, a)
  call('PUBLISH', p .. 'presence', id .. ' ' .. a[PRESENCE])
  return {'ok'}
end

-- No broker has a session of theirs any more.
local function gone(p, id, a, now, grace)
  if a[PRESENCE] ~= 'offline' or a[N] ~= '0' then call('ZADD', p .. 'absent', 'NX', number(now + grace), id) end
end

-- The first session of an agent on @node is there, or the last one went. Answers their presence.
-- KEYS: prefix   ARGV: agent node on now grace
local function here(keys, argv)
  local p, id = keys[1], argv[1]
  local a = agent_get(p, id)
  if argv[3] == '1' then
    a[HERE] = with(a[HERE], argv[2])
    call('ZADD', p .. 'nodes', 'NX', clock(), argv[2]) -- so that it is buried if it dies before its next beat: it may have been buried already
    if a[PRESENCE] ~= 'offline' or a[N] == '0' then call('ZREM', p .. 'absent', id) end
  else
    a[HERE] = without(a[HERE], argv[2]) or ''
    if a[HERE] == '' then gone(p, id, a, tonumber(argv[4]), tonumber(argv[5])) end
  end
  agent_put(p, id, a)
  return {'ok', a[PRESENCE]}
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
    if a[PRESENCE] ~= 'offline' then
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
