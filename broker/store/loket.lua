#!lua name=loket
-- What Redis does in one atomic step. Accounting only: which transition is right is decided in broker/core; here a stale one is refused.
-- Every function checks everything first and writes last, so that a refusal leaves nothing half. The first element of an answer is
-- 'ok' or the name of an error in errors.def.
--
-- Keys (P is the organisation's prefix '{o:ORG}:'):
--   P c:CID            hash    state version owner held queue resident name subject subject_key channel seq opened queued place assigned
--                              units counted related read_r read_a last_mid, and n:CLIENT = highest counter of that client
--   P c:CID:log        stream  the messages, SEQ-0 from 1 without gaps; field e is an encoded `entry` frame
--   P c:CID:refs       list    Message-IDs of the conversation, oldest first
--   P c:CID:receipts   hash    SEQ -> newest delivery state
--   P waiting:QUEUE    zset    conversations that wait; score = place in line minus head start, ms
--   P counts           hash    QUEUE:chat|email|sms = waiting by channel, QUEUE:active = held, place = the last place in line given
--   P agents           hash    AID:presence AID:node AID:load AID:n AID:capacity AID:since
--   P work:AID         set     conversations that the agent holds
--   P attention        set     conversations whose log got a message that asks for a transition
--   P address          hash    CHANNEL:ADDRESS -> resident;  P linked  hash  CHANNEL:ADDRESS -> resident it belonged to before
--   P r:RID            hash    the resident;  P r:RID:addresses  zset by last use;  P r:RID:open  zset of open conversations
--   P seen:SOURCE:ID   string  'CID SEQ' of what came from there;  P ref:MESSAGE-ID  string  CID
--   P outbox:CHANNEL   stream  work to send (c = CID, s = SEQ), group `senders`;  P outbox:CHANNEL:attempts  hash
--   P staff  hash;  P revoked  zset;  P secret  string, what this organisation signs its tokens with
local function call(...)
  return redis.call(...) -- looked up when it runs: while a library is loaded Redis 7.0 has no redis.call yet
end
local SEEN_S = 90 * 86400
local REF_S = 730 * 86400
local REFS_MAX = 40

local function write_entry(p, cid, seq, entry)
  call('XADD', p .. 'c:' .. cid .. ':log', seq .. '-0', 'e', entry)
end

-- The resident's newest channel is another one while the conversation waits: the wallboard counts it there.
local function recount(p, cid, queue, from, to)
  if from ~= to then
    call('HINCRBY', p .. 'counts', queue .. ':' .. from, -1)
    call('HINCRBY', p .. 'counts', queue .. ':' .. to, 1)
    call('HSET', p .. 'c:' .. cid, 'counted', to)
  end
end

-- One message. Every message goes through here, and Redis is the narrowest place: three commands, few and short texts in, and one text out,
-- 'SEQ STATE'. Whoever does not get that gets {error, seq, state, highest counter}. An error of Redis is one message's alone (pcall).
local function append_one(p, cid, client, counter, entry, how)
  local pcall, conv = redis.pcall, p .. 'c:' .. cid
  local from_resident, channel, outbox, must_own = '1', 'chat', '-', ''
  if how ~= '1 chat - ' then from_resident, channel, outbox, must_own = how:match('^(%d) (%S+) (%S+) (.*)$') end
  local v = pcall('HMGET', conv, 'seq', 'state', client, 'channel')
  if v.err then return {'store_reply'} end
  if not v[1] then return {'not_found'} end
  if must_own ~= '' and pcall('HGET', conv, 'owner') ~= must_own then return {'forbidden'} end
  if client ~= '' then
    local step = counter - (v[3] or 0)
    if step ~= 1 then return {step < 1 and 'duplicate' or 'counter_gap', v[1], v[2], v[3] or 0} end
  end
  local seq = string.format('%d', v[1] + 1)
  local id = pcall('XADD', conv .. ':log', seq .. '-0', 'e', entry)
  if type(id) == 'table' then return {'store_reply'} end
  if client ~= '' then
    pcall('HSET', conv, 'seq', seq, client, counter)
  else
    pcall('HSET', conv, 'seq', seq)
  end
  if channel ~= '-' and channel ~= v[4] then
    call('HSET', conv, 'channel', channel)
    if v[2] == 'queued' then recount(p, cid, call('HGET', conv, 'queue'), call('HGET', conv, 'counted'), channel) end
  end
  if outbox ~= '-' then call('XADD', p .. 'outbox:' .. outbox, '*', 'c', cid, 's', seq) end
  if from_resident == '1' and v[2] ~= 'active' and v[2] ~= 'queued' then call('SADD', p .. 'attention', cid) end
  return seq .. ' ' .. v[2]
end

-- KEYS: prefix   ARGV, five for each message: cid, 'n:CLIENT' or '', counter, entry, 'FROM_RESIDENT CHANNEL OUTBOX MUST_OWN' ('-', '-', '' when
-- there is none). Answers each in its turn.
local function append(keys, argv)
  local p, out = keys[1], {}
  for i = 1, #argv, 5 do
    out[#out + 1] = append_one(p, argv[i], argv[i + 1], argv[i + 2], argv[i + 3], argv[i + 4])
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
  call('HSET', p .. 'counts', 'place', string.format('%d', place))
  return place
end

-- KEYS: prefix   ARGV: 1 source 2 source_id 3 cid_new 4 rid_new 5 queue 6 channel 7 address 8 name 9 subject 10 subject_key
--                      11 token_cid 12 message_id 13 entry 14 client 15 head_start 16 units 17 now 18… references
local function arrive(keys, argv)
  local p, channel, address, now = keys[1], argv[6], argv[7], argv[17]
  local seen = call('GET', p .. 'seen:' .. argv[1] .. ':' .. argv[2])
  if seen then
    local cid, seq = seen:match('^(%S+) (%d+)$')
    local c = call('HMGET', p .. 'c:' .. cid, 'resident', 'state', 'owner', 'queue', 'version')
    return {'duplicate', 0, cid, seq, c[1] or '', c[2] or '', c[3] or '', c[4] or '', c[5] or '0', ''}
  end
  local who = channel .. ':' .. address
  local rid = address ~= '' and call('HGET', p .. 'address', who) or nil
  local cid, related = find(p, rid, argv, 18)
  if cid then
    local conv = p .. 'c:' .. cid
    local c = call('HMGET', conv, 'seq', 'state', 'owner', 'queue', 'version', 'counted')
    local seq = c[1] + 1
    write_entry(p, cid, seq, argv[13])
    call('HSET', conv, 'seq', seq, 'channel', channel)
    if argv[9] ~= '' and call('HEXISTS', conv, 'subject') == 0 then call('HSET', conv, 'subject', argv[9], 'subject_key', argv[10]) end
    call('ZADD', p .. 'r:' .. rid .. ':addresses', now, who)
    if c[2] ~= 'closed' then call('ZADD', p .. 'r:' .. rid .. ':open', now, cid) end
    if c[2] == 'queued' then recount(p, cid, c[4], c[6], channel) end
    if c[2] ~= 'active' and c[2] ~= 'queued' then call('SADD', p .. 'attention', cid) end
    remember(p, cid, seq, argv[1], argv[2], argv[12])
    return {'ok', 0, cid, seq, rid, c[2], c[3] or '', c[4], c[5], ''}
  end
  cid = argv[3]
  rid = rid or argv[4]
  local conv, place = p .. 'c:' .. cid, place_take(p, now)
  write_entry(p, cid, 1, argv[13])
  call('HSET', conv, 'seq', 1, 'state', 'queued', 'channel', channel) -- first what `append` reads: a small hash is looked through from its front
  if argv[14] ~= '' then call('HSET', conv, 'n:' .. argv[14], 1) end
  call('HSET', conv, 'version', 1, 'queue', argv[5], 'resident', rid, 'counted', channel, 'opened', now, 'queued', now, 'place', string.format('%d', place),
    'units', argv[16])
  if argv[8] ~= '' then call('HSET', conv, 'name', argv[8]) end
  if argv[9] ~= '' then call('HSET', conv, 'subject', argv[9], 'subject_key', argv[10]) end
  if related then call('HSET', conv, 'related', related) end
  if address ~= '' then
    call('HSET', p .. 'address', who, rid)
    call('ZADD', p .. 'r:' .. rid .. ':addresses', now, who)
  end
  call('HSETNX', p .. 'r:' .. rid, 'created', now)
  call('ZADD', p .. 'r:' .. rid .. ':open', now, cid)
  call('ZADD', p .. 'waiting:' .. argv[5], string.format('%d', place - argv[15]), cid)
  call('HINCRBY', p .. 'counts', argv[5] .. ':' .. channel, 1)
  remember(p, cid, 1, argv[1], argv[2], argv[12])
  return {'ok', 1, cid, 1, rid, 'queued', '', argv[5], 1, related or ''}
end

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

-- KEYS: prefix   ARGV: 1 cid 2 version 3 state 4 owner 5 queue 6 must_own 7 keep_place 8 head_start 9 units 10 entry 11 now 12 forget_held 13 seen
local function transition(keys, argv)
  local p, cid, state, owner, queue, now = keys[1], argv[1], argv[3], argv[4], argv[5], argv[11]
  local conv, agents, counts = p .. 'c:' .. cid, p .. 'agents', p .. 'counts'
  local v = call('HMGET', conv, 'state', 'owner', 'queue', 'version', 'seq', 'units', 'queued', 'counted', 'channel', 'resident', 'held', 'place')
  if not v[1] then return {'not_found'} end
  local before = v[2] or ''
  if argv[6] ~= '' and before ~= argv[6] then return {'forbidden'} end
  if v[4] ~= argv[2] or (argv[13] ~= '0' and said_since(p, cid, argv[13])) then return {'stale'} end
  if owner ~= '' and owner ~= before then
    local a = call('HMGET', agents, owner .. ':presence', owner .. ':load', owner .. ':capacity')
    if a[1] ~= 'available' or tonumber(a[2] or 0) + argv[9] > tonumber(a[3] or 0) then return {'capacity'} end
  end
  if v[1] == 'queued' then
    call('ZREM', p .. 'waiting:' .. v[3], cid)
    call('HINCRBY', counts, v[3] .. ':' .. v[8], -1)
  end
  if before ~= '' then
    call('HINCRBY', agents, before .. ':load', -v[6])
    call('HINCRBY', agents, before .. ':n', -1)
    call('HSET', agents, before .. ':since', now)
    call('SREM', p .. 'work:' .. before, cid)
    call('HINCRBY', counts, v[3] .. ':active', -1)
    call('HDEL', conv, 'owner', 'assigned')
  end
  local seq, units, queued = v[5] + 1, argv[9], v[7]
  if state == 'queued' then
    local place = argv[7] == '1' and v[12] or string.format('%d', place_take(p, now))
    queued = argv[7] == '1' and v[7] or now
    call('ZADD', p .. 'waiting:' .. queue, string.format('%d', place - argv[8]), cid)
    call('HINCRBY', counts, queue .. ':' .. v[9], 1)
    call('HSET', conv, 'queued', queued, 'place', place, 'counted', v[9])
  end
  if owner ~= '' then
    call('HINCRBY', agents, owner .. ':load', units)
    call('HINCRBY', agents, owner .. ':n', 1)
    call('HSET', agents, owner .. ':since', now)
    call('SADD', p .. 'work:' .. owner, cid)
    call('HINCRBY', counts, queue .. ':active', 1)
    call('HSET', conv, 'owner', owner, 'held', owner, 'assigned', now)
  elseif argv[12] == '1' then
    call('HDEL', conv, 'held')
  end
  if state == 'closed' then
    call('ZREM', p .. 'r:' .. v[10] .. ':open', cid)
  else
    call('ZADD', p .. 'r:' .. v[10] .. ':open', now, cid)
  end
  call('SREM', p .. 'attention', cid)
  call('HSET', conv, 'state', state, 'queue', queue, 'version', v[4] + 1, 'seq', seq, 'units', units)
  write_entry(p, cid, seq, argv[10])
  return {'ok', v[4] + 1, seq, before}
end

-- KEYS: prefix   ARGV: cid client
local function conversation(keys, argv)
  local p = keys[1]
  local v = call('HMGET', p .. 'c:' .. argv[1], 'state', 'owner', 'queue', 'resident', 'name', 'subject', 'channel', 'version', 'seq', 'opened',
    'queued', 'assigned', 'read_r', 'read_a', 'units', 'related', 'n:' .. argv[2])
  if not v[1] then return {'not_found'} end
  for i = 1, 17 do v[i] = v[i] or '' end
  return {'ok', v, call('ZRANGE', p .. 'r:' .. v[4] .. ':addresses', 0, 31)}
end

-- KEYS: prefix   ARGV: offset window queues…
local function view(keys, argv)
  local p, offset, window = keys[1], tonumber(argv[1]), tonumber(argv[2])
  local waiting, queues = {}, {}
  for i = 3, #argv do
    local q = argv[i]
    local key = p .. 'waiting:' .. q
    local rows = window > 0 and call('ZRANGE', key, offset, offset + window - 1, 'WITHSCORES') or {}
    for k = 1, #rows, 2 do
      local c = call('HMGET', p .. 'c:' .. rows[k], 'channel', 'held', 'queued', 'version', 'units')
      waiting[#waiting + 1] = {rows[k], q, rows[k + 1], c[1] or '', c[2] or '', c[3] or '0', c[4] or '0', c[5] or '1'}
    end
    local n = call('HMGET', p .. 'counts', q .. ':chat', q .. ':email', q .. ':sms', q .. ':active')
    local oldest = call('ZRANGE', key, 0, 0)[1]
    queues[#queues + 1] = {q, call('ZCARD', key), n[1] or '0', n[2] or '0', n[3] or '0', n[4] or '0',
      oldest and call('HGET', p .. 'c:' .. oldest, 'queued') or '0'}
  end
  return {'ok', call('HGETALL', p .. 'agents'), waiting, queues}
end

-- KEYS: prefix   ARGV: agent presence node only_node capacity now
local function presence(keys, argv)
  local agents, a = keys[1] .. 'agents', argv[1]
  if argv[4] ~= '' and call('HGET', agents, a .. ':node') ~= argv[4] then return {'stale'} end
  call('HSET', agents, a .. ':presence', argv[2], a .. ':node', argv[3], a .. ':capacity', argv[5], a .. ':since', argv[6])
  call('HSETNX', agents, a .. ':load', 0)
  call('HSETNX', agents, a .. ':n', 0)
  return {'ok'}
end

-- KEYS: prefix   ARGV: cid field seq
local function read_mark(keys, argv)
  local conv = keys[1] .. 'c:' .. argv[1]
  local v = call('HMGET', conv, 'state', argv[2])
  if not v[1] then return {'not_found'} end
  if tonumber(argv[3]) > tonumber(v[2] or 0) then call('HSET', conv, argv[2], argv[3]) end
  return {'ok'}
end

-- An entry that nobody said: takes the next number.
local function append_plain(p, cid, entry)
  local seq = call('HINCRBY', p .. 'c:' .. cid, 'seq', 1)
  write_entry(p, cid, seq, entry)
  return seq .. ' ' .. call('HGET', p .. 'c:' .. cid, 'state')
end

-- KEYS: prefix   ARGV: cid channel address on must_own entry now
local function link(keys, argv)
  local p, cid = keys[1], argv[1]
  local v = call('HMGET', p .. 'c:' .. cid, 'resident', 'owner')
  if not v[1] then return {'not_found'} end
  if argv[5] ~= '' and v[2] ~= argv[5] then return {'forbidden'} end
  local who, rid = argv[2] .. ':' .. argv[3], v[1]
  local has = call('HGET', p .. 'address', who)
  if argv[4] == '1' then
    if has == rid then return {'duplicate'} end
    if has and call('ZCARD', p .. 'r:' .. has .. ':open') > 0 then return {'address_taken'} end
    if has then
      call('HSET', p .. 'linked', who, has)
      call('ZREM', p .. 'r:' .. has .. ':addresses', who)
    end
    call('HSET', p .. 'address', who, rid)
    call('ZADD', p .. 'r:' .. rid .. ':addresses', argv[7], who)
  else
    if has ~= rid then return {'not_found'} end
    local former = call('HGET', p .. 'linked', who)
    call('ZREM', p .. 'r:' .. rid .. ':addresses', who)
    if former then
      call('HSET', p .. 'address', who, former)
      call('ZADD', p .. 'r:' .. former .. ':addresses', argv[7], who)
      call('HDEL', p .. 'linked', who)
    else
      call('HDEL', p .. 'address', who)
    end
  end
  return append_plain(p, cid, argv[6])
end

-- KEYS: prefix   ARGV: channel node again max
local function outbox_take(keys, argv)
  local p, key, node, max = keys[1], keys[1] .. 'outbox:' .. argv[1], argv[2], argv[4]
  redis.pcall('XGROUP', 'CREATE', key, 'senders', '0', 'MKSTREAM')
  local items, out = {}, {}
  local function add(rows)
    for _, row in ipairs(rows or {}) do
      if row[2] then items[#items + 1] = row end
    end
  end
  if argv[3] == '1' then
    local own = call('XREADGROUP', 'GROUP', 'senders', node, 'COUNT', 1000, 'STREAMS', key, '0')
    add(own and own[1] and own[1][2])
  else
    add(call('XAUTOCLAIM', key, 'senders', node, 30000, '0-0', 'COUNT', max)[2])
  end
  local new = call('XREADGROUP', 'GROUP', 'senders', node, 'COUNT', max, 'STREAMS', key, '>')
  add(new and new[1] and new[1][2])
  for _, row in ipairs(items) do
    local f = {}
    for k = 1, #row[2], 2 do f[row[2][k]] = row[2][k + 1] end
    local conv = p .. 'c:' .. (f.c or '')
    local entry = f.s and call('XRANGE', conv .. ':log', f.s .. '-0', f.s .. '-0')[1]
    if entry then
      local c = call('HMGET', conv, 'name', 'subject', 'last_mid')
      out[#out + 1] = {row[1], f.c, f.s, entry[2][2], call('HGET', key .. ':attempts', row[1]) or '0', c[1] or '', c[2] or '', c[3] or '',
        table.concat(call('LRANGE', conv .. ':refs', -20, -1), ' ')}
    else
      call('XACK', key, 'senders', row[1]) -- its conversation was erased
      call('XDEL', key, row[1])
    end
  end
  return {'ok', out}
end

-- KEYS: prefix   ARGV: channel id
local function outbox_attempt(keys, argv)
  call('HINCRBY', keys[1] .. 'outbox:' .. argv[1] .. ':attempts', argv[2], 1)
  return {'ok'}
end

local RANK = {sent = 1, unknown = 1, delivered = 2, failed = 2}

local function receipt_write(p, cid, seq, state, entry)
  local key = p .. 'c:' .. cid .. ':receipts'
  local have = call('HGET', key, seq)
  if have and (RANK[have] or 0) >= (RANK[state] or 0) then return {'duplicate'} end
  call('HSET', key, seq, state)
  return append_plain(p, cid, entry)
end

-- KEYS: prefix   ARGV: channel id cid seq state entry message_id
local function outbox_finish(keys, argv)
  local p, key, cid = keys[1], keys[1] .. 'outbox:' .. argv[1], argv[3]
  local item = call('XRANGE', key, argv[2], argv[2])[1]
  if not item or call('EXISTS', p .. 'c:' .. cid) == 0 then return {'not_found'} end
  local answer = receipt_write(p, cid, argv[4], argv[5], argv[6])
  call('XACK', key, 'senders', argv[2])
  call('XDEL', key, argv[2])
  call('HDEL', key .. ':attempts', argv[2])
  if argv[7] ~= '' then
    call('SET', p .. 'ref:' .. argv[7], cid, 'EX', REF_S)
    call('RPUSH', p .. 'c:' .. cid .. ':refs', argv[7])
    call('LTRIM', p .. 'c:' .. cid .. ':refs', -REFS_MAX, -1)
  end
  return answer
end

-- KEYS: prefix   ARGV: cid seq state entry
local function receipt(keys, argv)
  local seq = tonumber(call('HGET', keys[1] .. 'c:' .. argv[1], 'seq') or 0)
  if tonumber(argv[2]) > seq then return {'not_found'} end
  return receipt_write(keys[1], argv[1], argv[2], argv[3], argv[4])
end

-- KEYS: prefix   ARGV: session until now
local function revoke(keys, argv)
  call('ZREMRANGEBYSCORE', keys[1] .. 'revoked', '-inf', '(' .. argv[3])
  call('ZADD', keys[1] .. 'revoked', argv[2], argv[1])
  call('PUBLISH', keys[1] .. 'revoked', argv[1])
  return {'ok'}
end

-- KEYS: prefix   ARGV: agent json ('' removes)
local function staff_put(keys, argv)
  if argv[2] == '' then
    if call('HDEL', keys[1] .. 'staff', argv[1]) == 0 then return {'not_found'} end
  else
    call('HSET', keys[1] .. 'staff', argv[1], argv[2])
    local capacity = argv[2]:match('"capacity":(%d+)')
    if capacity and call('HEXISTS', keys[1] .. 'agents', argv[1] .. ':presence') == 1 then
      call('HSET', keys[1] .. 'agents', argv[1] .. ':capacity', capacity)
    end
  end
  call('PUBLISH', keys[1] .. 'staff', argv[1])
  return {'ok'}
end

redis.register_function('loket_append', append)
redis.register_function('loket_arrive', arrive)
redis.register_function('loket_transition', transition)
redis.register_function{function_name = 'loket_conversation', callback = conversation, flags = {'no-writes'}}
redis.register_function{function_name = 'loket_view', callback = view, flags = {'no-writes'}}
redis.register_function('loket_presence', presence)
redis.register_function('loket_read_mark', read_mark)
redis.register_function('loket_link', link)
redis.register_function('loket_outbox_take', outbox_take)
redis.register_function('loket_outbox_attempt', outbox_attempt)
redis.register_function('loket_outbox_finish', outbox_finish)
redis.register_function('loket_receipt', receipt)
redis.register_function('loket_revoke', revoke)
redis.register_function('loket_staff_put', staff_put)
