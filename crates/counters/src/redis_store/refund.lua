-- Gives back what charge.lua charged for a request that another group of keys refused.
-- KEYS: one a rule. ARGV: six a rule, as charge.lua has them; and at the end the milliseconds, by
-- this server's clock, at which it charged. Never more is given back than was charged there.
local call, floor, format, ARGV = redis.call, math.floor, string.format, ARGV
local at_ms = ARGV[#ARGV] + 0

for i = 1, #KEYS do
  local key, at = KEYS[i], (i - 1) * 6
  local kind = ARGV[at + 1]
  if kind == 'rate' then
    local tat = call('GET', key)
    if tat then call('SET', key, format('%.0f', tat - ARGV[at + 3]), 'KEEPTTL') end
  elseif kind == 'window' then
    local slot = format('%.0f', floor(at_ms / ARGV[at + 3]))
    if (call('HGET', key, slot) or 0) + 0 > 0 then call('HINCRBY', key, slot, -1) end
  else
    local start, stop = ARGV[at + 4] + 0, ARGV[at + 5] + 0
    if at_ms < start then start = ARGV[at + 3] + 0 elseif at_ms >= stop then start = stop end
    local held = call('HMGET', key, 'start', 'used')
    if held[1] and held[1] + 0 == start and held[2] + 0 > 0 then
      call('HINCRBY', key, 'used', -1)
    end
  end
end
return {}
