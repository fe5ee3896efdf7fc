-- Renews a lease, also where the server has lost it. KEYS are the counts; ARGV is the lease and its time in milliseconds.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, string.format('%.0f', now + tonumber(ARGV[2]) * 1000), ARGV[1])
  redis.call('PEXPIRE', key, string.format('%.0f', tonumber(ARGV[2]) * 2))
end
return 0
