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

-- The time series. KEYS: prefix   ARGV: from to (quarters)   Answers {ms, {field, sum, …}}, and where the next page begins
local function stats(keys, argv)
  local p, out, sums, at, to = keys[1], {}, 0, tonumber(argv[1]), tonumber(argv[2])
  at = at - at % QUARTER_MS
  local last = at + STATS_QUARTERS * QUARTER_MS
  while at < to and at < last and sums < STATS_SUMS do
    local rows = call('HGETALL', p .. 'stats:' .. number(at))
    if #rows > 0 then out[#out + 1] = {number(at), rows} end
    sums = sums + #rows / 2
    at = at + QUARTER_MS
  end
  return {'ok', out, number(at)}
end

redis.register_function{function_name = 'loket_targets', callback = targets, flags = {'no-writes'}}
redis.register_function{function_name = 'loket_stats', callback = stats, flags = {'no-writes'}}
