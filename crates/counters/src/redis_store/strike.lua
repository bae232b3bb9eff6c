-- Adds points to a score that decays, up to its end; 1 where they did not all fit.
-- KEYS: the score. ARGV: microseconds in which a point decays, the most points, points to add.
-- The time is this server's: nodes whose clocks differ count alike.
local time = redis.call('TIME')
local now_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, most, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = now_us + most * interval
local at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now_us) + points * interval
local over = 0
if at > full then
  at, over = full, 1
end
local ttl = math.ceil((at - now_us) / 1000) + 1
redis.call('SET', KEYS[1], string.format('%.0f', at), 'PX', string.format('%.0f', ttl))
return { over }
