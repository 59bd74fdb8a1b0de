-- One breaker a provider, shared by all workers. Closed: calls pass. Open: none. Half open: exactly one, the probe.
--
-- KEYS  the breaker's hash, the probe's key.
-- ARGV  now ('' = the server's clock), event (ask, good or bad), failures in a row that open it, how many calls of a
--       minute open it where more than half failed, first open time (µs), longest open time (µs), jitter (factor), how
--       long a probe may take (ms), the caller's name.
-- ask gives {1, 0} or {0, µs to wait}; good and bad give {1, µs it stays open}.

local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end
local event, threshold, enough, caller = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[9]
local function text(number) return string.format('%.0f', number) end

local row = redis.call('HMGET', KEYS[1], 'failures', 'open_until', 'openings')
local failures, open_until, openings = tonumber(row[1]) or 0, tonumber(row[2]) or 0, tonumber(row[3]) or 0

if event == 'ask' then
  if open_until == 0 then return {1, 0} end
  if open_until > now then return {0, text(open_until - now)} end
  if redis.call('SET', KEYS[2], caller, 'NX', 'PX', ARGV[8]) then return {1, 0} end
  return {0, text(redis.call('PTTL', KEYS[2]) * 1000)}
end

-- Once it has opened only the probe's answer counts; the others belong to calls that began before.
if open_until > 0 and redis.call('GET', KEYS[2]) ~= caller then return {1, 0} end
if open_until > 0 and event == 'good' then
  redis.call('DEL', KEYS[1], KEYS[2])
  return {1, 0}
end

failures = event == 'bad' and failures + 1 or 0
redis.call('HSET', KEYS[1], 'failures', failures)
redis.call('PEXPIRE', KEYS[1], 86400000)

-- Calls and failures of the last minute, counted in six parts that take turns: "which ten seconds, calls, failures".
local calls, bad = 0, 0
if open_until == 0 then
  local turn, part = math.floor(now / 10000000), 'part:' .. math.floor(now / 10000000) % 6
  local own = {string.match(redis.call('HGET', KEYS[1], part) or '', '(%d+) (%d+) (%d+)')}
  if tonumber(own[1]) ~= turn then own = {turn, 0, 0} end
  own[2], own[3] = own[2] + 1, own[3] + (event == 'bad' and 1 or 0)
  redis.call('HSET', KEYS[1], part, string.format('%.0f %d %d', turn, own[2], own[3]))
  if event == 'good' then return {1, 0} end
  for _, told in ipairs(redis.call('HMGET', KEYS[1], 'part:0', 'part:1', 'part:2', 'part:3', 'part:4', 'part:5')) do
    local at, some, failed = string.match(told or '', '(%d+) (%d+) (%d+)')
    if at and turn - tonumber(at) < 6 then calls, bad = calls + some, bad + failed end
  end
  local mostly = calls >= enough and 2 * bad > calls
  if failures < threshold and not mostly then return {1, 0} end
  -- Why it opens: of so many calls so many failed, or 0 where it was a row of failures.
  if failures >= threshold then calls, bad = 0, 0 end
  redis.call('HSET', KEYS[1], 'calls', calls, 'bad', bad)
end

local stay = math.min(tonumber(ARGV[5]) * 2 ^ math.min(openings, 30), tonumber(ARGV[6])) * tonumber(ARGV[7])
redis.call('HSET', KEYS[1], 'open_until', text(now + stay), 'openings', openings + 1)
-- Since when it has not been closed, for the alarms.
if open_until == 0 then redis.call('HSET', KEYS[1], 'since', text(now)) end
redis.call('DEL', KEYS[2])
return {1, text(stay)}
