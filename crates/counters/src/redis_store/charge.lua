-- Charges all rules of a request, or none. Counts as crates/throttle does; keep the two alike.
-- KEYS: one a rule. ARGV: six a rule: kind, count, and four numbers of its kind; and at the end
-- `charge`, or `look`, which changes nothing. Returns three numbers a rule, and the time.
-- The time is this server's: nodes whose clocks differ count alike.
local call, floor, max, min, ceil = redis.call, math.floor, math.max, math.min, math.ceil
local format, ARGV = string.format, ARGV
local time = call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = floor(now_us / 1000)
local steps, reply, admitted = {}, {}, ARGV[#ARGV] == 'charge'

-- How much is left of a rate that is so far ahead, and when there will be more.
local function left(ahead, count, interval)
  local left, part = floor((count * interval - ahead) / interval), ahead % interval
  if part == 0 then part = min(ahead, interval) end
  if left <= 0 then part = ahead + interval - count * interval end
  return max(0, left), ceil(part / 1000)
end

for i = 1, #KEYS do
  local key, at = KEYS[i], (i - 1) * 6
  local kind, count = ARGV[at + 1], ARGV[at + 2] + 0
  local step, remaining, reset
  if kind == 'rate' then
    local interval = ARGV[at + 3] + 0
    local tat = max((call('GET', key) or 0) + 0, now_us)
    step = { tat = tat + interval, interval = interval, count = count }
    remaining, reset = left(tat - now_us, count, interval)
  elseif kind == 'window' then
    local width, slots = ARGV[at + 3] + 0, ARGV[at + 4] + 0
    local slot, used, live, old = floor(now_ms / width), 0, {}, {}
    local held = call('HGETALL', key)
    for n = 1, #held, 2 do
      -- A slot of the future was counted before this server's clock stepped back: it counts.
      local which, many = held[n] + 0, held[n + 1] + 0
      if which + slots > slot then
        used = used + many
        live[#live + 1] = { which, many }
      else
        old[#old + 1] = held[n]
      end
    end
    remaining = max(0, count - used)
    table.sort(live, function(one, other) return one[1] < other[1] end)
    -- Slots must leave until there is room for one more than now.
    local leaving, must_leave = slot, max(1, used - count + 1)
    for _, held in ipairs(live) do
      leaving, must_leave = held[1], must_leave - held[2]
      if must_leave <= 0 then break end
    end
    reset = (leaving + slots) * width - now_ms
    step = { slot = slot, width = width, slots = slots, old = old }
  else
    local start, stop = ARGV[at + 4] + 0, ARGV[at + 5] + 0
    if now_ms < start then start, stop = ARGV[at + 3] + 0, start end
    if now_ms >= stop then start, stop = stop, ARGV[at + 6] + 0 end
    local held = call('HMGET', key, 'start', 'used')
    local used = 0
    if held[1] and held[1] + 0 >= start then used = held[2] + 0 end
    remaining, reset = max(0, count - used), stop - now_ms
    step = { start = start, stop = stop, used = used + 1 }
  end
  if remaining <= 0 then admitted = false end
  step.remaining, step.reset = remaining, reset
  steps[i] = step
end

for i = 1, #steps do
  local step, key, at = steps[i], KEYS[i], (i - 1) * 3
  local fits, remaining, reset = step.remaining > 0 and 1 or 0, step.remaining, step.reset
  if admitted then
    if step.tat then
      remaining, reset = left(step.tat - now_us, step.count, step.interval)
      local ttl = format('%.0f', ceil((step.tat - now_us) / 1000) + 1)
      call('SET', key, format('%.0f', step.tat), 'PX', ttl)
    elseif step.slot then
      remaining = remaining - 1
      if #step.old > 0 then call('HDEL', key, unpack(step.old)) end
      call('HINCRBY', key, format('%.0f', step.slot), 1)
      call('PEXPIRE', key, format('%.0f', step.slots * step.width))
    else
      remaining = remaining - 1
      call('HSET', key, 'start', format('%.0f', step.start), 'used', format('%.0f', step.used))
      call('PEXPIRE', key, format('%.0f', step.stop - now_ms))
    end
  end
  reply[at + 1], reply[at + 2], reply[at + 3] = fits, remaining, reset
end
reply[#reply + 1] = now_ms
return reply
