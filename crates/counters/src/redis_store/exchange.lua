-- Adds what a node let in, and tells what all nodes let in: ever, and slot by slot, newest first.
-- KEYS: the count. ARGV: how long a slot is in milliseconds, how many slots count, how many to add.
-- The time is this server's: nodes whose clocks differ count alike.
local call, key = redis.call, KEYS[1]
local time = call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local width, slots, more = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local slot = math.floor(now_ms / width)
local reply = { call('HINCRBY', key, 'ever', more) }
call('HINCRBY', key, string.format('%.0f', slot), more)
call('PEXPIRE', key, string.format('%.0f', (slots + 1) * width))
for age = 1, slots do reply[age + 1] = 0 end
local held, old = call('HGETALL', key), {}
for n = 1, #held, 2 do
  local which = tonumber(held[n])
  if which then
    -- A slot of the future was counted before this server's clock stepped back: it counts as new.
    local age = math.max(0, slot - which)
    if age < slots then
      reply[age + 2] = reply[age + 2] + tonumber(held[n + 1])
    else
      table.insert(old, held[n])
    end
  end
end
if #old > 0 then call('HDEL', key, unpack(old)) end
return reply
