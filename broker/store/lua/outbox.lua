-- What brokers that live no more had taken and not finished goes to @node.
local function orphans(p, key, node)
  for _, row in ipairs(call('XINFO', 'CONSUMERS', key, 'senders')) do
    local name, pending = row[2], row[4]
    if name ~= node and pending > 0 and not call('ZSCORE', p .. 'nodes', name) then
      for _, item in ipairs(call('XPENDING', key, 'senders', '-', '+', 10000, name)) do call('XCLAIM', key, 'senders', node, 0, item[1], 'JUSTID') end
    end
  end
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
    orphans(p, key, node)
    local own = call('XREADGROUP', 'GROUP', 'senders', node, 'COUNT', 1000, 'STREAMS', key, '0')
    add(own and own[1] and own[1][2])
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

-- Only whoever has taken it may try: a broker that was thought dead finds its work with another. KEYS: prefix   ARGV: channel id node
local function outbox_attempt(keys, argv)
  local key = keys[1] .. 'outbox:' .. argv[1]
  local row = call('XPENDING', key, 'senders', argv[2], argv[2], 1)[1]
  if not row or row[2] ~= argv[3] then return {'stale'} end
  call('HINCRBY', key .. ':attempts', argv[2], 1)
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

redis.register_function('loket_outbox_take', outbox_take)
redis.register_function('loket_outbox_attempt', outbox_attempt)
redis.register_function('loket_outbox_finish', outbox_finish)
redis.register_function('loket_receipt', receipt)
