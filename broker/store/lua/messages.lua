-- One message. Every message goes through here, and Redis is the narrowest place: three commands, few and short texts in, and one text out,
-- 'SEQ STATE', with the brokers that follow when there are others than @node. Whoever does not get that gets {error, seq, state, highest counter}.
-- An error of Redis is one message's alone (pcall). @how: who (1 the resident, 0 an agent to the resident, 2 an agent to colleagues), channel, outbox, must_own.
local function append_one(p, node, cid, client, counter, entry, how)
  local pcall, conv = redis.pcall, p .. 'c:' .. cid
  local who, channel, outbox, must_own = '1', 'chat', '-', ''
  if how ~= '1 chat - ' then who, channel, outbox, must_own = how:match('^(%d) (%S+) (%S+) (.*)$') end
  local v = pcall('HMGET', conv, 'seq', 'state', client, 'channel', 'nodes', 'unanswered')
  if v.err then return {'store_reply'} end
  if not v[1] then return {'not_found'} end
  if must_own ~= '' then
    local o = pcall('HMGET', conv, 'owner', 'joined')
    if o[1] ~= must_own and not (' ' .. (o[2] or '') .. ' '):find(' ' .. must_own .. ' ', 1, true) then return {'forbidden'} end
  end
  if client ~= '' then
    local step = counter - (v[3] or 0)
    if step ~= 1 then return {step < 1 and 'duplicate' or 'counter_gap', v[1], v[2], v[3] or 0} end
  end
  local seq = number(v[1] + 1)
  local id = pcall('XADD', conv .. ':log', seq .. '-0', 'e', entry)
  if type(id) == 'table' then return {'store_reply'} end
  if client ~= '' then
    pcall('HSET', conv, 'seq', seq, client, counter)
  else
    pcall('HSET', conv, 'seq', seq)
  end
  if channel ~= '-' and channel ~= v[4] then
    call('HSET', conv, 'channel', channel)
    if waits(v[2]) then recount(p, cid, channel) end
  end
  if outbox ~= '-' then call('XADD', p .. 'outbox:' .. outbox, '*', 'c', cid, 's', seq) end
  if who == '1' then
    if asks(v[2]) then call('SADD', p .. 'attention', cid) end
  elseif who == '0' and v[6] and v[6] ~= '0' then
    answered(p, cid, tonumber(v[6]), must_own)
  end
  if not v[5] or v[5] == '' or v[5] == node then return seq .. ' ' .. v[2] end
  return seq .. ' ' .. v[2] .. ' ' .. v[5]
end

