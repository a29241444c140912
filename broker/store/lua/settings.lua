local function audit_write(p, at, actor, action, what, before, after)
  call('XADD', p .. 'audit', 'MAXLEN', '~', AUDIT_MAX, '*', 'at', at, 'actor', actor, 'action', action, 'what', what, 'before', before, 'after', after)
end

-- KEYS: prefix   ARGV: at actor action what before after
local function audit(keys, argv)
  audit_write(keys[1], argv[1], argv[2], argv[3], argv[4], argv[5], argv[6])
  return {'ok'}
end

-- Does somebody wait in @queue, is helped there, or will come back to it?
local function in_use(p, queue)
  local n = call('HMGET', p .. 'counts', queue .. ':active', queue .. ':snoozed')
  return call('EXISTS', p .. 'waiting:' .. queue) == 1 or tonumber(n[1] or 0) > 0 or tonumber(n[2] or 0) > 0
end

-- A setting ('' removes), if it is still what its author saw ('*': whatever it is).
-- KEYS: prefix   ARGV: name json seen at actor
local function setting_put(keys, argv)
  local p, name, json = keys[1], argv[1], argv[2]
  local before = call('HGET', p .. 'settings', name) or ''
  if argv[3] ~= '*' and argv[3] ~= before then return {'stale'} end
  local queue = name:match('^queue:(.+)$')
  if json == '' then
    if before == '' then return {'not_found'} end
    if queue and in_use(p, queue) then return {'bad_state'} end
    call('HDEL', p .. 'settings', name)
  else
    call('HSET', p .. 'settings', name, json)
  end
  audit_write(p, argv[4], argv[5], 'setting', name, before, json)
  call('PUBLISH', p .. 'settings', name)
  return {'ok'}
end

-- KEYS: prefix   ARGV: session until now
local function revoke(keys, argv)
  call('ZREMRANGEBYSCORE', keys[1] .. 'revoked', '-inf', '(' .. argv[3])
  call('ZADD', keys[1] .. 'revoked', argv[2], argv[1])
  call('PUBLISH', keys[1] .. 'revoked', argv[1])
  return {'ok'}
end

-- A member of staff, if the entry is still what its author saw ('*': whatever it is).
-- KEYS: prefix   ARGV: agent json ('' removes) capacity max_chat max_email max_sms at actor before after (these two for the audit, without secrets) seen
local function staff_put(keys, argv)
  local p, a = keys[1], argv[1]
  if argv[11] ~= '*' and argv[11] ~= (call('HGET', p .. 'staff', a) or '') then return {'stale'} end
  local row = agent_get(p, a)
  if argv[2] == '' then
    if call('HDEL', p .. 'staff', a) == 0 then return {'not_found'} end
  else
    call('HSET', p .. 'staff', a, argv[2])
    row[CAPACITY], row[LIMIT.chat], row[LIMIT.email], row[LIMIT.sms] = argv[3], argv[4], argv[5], argv[6]
  end
  agent_put(p, a, row)
  audit_write(p, argv[7], argv[8], 'staff', a, argv[9], argv[10])
  call('PUBLISH', p .. 'staff', a)
  return {'ok'}
end

redis.register_function('loket_audit', audit)
redis.register_function('loket_setting_put', setting_put)
redis.register_function('loket_revoke', revoke)
redis.register_function('loket_staff_put', staff_put)
