import { createHash } from "node:crypto";

/** A Lua script, which Redis runs atomically. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

function script(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/**
 * Stores a state unless the stored one is not the one that the caller has read; returns that one then, since a success
 * must never be replaced. Publishes the stored state to the key's channel.
 *
 * KEYS result. ARGV value, seconds to keep (0: forever), SHA-1 of the value that may be replaced.
 */
export const storeScript: Script = script(`
local current = redis.call('GET', KEYS[1])
if current and redis.sha1hex(current) ~= ARGV[3] then return current end
if tonumber(ARGV[2]) > 0 then
  redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1])
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return false
`);

/** Writes and publishes as `storeScript` does, with an expiry of a second. KEYS result. */
export const checkScript: Script = script(`
redis.call('GET', KEYS[1])
redis.call('SETEX', KEYS[1], 1, '')
redis.call('PUBLISH', KEYS[1], '')
return false
`);

/** The Redis commands for the type of the key of parts. */
interface PartsKey {
  /** Sets `known` where the part was added by a worker that does not record the tasks of parts. */
  readonly look: string;
  readonly add: string;
  readonly count: string;
  readonly all: string;
}

const sortedSet: PartsKey = {
  look: `
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', parts, place, place)) do
    if string.sub(each, 1, #start) == start then known = true end
  end`,
  add: "redis.call('ZADD', parts, place, part)",
  count: "redis.call('ZCARD', parts)",
  all: "redis.call('ZRANGE', parts, 0, -1)",
};

/** A list has no index, and is searched only where it has parts without recorded tasks. */
const list: PartsKey = {
  look: `
  if redis.call('SCARD', who) < redis.call('LLEN', parts) then
    for _, each in ipairs(redis.call('LRANGE', parts, 0, -1)) do
      if string.sub(each, 1, #start) == start then known = true end
    end
  end`,
  add: "redis.call('RPUSH', parts, part)",
  count: "redis.call('LLEN', parts)",
  all: "redis.call('LRANGE', parts, 0, -1)",
};

/**
 * Adds a part of a chord and returns the chord's progress. Parts have the format of all Celery versions; their tasks
 * are recorded as by Celery 5.7, and searched among the parts for parts of earlier versions. The first part that a
 * worker adds carries the body, for workers that do not know it.
 *
 * KEYS parts, extra, size, who, done, owner, body, group. ARGV task id, part, place, seconds to keep, start of the
 * task's parts, body or nothing. Returns nothing while parts are missing; the time in milliseconds that another worker
 * may still take to end the chord; or all parts, the group and the body.
 */
function partScript({ look, add, count, all }: PartsKey): Script {
  return script(`
local parts, extra, size, who, done, owner, body, group = unpack(KEYS)
local id, part, place, seconds, start, called = unpack(ARGV)
if redis.call('GET', done) == 'done' then return false end
local member = id .. ':' .. place
if redis.call('SISMEMBER', who, member) == 0 then
  local known = false${look}
  if not known then ${add} end
  redis.call('SADD', who, member)
end
if called ~= '' then redis.call('SET', body, called) end
if tonumber(seconds) > 0 then
  for _, key in ipairs({parts, extra, size, who, body, group}) do redis.call('EXPIRE', key, seconds) end
end
local awaited = redis.call('GET', size)
if not awaited then return false end
if ${count} ~= tonumber(awaited) + tonumber(redis.call('GET', extra) or 0) then return false end
if redis.call('EXISTS', done) == 1 then return math.max(redis.call('PTTL', done), 1) end
local mine = redis.call('GET', owner)
if mine and mine ~= id then return false end
if not mine then
  redis.call('SET', owner, id)
  if tonumber(seconds) > 0 then redis.call('EXPIRE', owner, seconds) end
end
return {${all}, redis.call('GET', group), redis.call('GET', body)}
`);
}

/** Parts by index: Celery's `result_chord_ordered`, its default. */
export const orderedPartScript: Script = partScript(sortedSet);

/** Parts in the order of arrival: `result_chord_ordered` switched off. */
export const unorderedPartScript: Script = partScript(list);

/**
 * Deletes a chord, and records for a while that it has ended: a task of its header may run once more.
 *
 * KEYS parts, extra, size, who, done, owner, body. ARGV seconds to remember.
 */
export const finishScript: Script = script(`
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[6], KEYS[7])
redis.call('SET', KEYS[5], 'done', 'EX', ARGV[1])
return false
`);

/** Adds to the number of parts. KEYS extra. ARGV how many, seconds to keep. */
export const extendScript: Script = script(`
redis.call('INCRBY', KEYS[1], ARGV[1])
if tonumber(ARGV[2]) > 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return false
`);

/**
 * Starts a chord, also a second time. KEYS done, owner, two keys to set. ARGV seconds to keep, a value or nothing for
 * each.
 */
export const beginScript: Script = script(`
redis.call('DEL', KEYS[1], KEYS[2])
for at, value in ipairs({ARGV[2], ARGV[3]}) do
  if value ~= '' then
    redis.call('SET', KEYS[at + 2], value)
    if tonumber(ARGV[1]) > 0 then redis.call('EXPIRE', KEYS[at + 2], ARGV[1]) end
  end
end
return false
`);
