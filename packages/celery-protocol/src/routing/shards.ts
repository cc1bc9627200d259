/** The name of one shard of a sharded queue, counted from 0: `images.shard-0`. */
export function shardName(queue: string, shard: number): string {
  return `${queue}.shard-${shard}`;
}

/**
 * The shard of a key, from 0, the same in every version and on every machine. With one more shard, only the keys of the
 * new one move; with one less, only those of the last.
 *
 * Rendezvous hashing: each shard gets a 32-bit weight from the key, and the highest wins, the lower shard on a tie. The
 * key's UTF-8 bytes are hashed by FNV-1a; a weight is murmur3's finalizer over that, xor `(shard + 1) * 0x9e3779b9`,
 * modulo 2^32.
 *
 * @param shards - number of shards, 1 or more
 */
export function shardOf(key: string, shards: number): number {
  const hash = fnv1a(new TextEncoder().encode(key));
  let [best, heaviest] = [0, -1];
  for (let shard = 0; shard < shards; shard += 1) {
    const weight = finalized(hash ^ Math.imul(shard + 1, 0x9e3779b9));
    if (weight > heaviest) [best, heaviest] = [shard, weight];
  }
  return best;
}

function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

function finalized(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}
