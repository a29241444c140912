-- Brokers among themselves. By Redis' own clock, so that the brokers' clocks do not matter.

-- A broker is no more: its agents are no longer there. What it had taken to send is found by the others (outbox_take).
local function bury(p, dead, now, grace)
  local all = call('HGETALL', p .. 'agents')
  for i = 1, #all, 2 do
    if has(all[i + 1], dead) then
      local a = agent_of(all[i + 1])
      if has(a[HERE], dead) then
        a[HERE] = without(a[HERE], dead) or ''
        if a[HERE] == '' then gone(p, all[i], a, now, grace) end
        agent_put(p, all[i], a)
      end
    end
  end
  call('ZREM', p .. 'nodes', dead)
  call('DEL', p .. 'node:' .. dead)
end

-- A broker lives. Takes the lease when it is free and wanted, and buries those who are silent. Everybody hears of a burial, and of who leaves.
-- KEYS: prefix   ARGV: node wants silent_ms lease_ms about now grace leaves   Answers: fence (0: another routes), was known, buried…, nodes, who routes
local function beat(keys, argv)
  local p, node, clock_ms, now, grace = keys[1], argv[1], clock(), tonumber(argv[6]), tonumber(argv[7])
  local known = call('EXISTS', p .. 'node:' .. node) -- not by `nodes`: whoever said `here` since its burial stands there again
  local lease, buried = call('HMGET', p .. 'lease', 'node', 'fence', 'until'), {}
  if argv[8] == '1' then -- leaves in order
    bury(p, node, now, grace)
    if lease[1] == node then call('HSET', p .. 'lease', 'node', '', 'until', 0) end
    call('PUBLISH', p .. 'changed', '- - 0 \n')
    return {'ok', 0, known, {}, call('ZRANGE', p .. 'nodes', 0, -1), lease[1] ~= node and lease[1] or ''}
  end
  call('ZADD', p .. 'nodes', clock_ms, node)
  call('SET', p .. 'node:' .. node, argv[5])
  for _, dead in ipairs(call('ZRANGEBYSCORE', p .. 'nodes', '-inf', number(clock_ms - argv[3]))) do
    bury(p, dead, now, grace)
    buried[#buried + 1] = dead
    if lease[1] == dead then lease[3] = '0' end
  end
  local ends = tonumber(lease[3] or 0)
  local mine = lease[1] == node and ends > clock_ms
  local fence, routes = 0, ends > clock_ms and lease[1] or ''
  if argv[2] == '1' and (mine or ends <= clock_ms) then
    fence = mine and tonumber(lease[2]) or call('HINCRBY', p .. 'lease', 'fence', 1)
    call('HSET', p .. 'lease', 'node', node, 'until', number(clock_ms + argv[4]))
    routes = node
  elseif mine then
    call('HSET', p .. 'lease', 'node', '', 'until', 0)
    routes = ''
  end
  if #buried > 0 then call('PUBLISH', p .. 'changed', '- - 0 \n') end
  return {'ok', fence, known, buried, call('ZRANGE', p .. 'nodes', 0, -1), routes}
end

-- KEYS: prefix   Answers {node, ms since the last beat, about, routes}
local function nodes(keys)
  local p, out, now = keys[1], {}, clock()
  local lease = call('HMGET', p .. 'lease', 'node', 'until')
  local rows = call('ZRANGE', p .. 'nodes', 0, -1, 'WITHSCORES')
  for i = 1, #rows, 2 do
    local routes = lease[1] == rows[i] and tonumber(lease[2]) > now
    out[#out + 1] = {rows[i], number(now - rows[i + 1]), call('GET', p .. 'node:' .. rows[i]) or '', routes and 1 or 0}
  end
  return {'ok', out}
end

redis.register_function('loket_beat', beat)
redis.register_function{function_name = 'loket_nodes', callback = nodes, flags = {'no-writes'}}
