-- An agent's first words to the resident: the promise is kept, or was not.
local function answered(p, cid, author, now)
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'queue', 'channel', 'first_due', 'unanswered')
  call('HSET', conv, 'unanswered', '0')
  call('HDEL', conv, 'first_due')
  call('ZREM', p .. 'targets', 'first:' .. cid)
  tally(p, now, v[1], v[2], author, 'first', 1)
  tally(p, now, v[1], v[2], author, 'first_ms', math.max(0, now - v[4]))
  if v[3] then tally(p, now, v[1], v[2], author, now <= tonumber(v[3]) and 'first_in' or 'first_late', 1) end
  brief_write(conv)
end

local function brief_read(brief, node)
  local state, channel, open, owner, nodes = brief:match('^(%S+) (%S+) (%S) (%S+) (.*)$')
  local tail = (nodes == '' or nodes == node) and ' ' .. state or ' ' .. state .. ' ' .. nodes
  return {state = state, channel = channel, open = open == '+', owner = owner, tail = tail}
end

-- One message. Every message goes through here, and Redis is the narrowest place: three commands, few and short texts in, and one text out,
-- 'SEQ STATE', with the brokers that follow when there are others than @node. Whoever does not get that gets {error, seq, state, highest counter}.
-- An error of Redis is one message's alone (pcall). @how: 'COUNTER' of a resident in the chat, or 'COUNTER WHO CHANNEL OUTBOX NOW MUST_OWN' (WHO: 1 the
-- resident, 0 an agent to the resident, 2 an agent to colleagues; '-', '-' and '' when there is none). @x: what all messages of a call share.
local function append_one(x, cid, client, how, entry)
  local p, pcall = x.p, x.pcall
  local conv, counter, who, channel, outbox, now, must_own = p .. 'c:' .. cid, how, '1', 'chat', '-', '0', ''
  if how:find(' ', 1, true) then counter, who, channel, outbox, now, must_own = how:match('^(%d+) (%d) (%S+) (%S+) (%d+) (.*)$') end
  local v = pcall('HMGET', conv, 'seq', 'brief', client)
  if v.err then return {'store_reply'} end
  if not v[1] then return {'not_found'} end
  local b = x[v[2]]
  if not b then
    b = brief_read(v[2], x.node)
    x[v[2]] = b
  end
  if must_own ~= '' and b.owner ~= must_own and not has(call('HGET', conv, 'joined'), must_own) then return {'forbidden'} end
  if client ~= '' then
    local step = counter - (v[3] or 0)
    if step ~= 1 then return {step < 1 and 'duplicate' or 'counter_gap', v[1], b.state, v[3] or 0} end
  end
  local seq = x.format('%d', v[1] + 1)
  local id = seq .. '-0'
  if pcall('XADD', conv .. ':log', id, 'e', entry) ~= id then return {'store_reply'} end
  if client ~= '' then
    pcall('HSET', conv, 'seq', seq, client, counter)
  else
    pcall('HSET', conv, 'seq', seq)
  end
  if channel ~= '-' and channel ~= b.channel then
    call('HSET', conv, 'channel', channel)
    brief_write(conv)
    if waits(b.state) then recount(p, cid, channel) end
  end
  if outbox ~= '-' then call('XADD', p .. 'outbox:' .. outbox, '*', 'c', cid, 's', seq) end
  if who == '1' and asks(b.state) then call('SADD', p .. 'attention', cid) end
  if who == '0' and must_own ~= '' and b.open then answered(p, cid, must_own, tonumber(now)) end
  return seq .. b.tail
end

