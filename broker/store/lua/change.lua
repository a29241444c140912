-- Did the resident say something after @seen? Read only when somebody closes, so that the hot path need not keep count.
local function said_since(p, cid, seen)
  local rows = call('XRANGE', p .. 'c:' .. cid .. ':log', (seen + 1) .. '-0', '+', 'COUNT', 500)
  if #rows == 500 then return true end
  for _, row in ipairs(rows) do
    local e = cmsgpack.unpack(row[2][2])
    if e.from == 'resident' and e.kind == 'message' then return true end
  end
  return false
end

-- 'AGENT:UNITS:SOFT:CHANNEL …' -> agent -> {units, soft, channel}
local function shares_of(text)
  local out = {}
  for w in words(text) do
    local agent, units, soft, channel = w:match('^([^:]+):(%d+):(%d):(%a+)$')
    out[agent] = {tonumber(units), tonumber(soft), channel}
  end
  return out
end

-- May @agent bear so much more? Interruptible (soft) work gives way to other work.
local function has_room(p, agent, presence, units, soft, channel)
  local a = call('HMGET', p .. 'agents', agent .. ':presence', agent .. ':here', agent .. ':load', agent .. ':soft', agent .. ':capacity', agent .. ':' .. channel,
    agent .. ':max_' .. channel)
  if a[1] ~= presence or (a[2] or '') == '' then return false end
  local borne = tonumber(a[3] or 0) - (soft == 1 and 0 or tonumber(a[4] or 0))
  local most = tonumber(a[7] or 0)
  return borne + units <= tonumber(a[5] or 0) and (most == 0 or tonumber(a[6] or 0) < most)
end

local function bear(p, cid, agent, share, sign, now)
  local agents = p .. 'agents'
  settle(p, agent, now)
  call('HINCRBY', agents, agent .. ':load', sign * share[1])
  if share[2] == 1 then call('HINCRBY', agents, agent .. ':soft', sign * share[1]) end
  call('HINCRBY', agents, agent .. ':' .. share[3], sign)
  call('HINCRBY', agents, agent .. ':n', sign)
  call('HSET', agents, agent .. ':since', now)
  call(sign == 1 and 'SADD' or 'SREM', p .. 'work:' .. agent, cid)
end

local function owned(state)
  return state == 'active' or state == 'wrap_up'
end

-- What the statistics learn from a change of state. @v: the conversation as it was.
local function count_change(p, v, state, owner, now, answer_ms)
  local before, queue, channel = v[1], v[3], v[9]
  if waits(before) and state == 'active' then
    local wait = math.max(0, now - v[7])
    tally(p, now, queue, channel, owner, 'answered', 1)
    tally(p, now, queue, channel, owner, 'wait_ms', wait)
    if answer_ms > 0 then tally(p, now, queue, channel, owner, wait <= answer_ms and 'in_level' or 'over_level', 1) end
    call('LPUSH', p .. 'pace:' .. queue, number(now))
    call('LTRIM', p .. 'pace:' .. queue, 0, PACE_MAX - 1)
  elseif waits(before) and state == 'closed' and not v[13] then
    tally(p, now, queue, channel, '', 'abandoned', 1)
    tally(p, now, queue, channel, '', 'abandoned_ms', math.max(0, now - v[7]))
  elseif owned(before) and state == 'closed' then
    tally(p, now, queue, channel, v[2], 'handled', 1)
    tally(p, now, queue, channel, v[2], 'handle_ms', math.max(0, now - (v[13] or now)))
  elseif owned(before) and not owned(state) then
    tally(p, now, queue, channel, v[2], 'given_up', 1)
  elseif before == 'closed' and state == 'queued' then
    tally(p, now, queue, channel, '', 'reopened', 1)
  end
  if state == 'closed' and v[15] then tally(p, now, queue, channel, v[2] or '', now <= tonumber(v[15]) and 'resolved_in' or 'resolved_late', 1) end
end

-- Tell every broker: followers get the entry, agents see what they have.
local function tell(p, node, cid, seq, agents, entry)
  call('PUBLISH', p .. 'changed', table.concat({node, cid, seq, agents}, ' ') .. '\n' .. entry)
end

local function missed(p, agent, queue, channel, now)
  settle(p, agent, now)
  call('HINCRBY', p .. 'agents', agent .. ':missed', 1)
  call('HSET', p .. 'agents', agent .. ':presence', 'missed', agent .. ':since', now)
  call('PUBLISH', p .. 'presence', agent .. ' missed')
  tally(p, now, queue, channel, agent, 'missed', 1)
