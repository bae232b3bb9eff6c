-- Charges all rules of a request, or none. Counts as crates/throttle does; keep the two alike.
-- KEYS: one a rule. ARGV: six a rule: kind, count, and four numbers of its kind; and at the end
-- `charge`, or `look`, which changes nothing.
-- The time is this server's: nodes whose clocks differ count alike.
local time = redis.call('TIME')
local now_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now_ms = math.floor(now_us / 1000)
local steps, reply, admitted = {}, {}, ARGV[#ARGV] == 'charge'

for i, key in ipairs(KEYS) do
  local at = (i - 1) * 6
  local kind, count = ARGV[at + 1], tonumber(ARGV[at + 2])
  local number = {}
  for n = 1, 4 do number[n] = tonumber(ARGV[at + 2 + n]) end
  local step = { kind = kind, key = key }
  local remaining, reset
  if kind == 'rate' then
    local interval = number[1]
    local tat = math.max(tonumber(redis.call('GET', key) or '0'), now_us)
    local left = function(ahead)
      local left, part = math.floor((count * interval - ahead) / interval), ahead % interval
      if part == 0 then part = math.min(ahead, interval) end
      if left <= 0 then part = ahead + interval - count * interval end
      return math.max(0, left), math.ceil(part / 1000)
    end
    remaining, reset = left(tat - now_us)
    step.tat = tat + interval
    step.remaining, step.reset = left(step.tat - now_us)
  elseif kind == 'window' then
    local width, slots = number[1], number[2]
    local slot, used, live = math.floor(now_ms / width), 0, {}
    step.slot, step.width, step.slots, step.old = slot, width, slots, {}
    local held = redis.call('HGETALL', key)
    for n = 1, #held, 2 do
      -- A slot of the future was counted before this server's clock stepped back: it counts.
      local which, many = tonumber(held[n]), tonumber(held[n + 1])
      if which + slots > slot then
        used = used + many
        table.insert(live, { which, many })
      else
        table.insert(step.old, held[n])
      end
    end
    remaining = math.max(0, count - used)
    table.sort(live, function(one, other) return one[1] < other[1] end)
    -- Slots must leave until there is room for one more than now.
    local leaving, must_leave = slot, math.max(1, used - count + 1)
    for _, held in ipairs(live) do
      leaving, must_leave = held[1], must_leave - held[2]
      if must_leave <= 0 then break end
    end
    reset = (leaving + slots) * width - now_ms
    step.remaining, step.reset = remaining - 1, reset
  else
    local start, stop = number[2], number[3]
    if now_ms < start then start, stop = number[1], start end
    if now_ms >= stop then start, stop = stop, number[4] end
    local held = redis.call('HMGET', key, 'start', 'used')
    local used = 0
    if held[1] and tonumber(held[1]) >= start then used = tonumber(held[2]) end
    remaining, reset = math.max(0, count - used), stop - now_ms
    step.start, step.stop, step.used = start, stop, used + 1
    step.remaining, step.reset = remaining - 1, reset
  end
  if remaining <= 0 then admitted = false end
  step.before = { remaining > 0 and 1 or 0, remaining, reset }
  steps[i] = step
end

for i, step in ipairs(steps) do
  if not admitted then
    for n = 1, 3 do table.insert(reply, step.before[n]) end
  else
    if step.kind == 'rate' then
      local ttl = math.ceil((step.tat - now_us) / 1000) + 1
      redis.call('SET', step.key, string.format('%.0f', step.tat), 'PX', ttl)
    elseif step.kind == 'window' then
      if #step.old > 0 then redis.call('HDEL', step.key, unpack(step.old)) end
      redis.call('HINCRBY', step.key, string.format('%.0f', step.slot), 1)
      redis.call('PEXPIRE', step.key, step.slots * step.width)
    else
      local start, used = string.format('%.0f', step.start), string.format('%.0f', step.used)
      redis.call('HSET', step.key, 'start', start, 'used', used)
      redis.call('PEXPIRE', step.key, string.format('%.0f', step.stop - now_ms))
    end
    table.insert(reply, 1)
    table.insert(reply, step.remaining)
    table.insert(reply, step.reset)
  end
end
return reply
