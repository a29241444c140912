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
  for agent, units, soft, channel in (text or ''):gmatch('(%S+):(%d+):(%d):(%a+)') do
    out[agent] = {units, soft, channel}
  end
  return out
end

-- May @a bear so much more? Interruptible (soft) work gives way to other work.
local function has_room(a, presence, units, soft, channel)
  if a[PRESENCE] ~= presence or a[HERE] == '' then return false end
  local borne, most = a[LOAD] - (soft == '1' and 0 or a[SOFT]), tonumber(a[LIMIT[channel]])
  return borne + units <= tonumber(a[CAPACITY]) and (most == 0 or tonumber(a[COUNT[channel]]) < most)
end

local function bear(p, cid, id, a, share, sign, now)
  settle(p, id, a, now)
  agent_add(a, LOAD, sign * share[1])
  if share[2] == '1' then agent_add(a, SOFT, sign * share[1]) end
  agent_add(a, COUNT[share[3]], sign)
  agent_add(a, N, sign)
  a[SINCE] = number(now)
  call(sign == 1 and 'SADD' or 'SREM', p .. 'work:' .. id, cid)
end

-- Who did not answer an offer gets no further one until they say that they are there again.
local function missed(p, id, a, queue, channel, now)
  settle(p, id, a, now)
  agent_add(a, MISSED, 1)
  tally(p, now, queue, channel, id, 'missed', 1)
  if a[PRESENCE] == 'offline' then return end
  a[PRESENCE], a[SINCE] = 'missed', number(now)
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
    if call('LPUSH', p .. 'pace:' .. queue, number(now)) > 2 * PACE_MAX then call('LTRIM', p .. 'pace:' .. queue, 0, PACE_MAX - 1) end
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
local function move(p, cid, v, state, queue, keep, now, set)
  local counts, was, is = p .. 'counts', v[1], state
  if owned(was) and not (owned(is) and queue == v[3]) then call('HINCRBY', counts, v[3] .. ':active', -1) end
  if owned(is) and not (owned(was) and queue == v[3]) then call('HINCRBY', counts, queue .. ':active', 1) end
  if was == 'snoozed' then call('HINCRBY', counts, v[3] .. ':snoozed', -1) end
  if is == 'snoozed' then call('HINCRBY', counts, queue .. ':snoozed', 1) end
  if waits(was) and not (waits(is) and queue == v[3]) then
    call('ZREM', p .. 'waiting:' .. v[3], cid)
    call('HINCRBY', counts, v[3] .. ':' .. v[8], -1)
  end
  if waits(is) and not (waits(was) and queue == v[3]) then
    keep = keep or waits(was)
    set.place, set.queued, set.counted = keep and v[11] or number(place_take(p, now)), keep and v[7] or number(now), v[9]
    call('ZADD', p .. 'waiting:' .. queue, number(set.place - (v[12] or 0)), cid)
    call('HINCRBY', counts, queue .. ':' .. v[9], 1)
  end
end

