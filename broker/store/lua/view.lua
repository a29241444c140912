-- KEYS: prefix   ARGV: cid client
local function conversation(keys, argv)
  local p = keys[1]
  local v = call('HMGET', p .. 'c:' .. argv[1], 'state', 'owner', 'queue', 'resident', 'name', 'subject', 'channel', 'version', 'seq', 'opened',
    'queued', 'assigned', 'read_r', 'read_a', 'related', 'n:' .. argv[2], 'offered', 'joined', 'held', 'back', 'due', 'prio', 'lang', 'closed', 'first_due',
    'resolve_due', 'share', 'nodes', 'pages')
  if not v[1] then return {'not_found'} end
  for i = 1, 29 do v[i] = v[i] or '' end
  return {'ok', v, call('ZRANGE', p .. 'r:' .. v[4] .. ':addresses', 0, 31)}
end

-- Brokers come and go, and a conversation stays: a list that grew long is rid of those that live no more.
local function alive(p, list, node)
  local all = {}
  for w in words(list) do all[#all + 1] = w end
  if #all <= FOLLOWERS_MAX then return list end
  for _, w in ipairs(all) do
    if w ~= node and not call('ZSCORE', p .. 'nodes', w) then list = without(list, w) end
  end
  return list
end

-- Somebody on @node follows the conversation, or nobody there any more; @page: a page of the resident is among them. Answers 'SEQ NODES': the newest
-- entry, and who follows.   KEYS: prefix   ARGV: cid node on page
local function follow(keys, argv)
  local conv, node = keys[1] .. 'c:' .. argv[1], argv[2]
  local v = call('HMGET', conv, 'seq', 'nodes', 'pages')
  if not v[1] then return {'not_found'} end
  local nodes
  if argv[3] == '1' then nodes = alive(keys[1], with(v[2], node), node) else nodes = without(v[2], node) or '' end
  call('HSET', conv, 'nodes', nodes)
  brief_write(conv)
  if argv[4] == '1' then
    call('HSET', conv, 'pages', with(v[3], node))
  elseif v[3] then
    set_or_drop(conv, 'pages', without(v[3], node))
  end
  return {'ok', v[1] .. ' ' .. nodes}
end

-- What the wallboard looks at.
-- KEYS: prefix   ARGV: window queues…
local function view(keys, argv)
  local p, window = keys[1], tonumber(argv[1])
  local waiting, queues = {}, {}
  for i = 2, #argv do
    local q = argv[i]
    local key = p .. 'waiting:' .. q
    local rows = window > 0 and call('ZRANGE', key, 0, window - 1, 'WITHSCORES') or {}
    for k = 1, #rows, 2 do
      local c = call('HMGET', p .. 'c:' .. rows[k], 'channel', 'queued', 'prio', 'state')
      waiting[#waiting + 1] = {rows[k], q, rows[k + 1], c[1] or '', c[2] or '0', c[3] or '0', c[4] or ''}
    end
    local n = call('HMGET', p .. 'counts', q .. ':chat', q .. ':email', q .. ':sms', q .. ':active')
    local oldest = call('ZRANGE', key, 0, 0)[1]
    queues[#queues + 1] = {q, call('ZCARD', key), n[1] or '0', n[2] or '0', n[3] or '0', n[4] or '0',
      oldest and call('HGET', p .. 'c:' .. oldest, 'queued') or '0'}
  end
  return {'ok', call('HGETALL', p .. 'agents'), waiting, queues}
end

-- Where waiting conversations stand. KEYS: prefix   ARGV: cids…   Answers {cid, queue, place from 1 or 0}, and the pace of each queue.
local function places(keys, argv)
  local p, out, pace, known = keys[1], {}, {}, {}
  for _, cid in ipairs(argv) do
    local v = call('HMGET', p .. 'c:' .. cid, 'state', 'queue')
    local rank = v[1] and waits(v[1]) and call('ZRANK', p .. 'waiting:' .. v[2], cid)
    out[#out + 1] = {cid, v[2] or '', rank and rank + 1 or 0}
    if rank and not known[v[2]] then
      known[v[2]] = true
      pace[#pace + 1] = {v[2], call('LRANGE', p .. 'pace:' .. v[2], 0, PACE_MAX - 1)}
    end
  end
  return {'ok', out, pace}
end

redis.register_function{function_name = 'loket_conversation', callback = conversation, flags = {'no-writes'}}
redis.register_function('loket_follow', follow)
redis.register_function{function_name = 'loket_view', callback = view, flags = {'no-writes'}}
redis.register_function{function_name = 'loket_places', callback = places, flags = {'no-writes'}}
