-- Who takes part besides the owner, and how urgent it is: changes that leave the state alone.

-- A change without a change of state: the next version and number, the entry, and everybody is told.
local function change_write(p, cid, v, agents, node, entry)
  local seq, version = v[4] + 1, v[5] + 1
  call('HSET', p .. 'c:' .. cid, 'seq', seq, 'version', version)
  if v[1] == 'queued' then line_again(p, cid) end
  write_entry(p, cid, seq, entry)
  agents[#agents + 1] = v[2]
  for a in words(v[3]) do agents[#agents + 1] = a end
  for a in words(v[6]) do agents[#agents + 1] = a end
  return {'ok', version, seq, v[2] or '', tell(p, node, cid, seq, agents, entry)}
end

-- Take part besides the owner, or no longer. An agent must own it to bring somebody in.
-- KEYS: prefix   ARGV: cid agent on must_own max node entry
local function join(keys, argv)
  local p, cid, agent, on = keys[1], argv[1], argv[2], argv[3] == '1'
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'state', 'owner', 'joined', 'seq', 'version', 'offered')
  if not v[1] then return {'not_found'} end
  if argv[4] ~= '' and v[2] ~= argv[4] then return {'forbidden'} end
  if on and (v[1] == 'closed' or v[2] == agent) then return {'bad_state'} end
  if on == has(v[3], agent) then return {on and 'duplicate' or 'not_found'} end
  local list, n = without(v[3], agent), 0
  if on then list = with(v[3], agent) end
  for _ in words(list) do n = n + 1 end
  if on and n > tonumber(argv[5]) then return {'full'} end
  set_or_drop(conv, 'joined', list)
  call(on and 'SADD' or 'SREM', p .. 'with:' .. agent, cid)
  return change_write(p, cid, v, {agent}, argv[6], argv[7])
end

-- KEYS: prefix   ARGV: cid priority head_start node entry
local function prioritise(keys, argv)
  local p, cid = keys[1], argv[1]
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'state', 'owner', 'joined', 'seq', 'version', 'offered', 'queue', 'place')
  if not v[1] then return {'not_found'} end
  if v[1] == 'closed' then return {'bad_state'} end
  call('HSET', conv, 'prio', argv[2], 'head', argv[3])
  if waits(v[1]) then call('ZADD', p .. 'waiting:' .. v[7], number(v[8] - argv[3]), cid) end
  return change_write(p, cid, v, {}, argv[4], argv[5])
end

redis.register_function('loket_join', join)
redis.register_function('loket_prioritise', prioritise)
