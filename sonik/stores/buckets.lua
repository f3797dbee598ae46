-- Take tokens from every bucket, or from none where one has too little.
-- KEYS: the buckets. ARGV: tokens, now (us; 0: the server's own time), then interval and capacity (us) of each bucket.
-- Returns 1 or 0 for granted or not, then what each bucket owes now (us).
local tokens, now = tonumber(ARGV[1]), tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local told, granted = {1}, true
for i, key in ipairs(KEYS) do
  local interval, capacity = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  -- Never more than a bucket holds: a clock set back, or a smaller burst, would shut its owner out.
  told[i + 1] = math.min(math.max(0, (tonumber(redis.call('GET', key) or 0) or 0) - now), capacity)
  granted = granted and told[i + 1] + tokens * interval <= capacity
end
if not granted then
  told[1] = 0
elseif tokens > 0 then
  for i, key in ipairs(KEYS) do
    told[i + 1] = told[i + 1] + tokens * tonumber(ARGV[2 * i + 1])
    -- As digits: Lua itself would write 14 of them and an exponent.
    redis.call('SET', key, string.format('%.0f', now + told[i + 1]), 'PX', math.ceil(told[i + 1] / 1000))
  end
end
return told
