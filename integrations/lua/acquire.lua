-- A place in every scope at once, or in none. See docs/decisions/0004-limiter.md.
--
-- What a class takes within its share for the next seconds, and what goes within `recheck`, surely goes. What it borrows
-- for later, and all that lies further off, is only pencilled in: whoever goes first by share or class need not heed it,
-- so its caller asks again when the time has come.
--
-- KEYS  a hash and a log for each scope, then the set that lists the shared scopes; all carry one hash tag.
-- ARGV  now ('' = the server's clock), longest wait, class, its rank (1 = people who wait), its share, its reach, recheck,
--       a name for this call, when it was booked for ('' = it asks for the first time), then for each scope: requests,
--       window, burst, shared (1 or 0).
-- Gives {granted (1 or 0), wait, when}.

local now, longest, recheck = moment(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[7])
local class, rank, share, reach = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local name, booked = ARGV[8], tonumber(ARGV[9])
local scopes, since, grace, near = {}, now, 1000000, 5000000

-- Whether what was booked surely goes: nothing was lost and nobody asked us to stay away meanwhile.
local function stands()
  for i = 1, #KEYS - 1, 2 do
    local block = tonumber(redis.call('HGET', KEYS[i], 'block')) or 0
    if block > now or not redis.call('ZSCORE', KEYS[i + 1], name) then return false end
  end
  return true
end

-- What others have pencilled in: "whose, rank, when, since when;". s.before: of all classes that go first and, in its
-- own, of those who asked first; s.own: of its own class alone. Nobody overtakes within a class: s.behind. Who did not
-- come within `grace` is gone.
local function read_pencil(s)
  local kept, before, own = {}, {}, {}
  s.behind = 0
  since = tonumber(string.match(s.pencil, name .. ' %d+ %d+ (%d+);')) or since
  for entry, id, level, time, asked in string.gmatch(s.pencil, '((%S+) (%d+) (%d+) (%d+);)') do
    local at, above = tonumber(time), tonumber(level) < rank
    if id ~= name and at >= now - grace then
      kept[#kept + 1] = entry
      local first = tonumber(asked) < since or tonumber(asked) == since and (not booked or id < name)
      local mine = first and tonumber(level) == rank
      if mine or above or not s.shared then before[#before + 1] = math.max(at, now) end
      if mine then
        own[#own + 1] = math.max(at, now)
        s.behind = math.max(s.behind, at)
      end
    end
  end
  for _, at in ipairs(s.ahead) do
    before[#before + 1], own[#own + 1] = at, at
  end
  table.sort(before)
  table.sort(own)
  s.before, s.own, s.pencil = before, own, table.concat(kept)
end

-- s.old: moments of calls that have gone out, by how many have gone since (0 = the latest, -1 = the one before).
local function read_log(s)
  local past = redis.call('ZCOUNT', s.log, '-inf', text(now))
  local first = math.max(past + 1 - s.most, 1)
  local last = math.min(past, past + 1 + #s.before - s.most + s.spare)
  s.old = {}
  if first > last then return end
  local calls = redis.call('ZRANGE', s.log, first - 1, last - 1, 'WITHSCORES')
  for i = 2, #calls, 2 do s.old[first - 1 + i / 2 - past] = tonumber(calls[i]) end
end

-- Whether those who go later than `at`, the i-th of `ahead` and on, still keep pace and window. tat: after this call.
local function leaves_room(s, i, at, ahead, tat, most)
  for j = i, #ahead do
    if ahead[j] < tat - (rank == 1 and s.slack or s.inner) then return false end
    tat = math.max(tat, ahead[j]) + s.gap
    -- The call that has to have left the window when this one comes.
    local n = j + 1 - most
    local out = s.old[n]
    if n > i then
      out = ahead[n - 1]
    elseif n > 0 then
      out = n < i and ahead[n] or at
    end
    if out and ahead[j] < out + s.span then return false end
  end
  return true
end

-- The first moment from `from` on that keeps pace and window, for us and for all that is `ahead`.
local function fit(s, from, ahead, slack, most)
  local tat = s.tat
  for i = 1, #ahead + 1 do
    local out = s.old[i - most] or ahead[i - most]
    local at = math.max(from, math.ceil(tat - slack), out and out + s.span or 0)
    local room = not ahead[i] or at < ahead[i]
    if room and leaves_room(s, i, at, ahead, math.max(tat, at) + s.gap, most) then return at end
    if ahead[i] then
      tat, from = math.max(tat, ahead[i]) + s.gap, math.max(from, ahead[i])
    end
  end
end

-- The first moment from `from` on in one scope; s.within: that it lies within the share of the class.
local function first_place(s, from)
  from = math.max(from, s.block, s.behind)
  if not s.shared then return fit(s, from, s.before, s.slack, s.most) end
  local most, all_but_spare = s.most, s.most - s.spare
  local waits = rank == 1
  local mine = fit(s, math.max(from, s.own_ready), s.own, waits and s.slack or s.inner, waits and most or all_but_spare)
  local lent = fit(s, from, s.before, reach * s.inner, all_but_spare)
  s.within = mine <= lent
  return math.min(mine, lent)
end

if booked then
  if stands() then return {1, 0, booked} end
  for i = 2, #KEYS - 1, 2 do redis.call('ZREM', KEYS[i], name) end
end
for i = 1, #KEYS - 1, 2 do
  local at = 10 + (i - 1) * 2
  local s = open(KEYS[i], KEYS[i + 1], now, tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]),
    ARGV[at + 3] == '1')
  scopes[#scopes + 1] = s
  read_pencil(s)
  read_log(s)
  if s.shared then
    -- However small the burst: a class may catch up on a few places of its share that it came too late for.
    local ahead = math.max(s.burst, 4) - 1
    s.own_gap = math.ceil(s.gap / share)
    s.own_tat = tonumber(redis.call('HGET', s.key, 'tat:' .. class)) or now + ahead * s.own_gap
    s.own_ready = s.own_tat - ahead * s.own_gap
  end
end

local grant, before = now, nil
repeat
  before = grant
  for _, s in ipairs(scopes) do grant = first_place(s, grant) end
until grant == before

local wait = grant - now
local firm = wait <= near
for _, s in ipairs(scopes) do firm = firm and (s.within or not s.shared) end
firm = firm or wait <= recheck
local granted = wait <= longest
for _, s in ipairs(scopes) do
  if granted and firm then
    redis.call('ZADD', s.log, text(grant), name)
    if grant <= now then s.tat = math.max(s.tat, now) + s.gap end
    -- Only what a class takes within its share is counted against it: borrowing leaves no debt.
    if s.shared and s.within then
      redis.call('HSET', s.key, 'tat:' .. class, text(math.max(s.own_tat, grant) + s.own_gap))
    end
  elseif granted then
    s.pencil = s.pencil .. string.format('%s %d %s %s;', name, rank, text(grant), text(since))
  end
  if granted or booked then
    save(s, now, grant, 'pencil', s.pencil, 'window', text(s.window), 'rate', tostring(s.per))
    redis.call('ZREMRANGEBYSCORE', s.log, '-inf', text(now - s.memory))
    redis.call('PEXPIRE', s.log, text((grant - now + s.memory) / 1000 + 1000))
    if s.shared then redis.call('SADD', KEYS[#KEYS], s.key) end
  end
end
return {granted and 1 or 0, wait, grant}
