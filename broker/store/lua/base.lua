#!lua name=loket
-- What Redis does in one atomic step. Accounting only: which transition is right is decided in broker/core; here a stale one is refused.
-- Every function checks everything first and writes last, so that a refusal leaves nothing half. The first element of an answer is
-- 'ok' or the name of an error in errors.def.
--
-- Keys (P is the organisation's prefix '{o:ORG}:'):
--   P c:CID            hash    seq brief, n:CLIENT = highest counter of that client; state channel nodes unanswered version owner held back offered joined
--                              share queue resident name subject subject_key opened queued place head prio assigned closed due counted line row lang
--                              needs prefers declined first_due resolve_due related read_r read_a last_mid reason pages
--                              share = who bears it, 'AGENT:UNITS:SOFT:CHANNEL …'; nodes = brokers where somebody follows it, 'N1 N2';
--                              brief = 'STATE CHANNEL +|- OWNER|- NODES…' once more, for append: each field that it reads costs Redis a twelfth of a
--                              message. + while unanswered
--                              pages = those of them where a page of the resident does; unanswered = since when no agent has said anything, or 0;
--                              assigned = since when its owner has it, or the last one had it; line, row = where and as what it stands to be routed
--   P c:CID:log        stream  the messages, SEQ-0 from 1 without gaps; field e is an encoded `entry` frame
--   P c:CID:refs       list    Message-IDs of the conversation, oldest first
--   P c:CID:receipts   hash    SEQ -> newest delivery state
--   P waiting:QUEUE    zset    conversations that wait or are offered; score = place in line minus head start, ms
--   P line:CLASS       zset    the conversations to route, by what they ask for: CLASS = QUEUE|CHANNEL|LANGUAGE|NEEDS|PREFERS|HELD. Whatever stands in
--                              one line can be taken by the same agents, so the router reads the heads alone. Member 'CID SCORE QUEUED VERSION DECLINED…'
--   P lines            zset    CLASS by the score of its head
--   P counts           hash    QUEUE:chat|email|sms = waiting by channel, QUEUE:active = held, QUEUE:snoozed, place = the last place in line given
--   P pace:QUEUE       list    when the last 100 were given to an agent, ms, newest first
--   P agents           hash    AID -> 'PRESENCE LOAD SOFT N CHAT EMAIL SMS CAPACITY MAX_CHAT MAX_EMAIL MAX_SMS SINCE MISSED TICK HERE…'
--                              here = brokers where a session of theirs is open; tick = up to when their time is in the statistics
--   P absent           zset    agents without a session, by when their work is given on; and who signed off with work
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
--   P form  string, the version of this form (adopt.lua);  P staff  hash;  P revoked  zset;  P secret  string, what this organisation signs its tokens with
-- Channels: P changed ('NODE CID SEQ AGENT,AGENT\n' and the entry), P node:ID, P staff, P settings, P revoked, P presence ('AID PRESENCE')
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
local STATS_QUARTERS = 5000 -- looked at in one page: 52 days, at 0.6 us each when nothing happened; and so many sums, at 0.5 us
local STATS_SUMS = 5000
local SIGNED_OFF_MS = 5000
local FOLLOWERS_MAX = 16
local LOOK_ROWS = 1000 -- at 0.6 us; and 250 lines at 7 us: a look takes Redis 3 ms at most, with 1,000 agents
local LOOK_LINES = 250

local function write_entry(p, cid, seq, entry)
  call('XADD', p .. 'c:' .. cid .. ':log', seq .. '-0', 'e', entry)
end

local function number(n)
  return string.format('%d', n)
end

-- Redis' own clock, ms.
local function clock()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function words(s)
  return string.gmatch(s or '', '%S+')
end

local function has(list, word)
  return (' ' .. (list or '') .. ' '):find(' ' .. word .. ' ', 1, true) ~= nil
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

local function brief(state, channel, unanswered, owner, nodes)
  return table.concat({state, channel, (unanswered or '0') == '0' and '-' or '+', owner or '-', nodes or ''}, ' ')
end

-- After any change of what it tells.
local function brief_write(conv)
  local v = call('HMGET', conv, 'state', 'channel', 'unanswered', 'owner', 'nodes')
  call('HSET', conv, 'brief', brief(v[1], v[2], v[3], v[4] or nil, v[5]))
end

local function waits(state)
  return state == 'queued' or state == 'offered'
end

-- A message after which somebody must decide: the state does not wait, and nobody works on it.
local function asks(state)
  return state ~= 'active' and state ~= 'queued' and state ~= 'offered'
end

local function owned(state)
  return state == 'active' or state == 'wrap_up'
end

-- The time series: one hash a quarter of an hour.
local stats_key = {} -- the last one used: it costs more to make than to use
local function tally(p, now, queue, channel, agent, metric, n)
  if n == 0 then return end
  local at = now - now % QUARTER_MS
  if stats_key.at ~= at or stats_key.p ~= p then
    stats_key = {at = at, p = p, key = p .. 'stats:' .. number(at)}
  end
  local total = call('HINCRBY', stats_key.key, queue .. '|' .. channel .. '|' .. agent .. '|' .. metric, n)
  if total == n then call('EXPIRE', stats_key.key, STATS_S) end
end

-- A place in line: the time of enqueueing, but never the same twice, so that two who came in one tick of the clock stay in their order.
local function place_take(p, now)
  local place = math.max(tonumber(now), tonumber(call('HGET', p .. 'counts', 'place') or 0) + 1)
  call('HSET', p .. 'counts', 'place', number(place))
  return place
end

local function promise(p, cid, first_due, resolve_due)
  local conv = p .. 'c:' .. cid
  if first_due ~= '0' then
    call('HSET', conv, 'first_due', first_due)
    call('ZADD', p .. 'targets', first_due, 'first:' .. cid)
  end
  if resolve_due ~= '0' then
    call('HSET', conv, 'resolve_due', resolve_due)
    call('ZADD', p .. 'targets', resolve_due, 'resolve:' .. cid)
  end
end
