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
  local v = call('HMGET', p .. 'c:' .. cid, 'state', 'nodes')
  return seq .. ' ' .. v[1] .. ' ' .. (v[2] or '')
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

redis.register_function('loket_read_mark', read_mark)
redis.register_function('loket_link', link)
