-- The service said: stay away. Nobody asks before that time is over, and then slowly.
--
-- KEYS  hash and log of the scope that the service counts.
-- ARGV  now ('' = the server's clock), how long, configured requests, window, burst, shared (1 or 0).

local now = moment(ARGV[1])
local requests = tonumber(ARGV[3])
local s = open(KEYS[1], KEYS[2], now, requests, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1')
-- A rate that we were talked into and that was then refused was not true. It has to prove itself anew.
if s.per > requests then s.per = requests end
measure(s)
s.block = math.max(s.block, now + tonumber(ARGV[2]))
s.tat = math.max(s.tat, s.block + s.slack)
save(s, now, s.block, 'block', text(s.block), 'per', tostring(s.per), 'since', '')
return text(s.block - now)
