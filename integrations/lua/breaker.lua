-- One breaker a provider, shared by all workers. Closed: calls pass. Open: none. Half open: exactly one, the probe.
--
-- KEYS  the breaker's hash, the probe's key.
-- ARGV  now ('' = the server's clock), event (ask, good or bad), failures that open it, first open time (µs), longest
--       open time (µs), jitter (factor), how long a probe may take (ms), the caller's name.
-- ask gives {1, 0} or {0, µs to wait}; good and bad give {1, µs it stays open}.

local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end
local event, threshold = ARGV[2], tonumber(ARGV[3])
local function text(number) return string.format('%.0f', number) end

local row = redis.call('HMGET', KEYS[1], 'failures', 'open_until', 'openings')
local failures, open_until, openings = tonumber(row[1]) or 0, tonumber(row[2]) or 0, tonumber(row[3]) or 0

if event == 'ask' then
  if open_until == 0 then return {1, 0} end
  if open_until > now then return {0, text(open_until - now)} end
  if redis.call('SET', KEYS[2], ARGV[8], 'NX', 'PX', ARGV[7]) then return {1, 0} end
  return {0, text(redis.call('PTTL', KEYS[2]) * 1000)}
end

-- Once it has opened only the probe's answer counts; the others belong to calls that began before.
if open_until > 0 and redis.call('GET', KEYS[2]) ~= ARGV[8] then return {1, 0} end

if event == 'good' then
  if failures == 0 then return {1, 0} end
  redis.call('DEL', KEYS[1], KEYS[2])
  return {1, 0}
end

failures = failures + 1
if failures < threshold and open_until == 0 then
  redis.call('HSET', KEYS[1], 'failures', failures)
  redis.call('PEXPIRE', KEYS[1], 86400000)
  return {1, 0}
end
local longest = tonumber(ARGV[5])
local stay = math.min(tonumber(ARGV[4]) * 2 ^ math.min(openings, 30), longest) * tonumber(ARGV[6])
redis.call('HSET', KEYS[1], 'failures', failures, 'open_until', text(now + stay), 'openings', openings + 1)
redis.call('PEXPIRE', KEYS[1], 86400000)
redis.call('DEL', KEYS[2])
return {1, text(stay)}
