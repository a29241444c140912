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

-- 'AGENT:UNITS:SOFT:CHANNEL …' -> agent -> {units, soft, channel}. An agent's id may hold a colon.
local function shares_of(text)
  local out = {}
  for w in words(text) do
    local agent, units, soft, channel = w:match('^(.+):(%d+):(%d):(%a+)$')
    out[agent] = {tonumber(units), tonumber(soft), channel}
  end
  return out
end

-- May @a bear so much more? Interruptible (soft) work gives way to other work.
local function has_room(a, presence, units, soft, channel)
  if a.presence ~= presence or a.here == '' then return false end
  local borne, most = a.load - (soft == 1 and 0 or a.soft), a['max_' .. channel]
  return borne + units <= a.capacity and (most == 0 or a[channel] < most)
end

local function bear(p, cid, id, a, share, sign, now)
  settle(p, id, a, now)
  a.load = a.load + sign * share[1]
  if share[2] == 1 then a.soft = a.soft + sign * share[1] end
  a[share[3]] = a[share[3]] + sign
  a.n = a.n + sign
  a.since = now
  call(sign == 1 and 'SADD' or 'SREM', p .. 'work:' .. id, cid)
end

-- Who did not answer an offer gets no further one until they say that they are there again.
local function missed(p, id, a, queue, channel, now)
  settle(p, id, a, now)
  a.missed = a.missed + 1
  tally(p, now, queue, channel, id, 'missed', 1)
  if a.presence == 'offline' then return end
  a.presence, a.since = 'missed', now
  call('PUBLISH', p .. 'presence', id .. ' missed')
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
  elseif before == 'closed' and state == 'queued' then
    tally(p, now, queue, channel, '', 'reopened', 1)
  end
  if owned(before) and owner ~= v[2] then -- whoever had it worked on it so long, whether they ended it or gave it up
    tally(p, now, queue, channel, v[2], state == 'closed' and 'handled' or 'given_up', 1)
    tally(p, now, queue, channel, v[2], 'handle_ms', math.max(0, now - (v[13] or now)))
  end
  if state == 'closed' and v[15] then tally(p, now, queue, channel, v[2] or '', now <= tonumber(v[15]) and 'resolved_in' or 'resolved_late', 1) end
end

-- What the wallboard counts, and where it waits. What waits already keeps its place, in another queue too.
local function move(p, cid, v, state, queue, keep, now)
  local conv, counts, was, is = p .. 'c:' .. cid, p .. 'counts', v[1], state
  if owned(was) then call('HINCRBY', counts, v[3] .. ':active', -1) end
  if owned(is) then call('HINCRBY', counts, queue .. ':active', 1) end
  if was == 'snoozed' then call('HINCRBY', counts, v[3] .. ':snoozed', -1) end
  if is == 'snoozed' then call('HINCRBY', counts, queue .. ':snoozed', 1) end
  if waits(was) and not (waits(is) and queue == v[3]) then
    call('ZREM', p .. 'waiting:' .. v[3], cid)
    call('HINCRBY', counts, v[3] .. ':' .. v[8], -1)
  end
  if waits(is) and not (waits(was) and queue == v[3]) then
    keep = keep or waits(was)
    local place, queued = keep and v[11] or number(place_take(p, now)), keep and v[7] or number(now)
    call('ZADD', p .. 'waiting:' .. queue, number(place - (v[12] or 0)), cid)
    call('HINCRBY', counts, queue .. ':' .. v[9], 1)
    call('HSET', conv, 'queued', queued, 'place', place, 'counted', v[9])
  end
end

