package redisstore

import "github.com/redis/go-redis/v9"

// The hash of a group has these fields beside the records:
//
//	fence  number of the newest lease, or of a write without one, which counts the same
//	dirty  the lease that was granted last and not released
//	late   the lease that lapsed without a release, while the next one waits for it
//	since  when that was found, in milliseconds since 1970
//	run    the run ID of the server that granted the last lease, or stored the first record
//	ver    changes with every write
//
// The key of the lease holds "instance:attempt", or "quarantine" while a holder that was
// lost may still come back. Scripts run on the master and nothing comes between their
// commands. KEYS[1] is the group and KEYS[2] the lease.
type scripts struct{ acquire, extend, release, view, swap *redis.Script }

func newScripts() scripts {
	return scripts{
		acquire: redis.NewScript(acquireSource), extend: redis.NewScript(extendSource), release: redis.NewScript(releaseSource),
		view: redis.NewScript(viewSource), swap: redis.NewScript(swapSource),
	}
}

// acquireSource grants the lease, or says who has it and for how long. Before it grants one
// where the last holder was lost, or where Redis may have lost what was written (another run
// of the server, a lower fence than the caller knows), it lets a quarantine pass, and another
// one as long as the holder that was lost is connected, until the patience ends. A lease that
// lost its time limit, by PERSIST for example, gets a new one.
//
// ARGV: instance, attempt, milliseconds of the lease, of the quarantine, the highest fence
// that the caller knows, milliseconds that a group without a login stays, of the patience.
// Returns: 1 or 0, fence, milliseconds until it may be free, holder.
const acquireSource = `
local info = redis.pcall('INFO', 'server')
local run = ''
if type(info) == 'string' then run = string.match(info, 'run_id:(%x+)') or '' end
local function mine(value)
  if not value then return false end
  local instance, attempt = string.match(value, '^(%x+):(%d+)$')
  return instance == ARGV[1] and tonumber(attempt) <= tonumber(ARGV[2])
end
local known = tonumber(ARGV[5])
local fresh = redis.call('EXISTS', KEYS[1]) == 0
local h = redis.call('HMGET', KEYS[1], 'fence', 'dirty', 'late', 'run', 'since')
local fence, dirty, late = tonumber(h[1] or '0'), h[2], h[3]
local held = redis.call('GET', KEYS[2])
if held and not mine(held) and not (held == 'quarantine' and mine(late)) then
  local left = redis.call('PTTL', KEYS[2])
  if left < 0 then
    left = tonumber(ARGV[3])
    redis.call('PEXPIRE', KEYS[2], left)
  end
  return {0, fence, left, held}
end
local function connected(name)
  local there = redis.pcall('PUBSUB', 'NUMSUB', KEYS[1] .. ':' .. name)
  return (tonumber(there[2]) or 0) > 0 -- an error has none
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local since = math.min(tonumber(h[5] or '0'), now)
local restarted = run ~= '' and h[4] and h[4] ~= run
if not held and not mine(dirty or late) and
  (dirty or fence < known or restarted or (late and now - since < tonumber(ARGV[7]) and connected(late))) then
  redis.call('SET', KEYS[2], 'quarantine', 'PX', ARGV[4])
  redis.call('HSET', KEYS[1], 'fence', math.max(fence, known), 'run', run)
  if dirty then
    redis.call('HSET', KEYS[1], 'late', dirty, 'since', now)
    redis.call('HDEL', KEYS[1], 'dirty')
  elseif late then
    redis.call('HSET', KEYS[1], 'since', since) -- the clock may have gone back
  end
  if fresh then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
  return {0, fence, tonumber(ARGV[4]), 'quarantine'}
end
fence = math.max(fence, known) + 1
local me = ARGV[1] .. ':' .. ARGV[2]
redis.call('SET', KEYS[2], me, 'PX', ARGV[3])
redis.call('HSET', KEYS[1], 'fence', fence, 'dirty', me, 'run', run)
redis.call('HDEL', KEYS[1], 'late', 'since')
if fresh then redis.call('PEXPIRE', KEYS[1], ARGV[6]) end
return {1, fence, tonumber(ARGV[3]), me}
`

