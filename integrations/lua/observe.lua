-- What a service's headers say of its limit. Lower at once; raise only after the higher figure held for `proof`.
--
-- KEYS  the hash of the scope that the service counts.
-- ARGV  now ('' = the server's clock), limit ('' = not said), remaining ('' = not said), configured requests, window,
--       burst, may raise above the configured rate (1 or 0), proof, how long a learnt figure is kept (all µs).

local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end
local limit, remaining = tonumber(ARGV[2]), tonumber(ARGV[3])
local requests, window, depth = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local proof, keep = tonumber(ARGV[8]), tonumber(ARGV[9])
local function text(number) return string.format('%.0f', number) end

local row = redis.call('HMGET', KEYS[1], 'tat', 'until', 'per', 'burst', 'since', 'claim', 'turn', 'cur', 'prev', 'block')
local learnt = (tonumber(row[2]) or 0) > now
local per = learnt and tonumber(row[3]) or requests
local burst = learnt and tonumber(row[4]) or depth
local margin = limit and math.max(1, math.ceil(limit / 20)) or 1
local changed = {}

if limit then
  -- rate * window + burst <= limit - margin (reliability.md 2.3).
  local new_burst = math.min(depth, math.max(1, math.floor(limit / 5)))
  local new_per = math.max(limit - margin - new_burst, 0.5)
  if ARGV[7] ~= '1' then new_per = math.min(new_per, requests) end
  local since = tonumber(row[5])
  if new_per > per then
    new_per = since and math.min(new_per, tonumber(row[6])) or new_per
    if since and now - since >= proof then
      per, burst, since = new_per, new_burst, nil
    else
      since = since or now
    end
  else
    per, burst, since = new_per, new_burst, nil
  end
  changed = {'per', tostring(per), 'burst', text(burst), 'until', text(now + keep),
    'since', since and text(since) or '', 'claim', tostring(new_per)}
end

local gap = math.ceil(window / per)
local slack = (burst - 1) * gap
local tat = tonumber(row[1]) or now + slack
if remaining then
  local turn, counted = math.floor(now / window), tonumber(row[7]) or 0
  local cur, prev = tonumber(row[8]) or 0, tonumber(row[9]) or 0
  if turn ~= counted then cur, prev = 0, (turn == counted + 1) and cur or 0 end
  local pushed = tat
  if limit then
    -- Somebody else uses our address: book their requests as if they were ours. One of doubt is given.
    local foreign = limit - remaining - cur - prev - 1
    if foreign > 0 then
      pushed = math.max(pushed, now) + foreign * gap
      changed = {'turn', text(turn), 'cur', text(cur + foreign), 'prev', text(prev), unpack(changed)}
    end
    -- By ourselves we never use the margin. Once it is touched the window is nearly spent: wait until it has turned.
    if remaining < margin then pushed = math.max(pushed, now + slack + window * (margin - remaining) / margin) end
  elseif remaining == 0 then
    pushed = math.max(pushed, now + slack + window)
  end
  -- No more at once than are left.
  pushed = math.max(pushed, now + (burst - remaining) * gap)
  tat = math.max(tat, math.min(pushed, now + slack + window))
end

redis.call('HSET', KEYS[1], 'tat', text(tat), unpack(changed))
local last = math.max(tat, tonumber(row[10]) or 0, limit and now + keep or tonumber(row[2]) or 0)
redis.call('PEXPIRE', KEYS[1], text((last - now) / 1000 + window / 500 + 120000))
return {tostring(per), burst}
