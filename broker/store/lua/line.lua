-- The lines that the router reads: who is queued stands in exactly one.
-- The caller sets `line` and `row`, or drops them.
local function line_leave(p, class, row)
  local key = p .. 'line:' .. class
  call('ZREM', key, row)
  local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if head[1] then call('ZADD', p .. 'lines', head[2], class) else call('ZREM', p .. 'lines', class) end
end

-- @v: queue, channel, lang, needs, prefers, held, place, head, queued, version, declined. Answers line and row.
local function line_enter(p, cid, v)
  local class = table.concat({v[1], v[2], v[3] or '', v[4] or '', v[5] or '', v[6] or ''}, '|')
  local score = number(v[7] - (v[8] or 0))
  local row = table.concat({cid, score, v[9], v[10], v[11] or nil}, ' ')
  call('ZADD', p .. 'line:' .. class, score, row)
  call('ZADD', p .. 'lines', 'LT', score, class)
  return class, row
end

local function line_in(p, cid)
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'queue', 'channel', 'lang', 'needs', 'prefers', 'held', 'place', 'head', 'queued', 'version', 'declined')
  local class, row = line_enter(p, cid, v)
  call('HSET', conv, 'line', class, 'row', row)
end

-- Something that the row shows is another one.
local function line_again(p, cid)
  local v = call('HMGET', p .. 'c:' .. cid, 'line', 'row')
  line_leave(p, v[1], v[2])
  line_in(p, cid)
end

-- The resident's newest channel is another one while the conversation waits: the wallboard counts it there, and others may take it.
local function recount(p, cid, to)
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'queue', 'counted', 'state')
  if v[2] ~= to then
    call('HINCRBY', p .. 'counts', v[1] .. ':' .. v[2], -1)
    call('HINCRBY', p .. 'counts', v[1] .. ':' .. to, 1)
    call('HSET', conv, 'counted', to)
    if v[3] == 'queued' then line_again(p, cid) end
  end
end

-- What the router looks at: everybody, and the heads of each line, the line with the oldest head first. Bounded, and gone on with from where it ended.
-- KEYS: prefix   ARGV: from_line from_row deep window   Answers agents, {class, rows, …}, and where to go on: line, row, deep (0 0 0: nothing behind).
-- deep: a line that was looked at goes on behind the window.
local function look(keys, argv)
  local p, from, row, deep, window = keys[1], tonumber(argv[1]), tonumber(argv[2]), argv[3] == '1', tonumber(argv[4])
  local classes, out, n, i = call('ZRANGE', p .. 'lines', from, from + LOOK_LINES), {}, 0, 1
  while i <= LOOK_LINES and classes[i] and n < LOOK_ROWS do
    local rows = call('ZRANGE', p .. 'line:' .. classes[i], row, row + window) -- one more, which tells that there are more
    if #rows > window then
      deep = true
      rows[#rows] = nil
    end
    if #rows > 0 then
      out[#out + 1] = classes[i]
      out[#out + 1] = rows
      n = n + #rows
    end
    i = i + 1
  end
  local line_next, row_next = 0, 0
  if classes[i] then
    line_next, row_next = from + i - 1, row
  elseif deep then
    row_next, deep = row + window, false
  end
  return {'ok', call('HGETALL', p .. 'agents'), out, line_next, row_next, deep and 1 or 0}
end

redis.register_function{function_name = 'loket_look', callback = look, flags = {'no-writes'}}
