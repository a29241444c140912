#!lua name=loket
-- What Redis does in one atomic step. Accounting only: which transition is right is decided in broker/core; here a stale one is refused.
-- Every function checks everything first and writes last, so that a refusal leaves nothing half. The first element of an answer is
-- 'ok' or the name of an error in errors.def.
--
-- Keys (P is the organisation's prefix '{o:ORG}:'):
--   P c:CID            hash    seq state channel nodes unanswered, n:CLIENT = highest counter of that client; version owner held back offered joined
--                              share queue resident name subject subject_key opened queued place head prio assigned closed due counted line lang
--                              needs prefers declined first_due resolve_due related read_r read_a last_mid reason
--                              share = who bears it, 'AGENT:UNITS:SOFT:CHANNEL …'; nodes = brokers where somebody follows it, 'N1 N2';
--                              pages = those of them where a page of the resident does
--   P c:CID:log        stream  the messages, SEQ-0 from 1 without gaps; field e is an encoded `entry` frame
--   P c:CID:refs       list    Message-IDs of the conversation, oldest first
--   P c:CID:receipts   hash    SEQ -> newest delivery state
--   P waiting:QUEUE    zset    conversations that wait or are offered; score = place in line minus head start, ms
--   P lines  set, P line:CLASS  zset   the conversations to route, by what they ask for: CLASS = QUEUE|CHANNEL|LANGUAGE|NEEDS|PREFERS|HELD. Whatever
--                              stands in one line can be taken by the same agents, so the router reads the heads alone
--   P counts           hash    QUEUE:chat|email|sms = waiting by channel, QUEUE:active = held, place = the last place in line given
--   P pace:QUEUE       list    when the last 100 were given to an agent, ms, newest first
--   P agents           hash    AID: presence here load soft n chat email sms capacity max_chat max_email max_sms since missed tick
--                              here = brokers where a session of theirs is open; tick = up to when their time is in the statistics
--   P absent           zset    agents without a session, by when their work is given on
--   P work:AID         set     conversations that the agent bears;  P with:AID  set  those that they take part in
--   P due              zset    conversations by when their state ends by itself (offer, wrap-up, snooze, return)
--   P targets          zset    'first:CID' and 'resolve:CID' by when it is promised
--   P attention        set     conversations whose log got a message that asks for a transition
--   P lease            hash    node fence until: who routes;  P nodes  zset  brokers by last beat, ms of Redis' clock;  P node:ID  string, about it
--   P stats:MS         hash    QUEUE|CHANNEL|AGENT|METRIC -> sum, of the quarter of an hour that begins at MS
--   P settings         hash    routing, queue:ID -> JSON;  P audit  stream  at actor action what before after
--   P address          hash    CHANNEL:ADDRESS -> resident;  P linked  hash  CHANNEL:ADDRESS -> resident it belonged to before
--   P r:RID            hash    the resident;  P r:RID:addresses  zset by last use;  P r:RID:open  zset of open conversations
--   P seen:SOURCE:ID   string  'CID SEQ' of what came from there;  P ref:MESSAGE-ID  string  CID
--   P outbox:CHANNEL   stream  work to send (c = CID, s = SEQ), group `senders`;  P outbox:CHANNEL:attempts  hash
--   P staff  hash;  P revoked  zset;  P secret  string, what this organisation signs its tokens with
-- Channels: P changed ('NODE CID SEQ AGENT,AGENT\n' and the entry), P node:ID, P staff, P settings,
--           P presence ('AGENT PRESENCE'), P revoked
local function call(...)
  return redis.call(...) -- looked up when it runs: while a library is loaded Redis 7.0 has no redis.call yet
end
local SEEN_S = 90 * 86400
local REF_S = 730 * 86400
local REFS_MAX = 40
local DECLINED_MAX = 16
local PACE_MAX = 100
local AUDIT_MAX = 1000000
local QUARTER_MS = 900000
local STATS_S = 400 * 86400

local function write_entry(p, cid, seq, entry)
  call('XADD', p .. 'c:' .. cid .. ':log', seq .. '-0', 'e', entry)
end

local function number(n)
  return string.format('%d', n)
end

local function words(s)
  return string.gmatch(s or '', '%S+')
end

-- @list without @word; nil when nothing is left.
local function without(list, word)
  local out = {}
  for w in words(list) do
    if w ~= word then out[#out + 1] = w end
  end
  return #out > 0 and table.concat(out, ' ') or nil
end

local function with(list, word)
  local rest = without(list, word)
  return rest and rest .. ' ' .. word or word
end

local function set_or_drop(key, field, value)
  if value and value ~= '' then call('HSET', key, field, value) else call('HDEL', key, field) end
end

-- The time series: one hash a quarter of an hour.
local function tally(p, now, queue, channel, agent, metric, n)
  if n == 0 then return end
  local key = p .. 'stats:' .. number(now - now % QUARTER_MS)
  local total = call('HINCRBY', key, queue .. '|' .. channel .. '|' .. agent .. '|' .. metric, n)
  if total == n then call('EXPIRE', key, STATS_S) end
end

-- An agent's time until now goes to the quarters that it was spent in: `on_ms` signed in, `busy_ms` of which with work.
local function settle(p, agent, now)
  local agents = p .. 'agents'
  local a = call('HMGET', agents, agent .. ':tick', agent .. ':presence', agent .. ':load')
  local from, on, busy = tonumber(a[1] or now), (a[2] or 'offline') ~= 'offline', tonumber(a[3] or 0) > 0
  from = math.max(from, now - 96 * QUARTER_MS)
  while from < now and (on or busy) do
    local to = math.min(now, from - from % QUARTER_MS + QUARTER_MS)
    if on then tally(p, from, '', '', agent, 'on_ms', to - from) end
    if busy then tally(p, from, '', '', agent, 'busy_ms', to - from) end
    from = to
  end
  call('HSET', agents, agent .. ':tick', number(now))
end

local function line_out(p, cid)
  local class = call('HGET', p .. 'c:' .. cid, 'line')
  if not class then return end
  local key = p .. 'line:' .. class
  call('ZREM', key, cid)
  if call('EXISTS', key) == 0 then call('SREM', p .. 'lines', class) end
  call('HDEL', p .. 'c:' .. cid, 'line')
end

local function line_in(p, cid)
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'queue', 'channel', 'lang', 'needs', 'prefers', 'held', 'place', 'head')
  local class = table.concat({v[1], v[2], v[3] or '', v[4] or '', v[5] or '', v[6] or ''}, '|')
  call('ZADD', p .. 'line:' .. class, number(v[7] - (v[8] or 0)), cid)
  call('SADD', p .. 'lines', class)
  call('HSET', conv, 'line', class)
end

-- The resident's newest channel is another one while the conversation waits: the wallboard counts it there, and others may take it.
local function recount(p, cid, to)
  local conv = p .. 'c:' .. cid
  local v = call('HMGET', conv, 'queue', 'counted', 'state')
  if v[2] ~= to then
    call('HINCRBY', p .. 'counts', v[1] .. ':' .. v[2], -1)
    call('HINCRBY', p .. 'counts', v[1] .. ':' .. to, 1)
    call('HSET', conv, 'counted', to)
    if v[3] == 'queued' then
      line_out(p, cid)
      line_in(p, cid)
    end
  end
end

local function waits(state)
  return state == 'queued' or state == 'offered'
end

-- A message after which somebody must decide: the state does not wait, and nobody works on it.
local function asks(state)
  return state ~= 'active' and state ~= 'queued' and state ~= 'offered'
end

-- The first words of an agent: the promise is kept, or was not.
local function answered(p, cid, since, author)
  local conv, t = p .. 'c:' .. cid, call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local v = call('HMGET', conv, 'queue', 'channel', 'first_due')
  call('HSET', conv, 'unanswered', '0')
  call('HDEL', conv, 'first_due')
  call('ZREM', p .. 'targets', 'first:' .. cid)
  tally(p, now, v[1], v[2], author, 'first', 1)
  tally(p, now, v[1], v[2], author, 'first_ms', math.max(0, now - since))
  if v[3] then tally(p, now, v[1], v[2], author, now <= tonumber(v[3]) and 'first_in' or 'first_late', 1) end
end
