-- Puts what was spent in the place of what was reserved. KEYS are the counts; ARGV is both numbers, and the limit of each count.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local reserved, spent = tonumber(ARGV[1]), tonumber(ARGV[2])
for at, key in ipairs(KEYS) do
  local limit = tonumber(ARGV[2 + at])
  local before = redis.call('GET', key)
  if before then
    local a, b = string.match(before, '^(%d+) (%d+)$')
    local used, ends = tonumber(a), tonumber(b)
    if ends and ends > now then
      used = math.max(0, used - math.min(reserved, limit)) + spent
      redis.call('SET', key, string.format('%.0f %.0f', used, ends), 'KEEPTTL')
    end
  end
end
return 0
