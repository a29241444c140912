-- KEYS: prefix   ARGV: agent presence now
local function presence(keys, argv)
  local p, a, now = keys[1], argv[1], tonumber(argv[3])
  local agents = p .. 'agents'
  settle(p, a, now)
  call('HSET', agents, a .. ':presence', argv[2], a .. ':since', now)
  call('HSETNX', agents, a .. ':load', 0)
  call('HSETNX', agents, a .. ':n', 0)
  if argv[2] == 'offline' and tonumber(call('HGET', agents, a .. ':n')) > 0 then
    call('ZADD', p .. 'absent', number(now + 5000), a) -- until it is given on: whoever does that may die
  else
    call('ZREM', p .. 'absent', a)
  end
  call('PUBLISH', p .. 'presence', a .. ' ' .. argv[2])
  return {'ok'}
end

local function gone(p, agent, now, grace)
  local a = call('HMGET', p .. 'agents', agent .. ':presence', agent .. ':n')
  if (a[1] or 'offline') ~= 'offline' or tonumber(a[2] or 0) > 0 then call('ZADD', p .. 'absent', number(now + grace), agent) end
end

-- The first session of an agent on @node is there, or the last one went. Answers their presence.
-- KEYS: prefix   ARGV: agent node on now grace
local function here(keys, argv)
  local p, a, now = keys[1], argv[1], tonumber(argv[4])
  local agents = p .. 'agents'
  local nodes = call('HGET', agents, a .. ':here')
  if argv[3] == '1' then
    call('HSET', agents, a .. ':here', with(nodes, argv[2]))
    call('HSETNX', agents, a .. ':presence', 'offline')
    call('HSETNX', agents, a .. ':load', 0)
    call('ZREM', p .. 'absent', a)
  else
    local left = without(nodes, argv[2])
    call('HSET', agents, a .. ':here', left or '')
    if not left then gone(p, a, now, tonumber(argv[5])) end
  end
  return {'ok', call('HGET', agents, a .. ':presence') or 'offline'}
end

-- What time has come for. KEYS: prefix   ARGV: now max   Answers conversations, agents.
local function due(keys, argv)
  local p = keys[1]
  return {'ok', call('ZRANGEBYSCORE', p .. 'due', '-inf', argv[1], 'LIMIT', 0, argv[2]),
    call('ZRANGEBYSCORE', p .. 'absent', '-inf', argv[1], 'LIMIT', 0, argv[2]), call('ZRANGE', p .. 'due', 0, 0, 'WITHSCORES')[2] or '0'}
end

-- A broker is no more: its agents are no longer there. What it had taken to send is found by the others (outbox_take).
local function bury(p, dead, now, grace)
  local agents = p .. 'agents'
  local all = call('HGETALL', agents)
  for i = 1, #all, 2 do
    local a = all[i]:match('^(.+):here$')
    if a and (' ' .. all[i + 1] .. ' '):find(' ' .. dead .. ' ', 1, true) then
      local left = without(all[i + 1], dead)
      call('HSET', agents, all[i], left or '')
      if not left then gone(p, a, now, grace) end
    end
  end
  call('ZREM', p .. 'nodes', dead)
  call('DEL', p .. 'node:' .. dead)
end

-- A broker lives. Takes the lease when it is free and wanted, and buries those who are silent. By Redis' own clock, so that the brokers' clocks do not matter.
-- KEYS: prefix   ARGV: node wants silent_ms lease_ms about now grace leaves   Answers: fence (0: another routes), was known, buried…, nodes, who routes
local function beat(keys, argv)
  local p, node, t = keys[1], argv[1], call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local known = call('ZSCORE', p .. 'nodes', node) and 1 or 0
  local lease, buried = call('HMGET', p .. 'lease', 'node', 'fence', 'until'), {}
  if argv[8] == '1' then -- leaves in order
    bury(p, node, tonumber(argv[6]), tonumber(argv[7]))
    if lease[1] == node then call('HSET', p .. 'lease', 'node', '', 'until', 0) end
    call('PUBLISH', p .. 'changed', '- - 0 \n')
    return {'ok', 0, 0, {}, {}, ''}
  end
  call('ZADD', p .. 'nodes', now, node)
  call('SET', p .. 'node:' .. node, argv[5], 'PX', 60000)
  for _, dead in ipairs(call('ZRANGEBYSCORE', p .. 'nodes', '-inf', now - argv[3])) do
    bury(p, dead, tonumber(argv[6]), tonumber(argv[7]))
    buried[#buried + 1] = dead
    if lease[1] == dead then lease[3] = '0' end
  end
  local mine = lease[1] == node and tonumber(lease[3] or 0) > now
  local fence, routes = 0, lease[1] or ''
  if argv[2] == '1' and (mine or tonumber(lease[3] or 0) <= now) then
    fence = mine and tonumber(lease[2]) or call('HINCRBY', p .. 'lease', 'fence', 1)
    call('HSET', p .. 'lease', 'node', node, 'until', number(now + argv[4]))
    routes = node
  elseif mine then
    call('HSET', p .. 'lease', 'node', '', 'until', 0)
    routes = ''
  end
  return {'ok', fence, known, buried, call('ZRANGE', p .. 'nodes', 0, -1), routes}
end

-- KEYS: prefix   Answers {node, last beat, about, routes}
local function nodes(keys)
  local p, out, t = keys[1], {}, call('TIME')
  local now, lease = t[1] * 1000 + math.floor(t[2] / 1000), call('HMGET', p .. 'lease', 'node', 'until')
  local rows = call('ZRANGE', p .. 'nodes', 0, -1, 'WITHSCORES')
  for i = 1, #rows, 2 do
    out[#out + 1] = {rows[i], number(now - rows[i + 1]), call('GET', p .. 'node:' .. rows[i]) or '', (lease[1] == rows[i] and tonumber(lease[2]) > now) and 1 or 0}
  end
  return {'ok', out}
end

redis.register_function('loket_presence', presence)
redis.register_function('loket_here', here)
redis.register_function{function_name = 'loket_due', callback = due, flags = {'no-writes'}}
redis.register_function('loket_beat', beat)
redis.register_function{function_name = 'loket_nodes', callback = nodes, flags = {'no-writes'}}