-- Who let it pass, or did not answer, is not asked again at once: remembered, each once, until somebody has it.
local function let_pass(conv, agents, now)
  local all, again = {}, ' ' .. agents .. ' '
  for w in words(call('HGET', conv, 'declined')) do
    if not again:find(' ' .. w:match('^(.+):%d+$') .. ' ', 1, true) then all[#all + 1] = w end
  end
  for w in words(agents) do all[#all + 1] = w .. ':' .. number(now) end
  while #all > DECLINED_MAX do table.remove(all, 1) end
  call('HSET', conv, 'declined', table.concat(all, ' '))
end

local function close(p, cid, conv, v, now)
  call('ZREM', p .. 'r:' .. v[10] .. ':open', cid)
  call('HSET', conv, 'closed', now)
  call('HDEL', conv, 'assigned', 'declined', 'first_due', 'resolve_due', 'joined')
  call('ZREM', p .. 'targets', 'first:' .. cid, 'resolve:' .. cid)
  for agent in words(v[14]) do call('SREM', p .. 'with:' .. agent, cid) end
end

-- Tell every broker: followers get the entry, agents see what they have. Answers them.
local function tell(p, node, cid, seq, list, entry)
  local agents, known = {}, {}
  for _, agent in ipairs(list) do
    if agent and agent ~= '' and not known[agent] then
      known[agent] = true
      agents[#agents + 1] = agent
    end
  end
  call('PUBLISH', p .. 'changed', table.concat({node, cid, seq, table.concat(agents, ',')}, ' ') .. '\n' .. entry)
  return table.concat(agents, ' ')
end

-- KEYS: prefix   ARGV: 1 cid 2 version 3 state 4 owner 5 queue 6 must_own 7 keep_place 8 node 9 entry 10 now 11 held 12 seen 13 due 14 force 15 fence
--                      16 back 17 declined 18 missed 19 offered 20 answer_ms 21 first_due 22 resolve_due 23 reason 24 needs ('-': as before), then four for each who bears it:
--                      agent presence units soft
local function transition(keys, argv)
  local p, cid, state, owner, queue, now = keys[1], argv[1], argv[3], argv[4], argv[5], tonumber(argv[10])
  local conv, staff = p .. 'c:' .. cid, {}
  local function staff_of(id) -- read once, written once
    staff[id] = staff[id] or agent_get(p, id)
    return staff[id]
  end
  local v = call('HMGET', conv, 'state', 'owner', 'queue', 'version', 'seq', 'share', 'queued', 'counted', 'channel', 'resident', 'place', 'head', 'assigned',
    'joined', 'resolve_due')
  if not v[1] then return {'not_found'} end
  if argv[6] ~= '' and v[2] ~= argv[6] then return {'forbidden'} end
  if v[4] ~= argv[2] or (argv[12] ~= '0' and said_since(p, cid, argv[12])) then return {'stale'} end
  if argv[15] ~= '0' and argv[15] ~= call('HGET', p .. 'lease', 'fence') then return {'fenced'} end
  local before, after, list, agents = shares_of(v[6]), {}, {}, {}
  for i = 25, #argv, 4 do
    local id, units, soft = argv[i], tonumber(argv[i + 2]), tonumber(argv[i + 3])
    local kept = before[id]
    if not kept and argv[14] ~= '1' and not has_room(staff_of(id), argv[i + 1], units, soft, v[9]) then return {'capacity'} end
    after[id] = kept or {units, soft, v[9]}
    list[#list + 1] = table.concat({id, after[id][1], after[id][2], after[id][3]}, ':')
  end
  count_change(p, v, state, owner, now, tonumber(argv[20]))
  for id, share in pairs(before) do
    agents[#agents + 1] = id
    if not after[id] then bear(p, cid, id, staff_of(id), share, -1, now) end
  end
  for id, share in pairs(after) do
    agents[#agents + 1] = id
    if not before[id] then bear(p, cid, id, staff_of(id), share, 1, now) end
  end
  for id in words(argv[18]) do missed(p, id, staff_of(id), v[3], v[9], now) end
  line_out(p, cid)
  move(p, cid, v, state, queue, argv[7] == '1', now)
  local seq = v[5] + 1
  call('HSET', conv, 'state', state, 'queue', queue, 'version', v[4] + 1, 'seq', seq)
  set_or_drop(conv, 'owner', owner)
  set_or_drop(conv, 'share', table.concat(list, ' '))
  set_or_drop(conv, 'held', argv[11])
  set_or_drop(conv, 'back', argv[16])
  set_or_drop(conv, 'offered', argv[19])
  set_or_drop(conv, 'reason', argv[23])
  if argv[24] ~= '-' then set_or_drop(conv, 'needs', argv[24]) end
  if owner ~= '' then
    if owner ~= v[2] then call('HSET', conv, 'assigned', now) end
    if has(v[14], owner) then -- who took part has it now
      set_or_drop(conv, 'joined', without(v[14], owner))
      call('SREM', p .. 'with:' .. owner, cid)
    end
    call('HDEL', conv, 'declined')
    if v[1] == 'offered' and before[owner] then staff_of(owner).missed = 0 end
  end
  for id, a in pairs(staff) do agent_put_or_drop(p, id, a) end
  if argv[17] ~= '' then tally(p, now, v[3], v[9], argv[17], 'declined', 1) end
  if owner == '' and argv[17] .. argv[18] ~= '' then let_pass(conv, argv[17] .. ' ' .. argv[18], now) end
  if argv[13] ~= '0' then
    call('HSET', conv, 'due', argv[13])
    call('ZADD', p .. 'due', argv[13], cid)
  else
    call('HDEL', conv, 'due')
    call('ZREM', p .. 'due', cid)
  end
  if v[1] == 'closed' and state ~= 'closed' then
    call('HSET', conv, 'unanswered', argv[10])
    promise(p, cid, argv[21], argv[22])
  end
  if state == 'closed' then
    close(p, cid, conv, v, now)
  else
    call('ZADD', p .. 'r:' .. v[10] .. ':open', now, cid)
    if state == 'queued' then line_in(p, cid) end
  end
  call('SREM', p .. 'attention', cid)
  write_entry(p, cid, seq, argv[9])
  for agent in words(v[14]) do agents[#agents + 1] = agent end
  return {'ok', v[4] + 1, seq, v[2] or '', tell(p, argv[8], cid, seq, agents, argv[9])}
end

redis.register_function('loket_transition', transition)
