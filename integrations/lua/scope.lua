-- What the limiter's scripts have in common; it stands in front of each of them. All times are microseconds.
--
-- A scope has a hash (its pace, its penalty, what was learnt, what is pencilled in) and a sorted set, the log: every
-- call that went out or surely will, by its moment. See docs/decisions/0004-limiter.md.

local function text(number) return string.format('%.0f', number) end

local function moment(told)
  if told ~= '' then return tonumber(told) end
  local clock = redis.call('TIME')
  return clock[1] * 1000000 + clock[2]
end

-- most: calls in any `span`, which is a sixtieth longer than the window, because one call travels longer than another.
-- spare: of those, the place that only a person who waits may take. gap: the pace of all others together.
-- slack: how far ahead of its pace a scope may be; inner: the same for all but people who wait.
local function measure(s)
  s.most = math.max(1, math.floor(s.per))
  s.spare = s.shared and s.most >= 24 and 1 or 0
  s.span = math.ceil(s.window * 61 / 60 * s.most / s.per)
  s.gap = math.ceil(s.span / (s.most - s.spare))
  s.slack = (s.burst - 1) * s.gap
  s.inner = (s.shared and s.burst > 2) and s.slack - s.gap or s.slack
  -- An answer may speak of calls that went out a while ago: the log is kept for longer than it binds.
  s.memory = s.span + math.ceil(s.window / 10)
end

-- The scope as it stands. per, burst: in force. tat: when it would be idle, by all that went out until now; ahead: what
-- surely goes later, ascending. A scope that is not known is without a burst: lost state must not hand out another one.
local function open(key, log, now, requests, window, depth, shared)
  local row = redis.call('HMGET', key, 'tat', 'at', 'block', 'until', 'per', 'burst', 'pencil')
  local learnt = (tonumber(row[4]) or 0) > now
  local s = {key = key, log = log, window = window, shared = shared, ahead = {}, pencil = row[7] or ''}
  s.block, s.keep = tonumber(row[3]) or 0, learnt and tonumber(row[4]) or now
  s.per, s.burst = learnt and tonumber(row[5]) or requests, learnt and tonumber(row[6]) or depth
  measure(s)
  s.tat = tonumber(row[1]) or now + s.inner
  local told = math.min(tonumber(row[2]) or 0, now)
  local calls = redis.call('ZRANGEBYSCORE', log, '(' .. text(told), '+inf', 'WITHSCORES')
  for i = 2, #calls, 2 do
    local at = tonumber(calls[i])
    if at > now then
      s.ahead[#s.ahead + 1] = at
    else
      s.tat = math.max(s.tat, at) + s.gap
    end
  end
  return s
end

-- last: until when something of this scope has to be known.
local function save(s, now, last, ...)
  redis.call('HSET', s.key, 'tat', text(s.tat), 'at', text(now), ...)
  local idle = math.max(s.tat, s.block, s.keep, last) - now
  redis.call('PEXPIRE', s.key, text(idle / 1000 + s.window / 500 + 120000))
end