end

-- KEYS: prefix   ARGV: 1 cid 2 version 3 state 4 owner 5 queue 6 must_own 7 keep_place 8 node 9 entry 10 now 11 held 12 seen 13 due 14 force 15 fence
--                      16 back 17 declined 18 missed 19 offered 20 answer_ms 21 first_due 22 resolve_due 23 reason, then four for each who bears it:
--                      agent presence units soft
local function transition(keys, argv)
  local p, cid, state, owner, queue, now = keys[1], argv[1], argv[3], argv[4], argv[5], tonumber(argv[10])
  local conv, counts = p .. 'c:' .. cid, p .. 'counts'
  local v = call('HMGET', conv, 'state', 'owner', 'queue', 'version', 'seq', 'share', 'queued', 'counted', 'channel', 'resident', 'place', 'head', 'assigned',
    'joined', 'resolve_due', 'nodes')
  if not v[1] then return {'not_found'} end
  if argv[6] ~= '' and v[2] ~= argv[6] then return {'forbidden'} end
  if v[4] ~= argv[2] or (argv[12] ~= '0' and said_since(p, cid, argv[12])) then return {'stale'} end
  if argv[15] ~= '0' and argv[15] ~= call('HGET', p .. 'lease', 'fence') then return {'fenced'} end
  local before, after, list, agents = shares_of(v[6]), {}, {}, {}
  for i = 24, #argv, 4 do
    local agent, units, soft = argv[i], tonumber(argv[i + 2]), tonumber(argv[i + 3])
    local kept = before[agent]
    if not kept and argv[14] ~= '1' and not has_room(p, agent, argv[i + 1], units, soft, v[9]) then return {'capacity'} end
    after[agent] = kept or {units, soft, v[9]}
    list[#list + 1] = table.concat({agent, after[agent][1], after[agent][2], after[agent][3]}, ':')
  end
  count_change(p, v, state, owner, now, tonumber(argv[20]))
  for agent, share in pairs(before) do
    agents[#agents + 1] = agent
    if not after[agent] then bear(p, cid, agent, share, -1, now) end
  end
  for agent, share in pairs(after) do
    if not before[agent] then
      agents[#agents + 1] = agent
      bear(p, cid, agent, share, 1, now)
    end
  end
  for agent in words(argv[18]) do missed(p, agent, v[3], v[9], now) end
  if owned(v[1]) then call('HINCRBY', counts, v[3] .. ':active', -1) end
  if owned(state) then call('HINCRBY', counts, queue .. ':active', 1) end
  line_out(p, cid)
  if waits(v[1]) and not (waits(state) and queue == v[3]) then
    call('ZREM', p .. 'waiting:' .. v[3], cid)
    call('HINCRBY', counts, v[3] .. ':' .. v[8], -1)
  end
  if waits(state) and not (waits(v[1]) and queue == v[3]) then
    local keep = argv[7] == '1' or waits(v[1])
    local place, queued = keep and v[11] or number(place_take(p, now)), keep and v[7] or now
    call('ZADD', p .. 'waiting:' .. queue, number(place - (v[12] or 0)), cid)
    call('HINCRBY', counts, queue .. ':' .. v[9], 1)
    call('HSET', conv, 'queued', queued, 'place', place, 'counted', v[9])
  end
  local seq = v[5] + 1
  call('HSET', conv, 'state', state, 'queue', queue, 'version', v[4] + 1, 'seq', seq)
  set_or_drop(conv, 'owner', owner)
  set_or_drop(conv, 'share', table.concat(list, ' '))
  set_or_drop(conv, 'held', argv[11])
  set_or_drop(conv, 'back', argv[16])
  set_or_drop(conv, 'offered', argv[19])
  set_or_drop(conv, 'reason', argv[23])
  if owner ~= '' then
    if owner ~= v[2] then call('HSET', conv, 'assigned', now) end
    if (' ' .. (v[14] or '') .. ' '):find(' ' .. owner .. ' ', 1, true) then -- who took part has it now
      set_or_drop(conv, 'joined', without(v[14], owner))
      call('SREM', p .. 'with:' .. owner, cid)
    end
    call('HDEL', conv, 'declined')
    if v[1] == 'offered' and before[owner] then call('HSET', p .. 'agents', owner .. ':missed', 0) end
  end
  if argv[17] ~= '' then tally(p, now, v[3], v[9], argv[17], 'declined', 1) end
  if owner == '' and (argv[17] ~= '' or argv[18] ~= '') then -- who let it pass is not asked again at once
    local all = {}
    for w in words(call('HGET', conv, 'declined')) do all[#all + 1] = w end
    for w in words(argv[17] .. ' ' .. argv[18]) do all[#all + 1] = w .. ':' .. number(now) end
    while #all > DECLINED_MAX do table.remove(all, 1) end
    call('HSET', conv, 'declined', table.concat(all, ' '))
  end
  if argv[13] ~= '0' then
    call('HSET', conv, 'due', argv[13])
    call('ZADD', p .. 'due', argv[13], cid)
  else
    call('HDEL', conv, 'due')
    call('ZREM', p .. 'due', cid)
  end
  if state == 'closed' then
    call('ZREM', p .. 'r:' .. v[10] .. ':open', cid)
    call('HSET', conv, 'closed', now)
    call('HDEL', conv, 'assigned', 'declined', 'first_due', 'resolve_due', 'joined')
    call('ZREM', p .. 'targets', 'first:' .. cid, 'resolve:' .. cid)
    for agent in words(v[14]) do call('SREM', p .. 'with:' .. agent, cid) end
  else
    call('ZADD', p .. 'r:' .. v[10] .. ':open', now, cid)
    if state == 'queued' then line_in(p, cid) end
    if v[1] == 'closed' then
      call('HSET', conv, 'unanswered', number(now))
      promise(p, cid, argv[21], argv[22])
    end
  end
  call('SREM', p .. 'attention', cid)
  write_entry(p, cid, seq, argv[9])
  for agent in words(v[14]) do agents[#agents + 1] = agent end
  tell(p, argv[8], cid, seq, table.concat(agents, ','), argv[9])
  return {'ok', v[4] + 1, seq, v[2] or '', table.concat(agents, ' ')}
end

-- Take part besides the owner, or no longer. An agent must own it to bring somebody in.
-- KEYS: prefix   ARGV: cid agent on must_own max node entry
local function join(keys, argv)
  local p, cid, agent, on = keys[1], argv[1], argv[2], argv[3] == '1'
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'state', 'owner', 'joined', 'seq', 'version', 'offered')
  if not v[1] then return {'not_found'} end
  if argv[4] ~= '' and v[2] ~= argv[4] then return {'forbidden'} end
  local there = (' ' .. (v[3] or '') .. ' '):find(' ' .. agent .. ' ', 1, true) ~= nil
  if on and (v[1] == 'closed' or v[2] == agent) then return {'bad_state'} end
  if on == there then return {on and 'duplicate' or 'not_found'} end
  local list
  if on then list = with(v[3], agent) else list = without(v[3], agent) end
  local n = 0
  for _ in words(list) do n = n + 1 end
  if n > tonumber(argv[5]) then return {'full'} end
  local seq = v[4] + 1
  set_or_drop(conv, 'joined', list)
  call(on and 'SADD' or 'SREM', p .. 'with:' .. agent, cid)
  call('HSET', conv, 'seq', seq, 'version', v[5] + 1)
  write_entry(p, cid, seq, argv[7])
  local agents = {agent, v[2]}
  for a in words(v[3]) do agents[#agents + 1] = a end
  tell(p, argv[6], cid, seq, table.concat(agents, ','), argv[7])
  return {'ok', v[5] + 1, seq, v[2] or '', table.concat(agents, ' ')}
end

-- KEYS: prefix   ARGV: cid priority head_start node entry
local function prioritise(keys, argv)
  local p, cid = keys[1], argv[1]
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'state', 'queue', 'place', 'seq', 'version', 'owner', 'offered')
  if not v[1] then return {'not_found'} end
  if v[1] == 'closed' then return {'bad_state'} end
  local seq, agents = v[4] + 1, {v[6]}
  call('HSET', conv, 'prio', argv[2], 'head', argv[3], 'seq', seq, 'version', v[5] + 1)
  if waits(v[1]) then call('ZADD', p .. 'waiting:' .. v[2], number(v[3] - argv[3]), cid) end
  if v[1] == 'queued' then
    line_out(p, cid)
    line_in(p, cid)
  end
  write_entry(p, cid, seq, argv[5])
  for a in words(v[7]) do agents[#agents + 1] = a end
  tell(p, argv[4], cid, seq, table.concat(agents, ','), argv[5])
  return {'ok', v[5] + 1, seq, v[6] or '', table.concat(agents, ' ')}
end

redis.register_function('loket_transition', transition)
redis.register_function('loket_join', join)
redis.register_function('loket_prioritise', prioritise)
