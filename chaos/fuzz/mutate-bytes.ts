import type { Random } from "../programs/random.ts";

/** A few bytes of a body changed, put in, taken out; or much of it. */
export function mutateBytes(body: Uint8Array, random: Random): Uint8Array {
  if (body.length === 0) return noise(random, random.between(0, 20));
  const at = random.between(0, body.length - 1);
  const to = Math.min(body.length, at + random.between(1, 16));
  switch (random.between(0, 8)) {
    case 0:
      return body.subarray(0, at);
    case 1:
      return body.subarray(at);
    case 2:
      return joined(body.subarray(0, at), body.subarray(to));
    case 3:
      return joined(body.subarray(0, to), body.subarray(at));
    case 4:
      return joined(body.subarray(0, at), noise(random, random.between(1, 8)), body.subarray(at));
    case 5:
      return joined(body, noise(random, random.between(1, 40)));
    case 6:
      return noise(random, random.between(0, 200));
    default: {
      const changed = Uint8Array.from(body);
      for (let left = random.between(1, 6); left > 0; left -= 1) {
        changed[random.between(0, body.length - 1)] = random.between(0, 255);
      }
      return changed;
    }
  }
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.between(0, 255));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
