-- A slot in every scope at once, or in none: GCRA with real reservations. See docs/decisions/0004-limiter.md.
-- All times are microseconds. tat: when the scope would be idle if nothing more were asked of it.
--
-- KEYS  one hash a scope, then the set that lists the shared scopes; all carry one hash tag.
-- ARGV  now ('' = the server's clock), cost (0 = only say how long the penalty lasts), longest wait, class,
--       share of the class, reach of the class, then for each scope: requests, window, burst, shared (1 or 0).
-- Gives {granted (1 or 0), wait}.

local cost, longest, class = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local share, reach = tonumber(ARGV[5]), tonumber(ARGV[6])
local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end

local grant, scopes = now, {}
for i = 1, #KEYS - 1 do
  local at = 7 + (i - 1) * 4
  local row = redis.call('HMGET', KEYS[i], 'tat', 'tat:' .. class, 'block', 'until', 'per', 'burst', 'turn', 'cur', 'prev')
  local s = {window = tonumber(ARGV[at + 1]), shared = ARGV[at + 3] == '1', row = row}
  local learnt = (tonumber(row[4]) or 0) > now
  s.keep = learnt and tonumber(row[4]) or now
  s.per = learnt and tonumber(row[5]) or tonumber(ARGV[at])
  s.burst = learnt and tonumber(row[6]) or tonumber(ARGV[at + 2])
  s.gap = math.ceil(s.window / s.per)
  s.block = tonumber(row[3]) or 0
  local slack = (s.burst - 1) * s.gap
  -- A missing key starts empty of burst: state that was lost must not hand out a second burst.
  s.tat = tonumber(row[1]) or now + slack
  local ready = s.tat + (cost - s.burst) * s.gap
  if s.shared then
    -- Within its share a class may use the whole burst; beyond it, only its reach of the burst.
    s.own_gap = math.ceil(s.gap / share)
    s.own_tat = tonumber(row[2]) or now + (s.burst - 1) * s.own_gap
    s.own_ready = s.own_tat + (cost - s.burst) * s.own_gap
    ready = math.min(math.max(ready, s.own_ready), ready + (1 - reach) * slack)
  end
  grant = math.max(grant, s.block, cost > 0 and ready or 0)
  scopes[i] = s
end

local wait = math.ceil(grant - now)
if cost == 0 then return {wait == 0 and 1 or 0, wait} end
if wait > longest then return {0, wait} end
grant = now + wait

local function text(number) return string.format('%.0f', number) end
for i, s in ipairs(scopes) do
  local tat = math.max(s.tat, grant) + cost * s.gap
  -- Two fixed windows count what we took, so that headers can be compared with it.
  local turn, counted = math.floor(now / s.window), tonumber(s.row[7]) or 0
  local cur, prev = tonumber(s.row[8]) or 0, tonumber(s.row[9]) or 0
  if turn ~= counted then cur, prev = 0, (turn == counted + 1) and cur or 0 end
  redis.call('HSET', KEYS[i], 'tat', text(tat), 'turn', text(turn), 'cur', text(cur + cost), 'prev', text(prev),
    'window', text(s.window), 'rate', tostring(s.per), 'depth', text(s.burst))
  if s.shared then
    redis.call('SADD', KEYS[#KEYS], KEYS[i])
    -- Only what a class takes within its share is counted against that share: borrowing leaves no debt.
    if s.own_ready <= grant then
      redis.call('HSET', KEYS[i], 'tat:' .. class, text(math.max(s.own_tat, grant) + cost * s.own_gap))
    end
  end
  redis.call('PEXPIRE', KEYS[i], text((math.max(tat, s.block, s.keep) - now) / 1000 + s.window / 500 + 120000))
end
return {1, wait}