-- KEYS: prefix   ARGV: node, then five for each message: cid, 'n:CLIENT' or '', counter, entry, how. Answers each in its turn.
local function append(keys, argv)
  local p, node, out = keys[1], argv[1], {}
  for i = 2, #argv, 5 do
    out[#out + 1] = append_one(p, node, argv[i], argv[i + 1], argv[i + 2], argv[i + 3], argv[i + 4])
  end
  return out
end

local function remember(p, cid, seq, source, source_id, message_id)
  call('SET', p .. 'seen:' .. source .. ':' .. source_id, cid .. ' ' .. seq, 'EX', SEEN_S)
  if message_id ~= '' then
    call('SET', p .. 'ref:' .. message_id, cid, 'EX', REF_S)
    call('RPUSH', p .. 'c:' .. cid .. ':refs', message_id)
    call('LTRIM', p .. 'c:' .. cid .. ':refs', -REFS_MAX, -1)
    call('HSET', p .. 'c:' .. cid, 'last_mid', message_id)
  end
end

-- Which conversation is meant? A reference or token counts only when the sender's address belongs to that conversation's resident.
local function find(p, rid, argv, refs_from)
  local related
  local function consider(cid)
    local c = call('HMGET', p .. 'c:' .. cid, 'resident', 'state', 'subject_key')
    if not c[1] then return nil end
    local moved_on = c[2] == 'closed' and argv[10] ~= '' and (c[3] or '') ~= argv[10]
    if rid and c[1] == rid and not moved_on then return cid end
    related = related or cid
  end
  local target = argv[11] ~= '' and consider(argv[11]) or nil
  for i = refs_from, #argv do
    if target then break end
    local cid = call('GET', p .. 'ref:' .. argv[i])
    target = cid and consider(cid) or nil
  end
  if not target and rid then target = call('ZREVRANGE', p .. 'r:' .. rid .. ':open', 0, 0)[1] end
  return target, related
end

-- A place in line: the time of enqueueing, but never the same twice, so that two who came in one tick of the clock stay in their order.
local function place_take(p, now)
  local place = math.max(tonumber(now), tonumber(call('HGET', p .. 'counts', 'place') or 0) + 1)
  call('HSET', p .. 'counts', 'place', number(place))
  return place
end

local function promise(p, cid, first_due, resolve_due)
  local conv = p .. 'c:' .. cid
  if first_due ~= '0' then
    call('HSET', conv, 'first_due', first_due)
    call('ZADD', p .. 'targets', first_due, 'first:' .. cid)
  end
  if resolve_due ~= '0' then
    call('HSET', conv, 'resolve_due', resolve_due)
    call('ZADD', p .. 'targets', resolve_due, 'resolve:' .. cid)
  end
end

-- KEYS: prefix   ARGV: 1 source 2 source_id 3 cid_new 4 rid_new 5 queue 6 channel 7 address 8 name 9 subject 10 subject_key
--                      11 token_cid 12 message_id 13 entry 14 client 15 head_start 16 priority 17 now 18 language 19 needs 20 prefers
--                      21 first_due 22 resolve_due 23 waiting_max 24 overflow_queue 25… references
local function arrive(keys, argv)
  local p, channel, address, now = keys[1], argv[6], argv[7], tonumber(argv[17])
  local seen = call('GET', p .. 'seen:' .. argv[1] .. ':' .. argv[2])
  if seen then
    local cid, seq = seen:match('^(%S+) (%d+)$')
    local c = call('HMGET', p .. 'c:' .. cid, 'resident', 'state', 'owner', 'queue', 'version', 'nodes')
    return {'duplicate', 0, cid, seq, c[1] or '', c[2] or '', c[3] or '', c[4] or '', c[5] or '0', '', c[6] or ''}
  end
  local who = channel .. ':' .. address
  local rid = address ~= '' and call('HGET', p .. 'address', who) or nil
  local cid, related = find(p, rid, argv, 25)
  if cid then
    local conv = p .. 'c:' .. cid
    local c = call('HMGET', conv, 'seq', 'state', 'owner', 'queue', 'version', 'nodes')
    local seq = c[1] + 1
    write_entry(p, cid, seq, argv[13])
    call('HSET', conv, 'seq', seq, 'channel', channel)
    if argv[9] ~= '' and call('HEXISTS', conv, 'subject') == 0 then call('HSET', conv, 'subject', argv[9], 'subject_key', argv[10]) end
    call('ZADD', p .. 'r:' .. rid .. ':addresses', now, who)
    if c[2] ~= 'closed' then call('ZADD', p .. 'r:' .. rid .. ':open', now, cid) end
    if waits(c[2]) then recount(p, cid, channel) end
    if asks(c[2]) then call('SADD', p .. 'attention', cid) end
    remember(p, cid, seq, argv[1], argv[2], argv[12])
    return {'ok', 0, cid, seq, rid, c[2], c[3] or '', c[4], c[5], '', c[6] or ''}
  end
  local queue, most = argv[5], tonumber(argv[23])
  if most > 0 and call('ZCARD', p .. 'waiting:' .. queue) >= most then
    if argv[24] == '' then return {'full'} end
    queue = argv[24]
  end
  cid = argv[3]
  rid = rid or argv[4]
  local conv, place = p .. 'c:' .. cid, place_take(p, now)
  write_entry(p, cid, 1, argv[13])
  -- First what `append` reads: a small hash is looked through from its front.
  call('HSET', conv, 'seq', 1, 'state', 'queued', 'channel', channel, 'nodes', '', 'unanswered', argv[17])
  if argv[14] ~= '' then call('HSET', conv, 'n:' .. argv[14], 1) end
  call('HSET', conv, 'version', 1, 'queue', queue, 'resident', rid, 'counted', channel, 'opened', now, 'queued', now, 'place', number(place), 'head',
    argv[15], 'prio', argv[16])
  set_or_drop(conv, 'name', argv[8])
  if argv[9] ~= '' then call('HSET', conv, 'subject', argv[9], 'subject_key', argv[10]) end
  set_or_drop(conv, 'lang', argv[18])
  set_or_drop(conv, 'needs', argv[19])
  set_or_drop(conv, 'prefers', argv[20])
  if related then call('HSET', conv, 'related', related) end
  if address ~= '' then
    call('HSET', p .. 'address', who, rid)
    call('ZADD', p .. 'r:' .. rid .. ':addresses', now, who)
  end
  call('HSETNX', p .. 'r:' .. rid, 'created', now)
  call('ZADD', p .. 'r:' .. rid .. ':open', now, cid)
  call('ZADD', p .. 'waiting:' .. queue, number(place - argv[15]), cid)
  call('HINCRBY', p .. 'counts', queue .. ':' .. channel, 1)
  line_in(p, cid)
  promise(p, cid, argv[21], argv[22])
  tally(p, now, queue, channel, '', 'arrived', 1)
  remember(p, cid, 1, argv[1], argv[2], argv[12])
  return {'ok', 1, cid, 1, rid, 'queued', '', queue, 1, related or '', ''}
end

redis.register_function('loket_append', append)
redis.register_function('loket_arrive', arrive)