-- KEYS: prefix   ARGV: node, then four for each message: cid, 'n:CLIENT' or '', how, entry. Answers each in its turn.
local function append(keys, argv)
  local out, x = {}, {p = keys[1], node = argv[1], pcall = redis.pcall, format = string.format} -- looked up once: a global costs
  for i = 2, #argv, 4 do
    out[#out + 1] = append_one(x, argv[i], argv[i + 1], argv[i + 2], argv[i + 3])
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

-- ARGV of `arrive`: 1 source 2 source_id 3 cid_new 4 rid_new 5 queue 6 channel 7 address 8 name 9 subject 10 subject_key
--                   11 token_cid 12 message_id 13 entry 14 client 15 head_start 16 priority 17 now 18 language 19 needs 20 prefers
--                   21 first_due 22 resolve_due 23 waiting_max 24 overflow_queue 25… references
local function arrive_in(p, cid, rid, who, argv)
  local conv, channel, now = p .. 'c:' .. cid, argv[6], argv[17]
  local c = call('HMGET', conv, 'seq', 'state', 'owner', 'queue', 'version', 'nodes', 'subject')
  local seq = c[1] + 1
  write_entry(p, cid, seq, argv[13])
  call('HSET', conv, 'seq', seq, 'channel', channel)
  brief_write(conv)
  if argv[9] ~= '' and not c[7] then call('HSET', conv, 'subject', argv[9], 'subject_key', argv[10]) end
  call('ZADD', p .. 'r:' .. rid .. ':addresses', now, who)
  if c[2] ~= 'closed' then call('ZADD', p .. 'r:' .. rid .. ':open', now, cid) end
  if waits(c[2]) then recount(p, cid, channel) end
  if asks(c[2]) then call('SADD', p .. 'attention', cid) end
  remember(p, cid, seq, argv[1], argv[2], argv[12])
  return {'ok', 0, cid, seq, rid, c[2], c[3] or '', c[4], c[5], '', c[6] or ''}
end

local function arrive_new(p, cid, rid, who, queue, related, argv)
  local conv, channel, now, place = p .. 'c:' .. cid, argv[6], argv[17], place_take(p, tonumber(argv[17]))
  local class, row = line_enter(p, cid, {queue, channel, argv[18], argv[19], argv[20], nil, place, argv[15], now, '1'})
  write_entry(p, cid, 1, argv[13])
  -- First what `append` reads: a small hash is looked through from its front.
  local fields = {'seq', '1', 'brief', brief('queued', channel, now)}
  local function add(name, value)
    if value ~= '' then
      fields[#fields + 1], fields[#fields + 2] = name, value
    end
  end
  if argv[14] ~= '' then add('n:' .. argv[14], '1') end
  for name, value in pairs({state = 'queued', channel = channel, unanswered = now, version = '1', queue = queue, resident = rid, counted = channel,
    opened = now, queued = now, place = number(place), head = argv[15], prio = argv[16], name = argv[8], subject = argv[9],
    subject_key = argv[9] ~= '' and argv[10] or '', lang = argv[18], needs = argv[19], prefers = argv[20], related = related or '', line = class, row = row}) do
    add(name, value)
  end
  call('HSET', conv, unpack(fields))
  if argv[7] ~= '' then
    call('HSET', p .. 'address', who, rid)
    call('ZADD', p .. 'r:' .. rid .. ':addresses', now, who)
  end
  call('HSETNX', p .. 'r:' .. rid, 'created', now)
  call('ZADD', p .. 'r:' .. rid .. ':open', now, cid)
  call('ZADD', p .. 'waiting:' .. queue, number(place - argv[15]), cid)
  call('HINCRBY', p .. 'counts', queue .. ':' .. channel, 1)
  promise(p, cid, argv[21], argv[22])
  tally(p, tonumber(now), queue, channel, '', 'arrived', 1)
  remember(p, cid, 1, argv[1], argv[2], argv[12])
  return {'ok', 1, cid, 1, rid, 'queued', '', queue, 1, related or '', ''}
end

local function arrive(keys, argv)
  local p, who = keys[1], argv[6] .. ':' .. argv[7]
  local seen = call('GET', p .. 'seen:' .. argv[1] .. ':' .. argv[2])
  if seen then
    local cid, seq = seen:match('^(%S+) (%d+)$')
    local c = call('HMGET', p .. 'c:' .. cid, 'resident', 'state', 'owner', 'queue', 'version', 'nodes')
    return {'duplicate', 0, cid, seq, c[1] or '', c[2] or '', c[3] or '', c[4] or '', c[5] or '0', '', c[6] or ''}
  end
  local rid = argv[7] ~= '' and call('HGET', p .. 'address', who) or nil
  local cid, related = find(p, rid, argv, 25)
  if cid then return arrive_in(p, cid, rid, who, argv) end
  local queue, most = argv[5], tonumber(argv[23])
  if most > 0 and call('ZCARD', p .. 'waiting:' .. queue) >= most then
    queue = argv[24]
    if queue == '' then return {'full'} end
  end
  return arrive_new(p, argv[3], rid or argv[4], who, queue, related, argv)
end

redis.register_function('loket_append', append)
redis.register_function('loket_arrive', arrive)
