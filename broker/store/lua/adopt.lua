-- What a former version left behind takes the present form, once, before anything else: whatever was not closed waits again at its old place, first for who had it.
local FORM = '2'

local function adopt_conversation(p, cid)
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'state', 'queue', 'channel', 'queued', 'place', 'version', 'owner', 'held', 'opened')
  if not v[1] then return end
  call('HDEL', conv, 'owner', 'assigned', 'units', 'counted', 'share', 'offered', 'joined', 'due', 'line', 'row')
  call('HSET', conv, 'head', '0', 'prio', '0', 'nodes', '', 'unanswered', '0')
  if v[1] ~= 'closed' then
    local queued, version = v[4] or v[9], number(v[6] + 1)
    local place = v[5] or queued
    call('HSET', conv, 'state', 'queued', 'version', version, 'queued', queued, 'place', place, 'counted', v[3])
    set_or_drop(conv, 'held', v[7] or v[8])
    call('ZADD', p .. 'waiting:' .. v[2], place, cid)
    call('HINCRBY', p .. 'counts', v[2] .. ':' .. v[3], 1)
    line_in(p, cid)
  end
  brief_write(conv)
end

-- KEYS: prefix
local function adopt(keys)
  local p = keys[1]
  if call('GET', p .. 'form') == FORM then return {'ok'} end
  local place = call('HGET', p .. 'counts', 'place')
  for _, pattern in ipairs({'waiting:*', 'line:*', 'work:*', 'with:*'}) do
    for _, key in ipairs(call('KEYS', p .. pattern)) do call('DEL', key) end
  end
  call('DEL', p .. 'counts', p .. 'agents', p .. 'lines', p .. 'absent', p .. 'due', p .. 'targets')
  if place then call('HSET', p .. 'counts', 'place', place) end
  local staff = call('HGETALL', p .. 'staff')
  for i = 1, #staff, 2 do
    local a = agent_get(p, staff[i])
    a[CAPACITY] = staff[i + 1]:match('"capacity":(%d+)') or '0'
    agent_put(p, staff[i], a)
  end
  for _, key in ipairs(call('KEYS', p .. 'c:*')) do
    local cid = key:sub(#p + 3)
    if not cid:find(':', 1, true) then adopt_conversation(p, cid) end
  end
  call('SET', p .. 'form', FORM)
  return {'ok'}
end

redis.register_function('loket_adopt', adopt)
