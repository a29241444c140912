-- Promises that are in danger or broken, the earliest first. KEYS: prefix   ARGV: until max   Answers {'first'|'resolve', cid, due, queue, channel}
local function targets(keys, argv)
  local p, out = keys[1], {}
  local rows = call('ZRANGEBYSCORE', p .. 'targets', '-inf', argv[1], 'WITHSCORES', 'LIMIT', 0, argv[2])
  for i = 1, #rows, 2 do
    local kind, cid = rows[i]:match('^(%a+):(.+)$')
    local v = call('HMGET', p .. 'c:' .. cid, 'queue', 'channel')
    if v[1] then out[#out + 1] = {kind, cid, rows[i + 1], v[1], v[2]} end
  end
  return {'ok', out}
end

-- The time series. KEYS: prefix   ARGV: from to (quarters), settle_at or 0   Answers {ms, {field, sum, …}}
local function stats(keys, argv)
  local p, out = keys[1], {}
  local at = tonumber(argv[1])
  at = at - at % QUARTER_MS
  while at < tonumber(argv[2]) and #out < 200 do
    local rows = call('HGETALL', p .. 'stats:' .. number(at))
    if #rows > 0 then out[#out + 1] = {number(at), rows} end
    at = at + QUARTER_MS
  end
  return {'ok', out, number(at)}
end

-- The time of everybody who is signed in goes to the statistics. KEYS: prefix   ARGV: now
local function settle_all(keys, argv)
  local p = keys[1]
  for _, field in ipairs(call('HKEYS', p .. 'agents')) do
    local a = field:match('^(.+):presence$')
    if a then settle(p, a, tonumber(argv[1])) end
  end
  return {'ok'}
end

redis.register_function{function_name = 'loket_targets', callback = targets, flags = {'no-writes'}}
redis.register_function{function_name = 'loket_stats', callback = stats, flags = {'no-writes'}}
redis.register_function('loket_settle', settle_all)
