/*
 * What Redis holds of one partition of a list: its first entries, no more than `keep`.
 *
 *   page     sorted set of members, all with score 0, and the empty member, the sentinel: without it nothing is to be read
 *   entries  hash: `k<item key>` → version and member of an entry, empty for a removed one: those shown, and records of those not
 *            `depth`  the member up to which the page holds the list; empty when it holds all of it
 *            `floor`  no version above it was ever forgotten; the highest text of all until the page is filled for the first time
 *            `era`    changes whenever something is forgotten or filled: a fill whose rows were read in an earlier era is refused
 *            `count`  the ticket of the count, then the count
 *
 * An older write never beats a newer one: where the newer one is still recorded, the versions tell; where it was forgotten, the
 * late one is not above the floor, and what would put such an entry into the page is settled by asking Postgres. Both keys are in
 * one slot. Members are compared byte by byte: Lua compares texts by the server's locale.
 */
const shared = `
local page, entries = KEYS[1], KEYS[2]
local function after(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end
local function inside(member, depth) return member ~= '' and (depth == '' or not after(member, depth)) end
local function trim(keep)
  while redis.call('ZCARD', page) - 1 > keep do
    redis.call('ZREMRANGEBYRANK', page, -1, -1)
    redis.call('HSET', entries, 'depth', redis.call('ZRANGE', page, -1, -1)[1])
  end
end
local function forget(keep)
  if redis.call('HLEN', entries) - redis.call('ZCARD', page) <= 2 * keep + 16 then return end
  local all, depth, hidden = redis.call('HGETALL', entries), redis.call('HGET', entries, 'depth') or '', {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'k' and not inside(string.sub(all[i + 1], 25), depth) then
      hidden[#hidden + 1] = { string.sub(all[i + 1], 1, 24), all[i] }
    end
  end
  table.sort(hidden, function(a, b) return a[1] < b[1] end)
  local floor = redis.call('HGET', entries, 'floor')
  for i = 1, math.ceil(#hidden / 2) do
    redis.call('HDEL', entries, hidden[i][2])
    if hidden[i][1] > floor then floor = hidden[i][1] end
  end
  redis.call('HSET', entries, 'floor', floor)
  redis.call('HINCRBY', entries, 'era', 1)
end
`;

/** The floor of a page that was never filled: every version is below it. */
const unfilled = '9999-9999999999999999999';

/**
 * Fenced set of one entry. ARGV[1] item key, ARGV[2] version, ARGV[3] member, empty for removed, ARGV[4] keep, ARGV[5] `1` when the
 * caller has filled the page since it wrote the entry to Postgres.
 * Returns 1 when the page shows what it should, 0 when it must be filled from Postgres and the entry sent again: the page is not
 * there, fewer than half of `keep` are left of it, or nobody here knows whether the entry is the newest.
 */
export const setEntry = `${shared}
local era, depth, floor = unpack(redis.call('HMGET', entries, 'era', 'depth', 'floor'))
if not era then
  redis.call('DEL', page)
  return 0
end
local field, version, member, keep = 'k' .. ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local whole = depth and redis.call('ZSCORE', page, '') and 1 or 0
depth = depth or ''
-- Whoever finds a page short fills it: the fill of the one that made it so may have been refused.
local function short() return depth ~= '' and redis.call('ZCARD', page) - 1 < keep / 2 end
if short() then whole = 0 end
local held = redis.call('HGET', entries, field)
if held and string.sub(held, 1, 24) >= version then return whole end
if not held and version <= floor then
  if whole == 0 or (inside(member, depth) and ARGV[5] ~= '1') then return 0 end
  redis.call('HINCRBY', entries, 'era', 1)
  return 1
end
redis.call('HSET', entries, field, version .. member)
local before = held and string.sub(held, 25) or ''
if before ~= '' and before ~= member then redis.call('ZREM', page, before) end
if inside(member, depth) then
  redis.call('ZADD', page, 0, member)
  if whole == 1 then trim(keep) end
elseif before ~= '' and short() then
  whole = 0
end
forget(keep)
return whole`;

/**
 * Begins a fill, before its rows are read. ARGV[1] a random whole number, ARGV[2] `1` to forget all that is held.
 * Returns the era, which the fill must name.
 */
export const beginPage = `${shared}
if ARGV[2] == '1' or redis.call('HEXISTS', entries, 'era') == 0 then
  redis.call('DEL', page, entries)
  redis.call('HSET', entries, 'era', ARGV[1], 'floor', '${unfilled}')
end
return redis.call('HGET', entries, 'era')`;

/**
 * Fills a page with the first entries of its partition. ARGV[1] the era, ARGV[2] keep, ARGV[3] depth, empty when these are all
 * entries, ARGV[4] a version that no one drawn before the beginning exceeds, ARGV[5] ticket and count or empty, then key, version
 * and member of each entry. What was recorded meanwhile stays where it is newer. Returns 1, or 0 when it must begin again.
 */
export const fillPage = `${shared}
if redis.call('HGET', entries, 'era') ~= ARGV[1] then return 0 end
local keep, depth = tonumber(ARGV[2]), ARGV[3]
for i = 6, #ARGV, 3 do
  local held = redis.call('HGET', entries, 'k' .. ARGV[i])
  if not held or string.sub(held, 1, 24) < ARGV[i + 1] then redis.call('HSET', entries, 'k' .. ARGV[i], ARGV[i + 1] .. ARGV[i + 2]) end
end
if redis.call('HGET', entries, 'floor') == '${unfilled}' then redis.call('HSET', entries, 'floor', ARGV[4]) end
redis.call('HSET', entries, 'depth', depth)
redis.call('HINCRBY', entries, 'era', 1)
if ARGV[5] ~= '' then
  local count = redis.call('HGET', entries, 'count')
  if not count or string.sub(count, 1, 19) < string.sub(ARGV[5], 1, 19) then redis.call('HSET', entries, 'count', ARGV[5]) end
end
redis.call('DEL', page)
redis.call('ZADD', page, 0, '')
local all = redis.call('HGETALL', entries)
for i = 1, #all, 2 do
  local member = string.sub(all[i + 1], 25)
  if string.sub(all[i], 1, 1) == 'k' and inside(member, depth) then redis.call('ZADD', page, 0, member) end
end
trim(keep)
forget(keep)
return 1`;

/** Sets the count of a partition, if its ticket is newer. ARGV[1] ticket and count. Nothing where nothing is held. */
export const setCount = `${shared}
if redis.call('HEXISTS', entries, 'era') == 0 then return 0 end
local count = redis.call('HGET', entries, 'count')
if count and string.sub(count, 1, 19) >= string.sub(ARGV[1], 1, 19) then return 0 end
redis.call('HSET', entries, 'count', ARGV[1])
return 1`;