-- Who let it pass, or did not answer, is not asked again at once: remembered, each once, until somebody has it.
local function let_pass(declined, refused, missed_by, now)
  local all, again = {}, ' ' .. refused .. ' ' .. missed_by .. ' '
  for w in words(declined) do
    if not again:find(' ' .. w:match('^(.+):%d+$') .. ' ', 1, true) then all[#all + 1] = w end
  end
  for w in words(missed_by) do all[#all + 1] = w .. ':0' end -- their rest is the presence `missed`: who is back may be asked again, after all others
  for w in words(refused) do all[#all + 1] = w .. ':' .. number(now) end
  while #all > DECLINED_MAX do table.remove(all, 1) end
  return table.concat(all, ' ')
end

local function close(p, cid, v, now, set)
  set.closed, set.assigned, set.declined, set.first_due, set.resolve_due, set.joined = number(now), '', '', '', '', ''
  call('ZREM', p .. 'r:' .. v[10] .. ':open', cid)
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

-- Fields of a conversation: all that are set in one step, all that are empty from now on in another.
local function fields_write(conv, set)
  local put, drop = {}, {}
  for name, value in pairs(set) do
    if value == '' then
      drop[#drop + 1] = name
    else
      put[#put + 1], put[#put + 2] = name, value
    end
  end
  call('HSET', conv, unpack(put))
  if #drop > 0 then call('HDEL', conv, unpack(drop)) end
end

-- Who bears it from now on, in the order given. nil: somebody may not.
local function shares_after(argv, before, channel, staff_of)
  local after, list = {}, {}
  for i = 25, #argv, 4 do
    local id, units, soft = argv[i], argv[i + 2], argv[i + 3]
    local kept = before[id]
    if not kept and argv[14] ~= '1' and not has_room(staff_of(id), argv[i + 1], units, soft, channel) then return nil end
    after[id] = kept or {units, soft, channel}
    list[#list + 1] = table.concat({id, after[id][1], after[id][2], after[id][3]}, ':')
  end
  return after, table.concat(list, ' ')
end

-- KEYS: prefix   ARGV: 1 cid 2 version 3 state 4 owner 5 queue 6 must_own 7 keep_place 8 node 9 entry 10 now 11 held 12 seen 13 due 14 force 15 fence
--                      16 back 17 declined 18 missed 19 offered 20 answer_ms 21 first_due 22 resolve_due 23 reason 24 needs ('-': as before), then four
--                      for each who bears it: agent presence units soft
local function transition(keys, argv)
  local p, cid, state, owner, queue, now = keys[1], argv[1], argv[3], argv[4], argv[5], tonumber(argv[10])
  local conv, staff, agents = p .. 'c:' .. cid, {}, {}
  local function staff_of(id) -- read once, written once
    staff[id] = staff[id] or agent_get(p, id)
    return staff[id]
  end
  local v = call('HMGET', conv, 'state', 'owner', 'queue', 'version', 'seq', 'share', 'queued', 'counted', 'channel', 'resident', 'place', 'head',
    'assigned', 'joined', 'resolve_due', 'declined', 'due', 'line', 'row', 'nodes', 'unanswered')
  if not v[1] then return {'not_found'} end
  if argv[6] ~= '' and v[2] ~= argv[6] then return {'forbidden'} end
  if v[4] ~= argv[2] or (argv[12] ~= '0' and said_since(p, cid, argv[12])) then return {'stale'} end
  if argv[15] ~= '0' and argv[15] ~= call('HGET', p .. 'lease', 'fence') then return {'fenced'} end
  local before = shares_of(v[6])
  local after, share = shares_after(argv, before, v[9], staff_of)
  if not after then return {'capacity'} end

  count_change(p, v, state, owner, now, tonumber(argv[20]))
  for id, s in pairs(before) do
    agents[#agents + 1] = id
    if not after[id] then bear(p, cid, id, staff_of(id), s, -1, now) end
  end
  for id, s in pairs(after) do
    agents[#agents + 1] = id
    if not before[id] then bear(p, cid, id, staff_of(id), s, 1, now) end
  end
  for id in words(argv[18]) do missed(p, id, staff_of(id), v[3], v[9], now) end
  if owner ~= '' and v[1] == 'offered' and before[owner] then staff_of(owner)[MISSED] = '0' end
  for id, a in pairs(staff) do agent_put(p, id, a) end

  local seq, due = v[5] + 1, argv[13] ~= '0' and argv[13] or ''
  local set = {state = state, owner = owner, queue = queue, version = number(v[4] + 1), seq = number(seq), share = share, held = argv[11],
    back = argv[16], offered = argv[19], reason = argv[23], due = due, line = '', row = ''}
  if v[18] then line_leave(p, v[18], v[19]) end
  move(p, cid, v, state, queue, argv[7] == '1', now, set)
  if argv[24] ~= '-' then set.needs = argv[24] end
  if owner ~= '' then
    if owner ~= v[2] then set.assigned = argv[10] end
    set.declined = ''
    if has(v[14], owner) then -- who took part has it now
      set.joined = without(v[14], owner) or ''
      call('SREM', p .. 'with:' .. owner, cid)
    end
  elseif argv[17] .. argv[18] ~= '' then
    set.declined = let_pass(v[16], argv[17], argv[18], now)
  end
  if argv[17] ~= '' then tally(p, now, v[3], v[9], argv[17], 'declined', 1) end
  if due ~= '' then call('ZADD', p .. 'due', due, cid) elseif v[17] then call('ZREM', p .. 'due', cid) end
  if v[1] == 'closed' and state ~= 'closed' then
    set.unanswered = argv[10]
    promise(p, cid, argv[21], argv[22])
  end
  if state == 'closed' then close(p, cid, v, now, set) else call('ZADD', p .. 'r:' .. v[10] .. ':open', argv[10], cid) end
  set.brief = brief(state, v[9], set.unanswered or v[21], owner ~= '' and owner, v[20])
  fields_write(conv, set)
  if state == 'queued' then line_in(p, cid) end
  call('SREM', p .. 'attention', cid)
  write_entry(p, cid, seq, argv[9])
  for agent in words(v[14]) do agents[#agents + 1] = agent end
  return {'ok', v[4] + 1, seq, v[2] or '', tell(p, argv[8], cid, seq, agents, argv[9])}
end

redis.register_function('loket_transition', transition)