// extendSource extends a lease. One that has lapsed, or that Redis has lost, comes back if no
// other was granted since and it was not released.
//
// ARGV: holder, its fence, milliseconds of the lease, milliseconds that a group without a
// login stays. Returns 1 if the lease is held.
const extendSource = `
local held = redis.call('GET', KEYS[2])
if held == ARGV[1] then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  return 1
end
if held and held ~= 'quarantine' then return 0 end
local fresh = redis.call('EXISTS', KEYS[1]) == 0
local h = redis.call('HMGET', KEYS[1], 'fence', 'dirty', 'late')
local fence, mine = tonumber(h[1] or '0'), tonumber(ARGV[2])
if fence > mine or (fence == mine and h[2] ~= ARGV[1] and h[3] ~= ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
redis.call('HSET', KEYS[1], 'fence', mine, 'dirty', ARGV[1])
redis.call('HDEL', KEYS[1], 'late', 'since')
if fresh then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
`

// releaseSource ends a lease and tells those who wait. ARGV: holder.
const releaseSource = `
local h = redis.call('HMGET', KEYS[1], 'dirty', 'late')
local held = redis.call('GET', KEYS[2])
if held == ARGV[1] or (held == 'quarantine' and h[2] == ARGV[1]) then redis.call('DEL', KEYS[2]) end
if h[1] == ARGV[1] then redis.call('HDEL', KEYS[1], 'dirty') end
if h[2] == ARGV[1] then redis.call('HDEL', KEYS[1], 'late', 'since') end
redis.call('PUBLISH', KEYS[1], 'released')
return 1
`

// viewSource returns what a write has to know: the record, the fence, the holder of the
// lease, and the time in milliseconds. ARGV: the field of the record.
const viewSource = `
local h = redis.call('HMGET', KEYS[1], ARGV[1], 'fence')
local now = redis.call('TIME')
return {h[1] or '', tonumber(h[2] or '0'), redis.call('GET', KEYS[2]) or '', now[1] * 1000 + math.floor(now[2] / 1000)}
`

// swapSource replaces a record if it begins with the expected stamp. A group in which no
// login remains expires. A holder that lost its lease cannot replace a login of another
// generation, and has no other in a group of one: the next one need not wait for it.
//
// ARGV: field, stamp ("" for none), record, new version of the group, fence to set at least,
// fence that must be there ("" for any), milliseconds that a group without a login stays.
// Returns 1 if it did.
const swapSource = `
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == '' then
  if stored then return 0 end
elseif not stored or string.sub(stored, 1, #ARGV[2]) ~= ARGV[2] then
  return 0
end
local fence = redis.call('HGET', KEYS[1], 'fence') or '0'
if ARGV[6] ~= '' and ARGV[6] ~= fence then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], 'ver', ARGV[4])
if tonumber(ARGV[5]) > tonumber(fence) then redis.call('HSET', KEYS[1], 'fence', ARGV[5]) end
if redis.call('HEXISTS', KEYS[1], 'run') == 0 then
  local info = redis.pcall('INFO', 'server')
  local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)')
  redis.call('HSET', KEYS[1], 'run', run or '')
end
local all, alive, records = redis.call('HGETALL', KEYS[1]), false, 0
for i = 1, #all, 2 do
  local record = string.sub(all[i], 1, 2) == 'v:'
  alive = alive or (record and string.byte(all[i + 1], 2) == 1)
  records = records + (record and 1 or 0)
end
local held = redis.call('GET', KEYS[2])
local person = stored and ARGV[6] ~= '' and string.sub(stored, 3, 10) ~= string.sub(ARGV[3], 3, 10)
if person and records == 1 and (not held or held == 'quarantine') then
  redis.call('HDEL', KEYS[1], 'dirty', 'late', 'since')
end
if alive then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[7]) end
redis.call('PUBLISH', KEYS[1], 'changed')
return 1
`
