-- What a service's headers say of its limit. Lower at once; raise only after the higher figure held for `proof`.
--
-- KEYS  hash and log of the scope that the service counts.
-- ARGV  now ('' = the server's clock), limit ('' = not said), remaining ('' = not said), configured requests, window,
--       burst, shared (1 or 0), may raise above the configured rate (1 or 0), proof, how long a learnt figure is kept,
--       recheck (see acquire.lua).

local now, limit, remaining = moment(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local requests, window, depth = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local proof, keep = tonumber(ARGV[9]), tonumber(ARGV[10])
local s = open(KEYS[1], KEYS[2], now, requests, window, depth, ARGV[7] == '1')
local margin = limit and math.max(1, math.floor(limit / 20)) or 1
local changed = {}

if limit then
  local burst, per = math.min(depth, math.max(1, math.floor(limit / 5))), math.max(limit - margin, 0.5)
  if ARGV[8] ~= '1' then per = math.min(per, requests) end
  local known = redis.call('HMGET', KEYS[1], 'since', 'claim')
  local since = tonumber(known[1])
  if per > s.per then
    per = since and math.min(per, tonumber(known[2])) or per
    if since and now - since >= proof then
      s.per, s.burst, since = per, burst, nil
    else
      since = since or now
    end
  else
    -- What is booked was counted against a higher limit: whoever sleeps for longer asks again.
    if per < s.per then redis.call('ZREMRANGEBYSCORE', s.log, '(' .. text(now + tonumber(ARGV[11])), '+inf') end
    s.per, s.burst, since = per, burst, nil
  end
  s.keep = now + keep
  changed = {'per', tostring(s.per), 'burst', text(s.burst), 'until', text(s.keep), 'since', since and text(since) or '',
    'claim', tostring(per)}
  measure(s)
end

if remaining then
  local own = redis.call('ZCOUNT', s.log, '(' .. text(now - s.memory), text(now))
  local foreign = limit and math.min(limit - remaining - own - 1, s.most, 1000) or 0
  -- Somebody else uses our address: book their calls as if they were ours. One of doubt is given.
  for i = 1, foreign do redis.call('ZADD', s.log, text(now), 'others:' .. text(now) .. ':' .. i) end
  if foreign > 0 then redis.call('PEXPIRE', s.log, text(s.memory / 1000 + 1000)) end
  -- By ourselves we never use the margin. Once it is touched the window is nearly spent: stay away until it has turned.
  if remaining < margin then s.block = math.max(s.block, now + math.ceil(window * (margin - remaining) / margin)) end
  -- No more at once than are left, where that is less than we had believed.
  local ours = s.most - redis.call('ZCOUNT', s.log, '(' .. text(now - s.span), text(now))
  if remaining < math.min(s.burst, ours) then s.tat = math.max(s.tat, now + (s.burst - remaining) * s.gap) end
end

save(s, now, now, 'block', text(s.block), unpack(changed))
return {tostring(s.per), s.burst}
