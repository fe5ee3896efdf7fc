-- Takes from all counts, or from none. KEYS are the counts; ARGV is a lease, its time in milliseconds, and for each count: how it is kept, its
-- limit, how much is wanted, and two numbers of an even pace. Answers for each with how long to wait, what is left, and until when it resets,
-- in microseconds. The time is the server's.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local lease, lasts = ARGV[1], tonumber(ARGV[2])
local DAY = 86400000000

local function whole(number)
  -- Lua would write large numbers with an exponent.
  return string.format('%.0f', number)
end

local function milliseconds(micros)
  return whole(math.max(1, math.ceil(micros / 1000)))
end

-- The first moment of the next month: days since 1970 to a date, and back.
local function next_month()
  local z = math.floor(now / DAY) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  if month == 12 then year, month = year + 1, 1 else month = month + 1 end
  local y = month <= 2 and year - 1 or year
  local e = math.floor(y / 400)
  local yo = y - e * 400
  local dy = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5)
  return (e * 146097 + yo * 365 + math.floor(yo / 4) - math.floor(yo / 100) + dy - 719468) * DAY
end

local answers, writes, refused = {}, {}, false
for at, key in ipairs(KEYS) do
  local base = 2 + (at - 1) * 5
  local kept, limit, cost = ARGV[base + 1], tonumber(ARGV[base + 2]), tonumber(ARGV[base + 3])
  local wait, left, reset = 0, 0, 0
  if kept == 'even' then
    local interval, ahead = tonumber(ARGV[base + 4]), tonumber(ARGV[base + 5])
    local before = math.max(now, tonumber(redis.call('GET', key) or '0'))
    local paid = before + interval * cost
    wait = limit == 0 and 1000000 or math.max(0, paid - now - ahead)
    if wait > 0 then paid = before end
    left = math.max(0, math.floor((ahead - (paid - now)) / interval))
    reset = paid - now
    writes[at] = {'SET', key, whole(paid), 'PX', milliseconds(paid - now)}
  elseif kept == 'at_once' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
    local held = redis.call('ZCARD', key)
    wait, reset = held >= limit and 1000000 or 0, 1000000
    left = math.max(0, limit - held - (wait == 0 and 1 or 0))
    writes[at] = {'ZADD', key, whole(now + lasts * 1000), lease}
  else
    local used, ends = 0, 0
    local before = redis.call('GET', key)
    if before then
      local a, b = string.match(before, '^(%d+) (%d+)$')
      used, ends = tonumber(a), tonumber(b)
    end
    if ends <= now then
      used = 0
      if kept == 'minute' then ends = now + 60000000
      elseif kept == 'day' then ends = (math.floor(now / DAY) + 1) * DAY
      else ends = next_month() end
    end
    local total = used + math.min(cost, limit)
    reset = ends - now
    if total > limit or limit == 0 then wait, total = reset, used end
    left = math.max(0, limit - total)
    writes[at] = {'SET', key, whole(total) .. ' ' .. whole(ends), 'PX', milliseconds(ends - now)}
  end
  if wait > 0 then refused = true end
  answers[#answers + 1] = whole(wait)
  answers[#answers + 1] = whole(left)
  answers[#answers + 1] = whole(reset)
end
if not refused then
  for at, write in ipairs(writes) do
    redis.call(unpack(write))
    if write[1] == 'ZADD' then redis.call('PEXPIRE', KEYS[at], whole(lasts * 2)) end
  end
end
return answers
