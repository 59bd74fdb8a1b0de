-- The service said: stay away. Nobody asks before that time is over, and then slowly.
--
-- KEYS  the hash of the scope that the service counts.
-- ARGV  now ('' = the server's clock), how long (µs), configured requests, window (µs), burst.

local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end
local requests, window, depth = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local function text(number) return string.format('%.0f', number) end

local row = redis.call('HMGET', KEYS[1], 'tat', 'block', 'until', 'per', 'burst')
local learnt = (tonumber(row[3]) or 0) > now
local per, burst = requests, depth
if learnt then per, burst = tonumber(row[4]), tonumber(row[5]) end
-- A rate that we were talked into and that was then refused was not true. It has to prove itself anew.
if per > requests then
  per = requests
  redis.call('HSET', KEYS[1], 'per', tostring(per))
end
redis.call('HSET', KEYS[1], 'since', '')

local block = math.max(tonumber(row[2]) or 0, now + tonumber(ARGV[2]))
local tat = math.max(tonumber(row[1]) or 0, block + (burst - 1) * math.ceil(window / per))
redis.call('HSET', KEYS[1], 'block', text(block), 'tat', text(tat))
redis.call('PEXPIRE', KEYS[1], text((math.max(tat, tonumber(row[3]) or 0) - now) / 1000 + window / 500 + 120000))
return text(block - now)
