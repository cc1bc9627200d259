import { createHash } from "node:crypto";

/** The uuid namespace of ticks. */
const namespace = Buffer.from("7b1f1e0a5d0c5c2ab0a6c3f4e9d21c55", "hex");

/**
 * The id of the task that one tick of an entry sends: always the same, from any beat (uuid version 5, RFC 9562).
 *
 * @param beat - the name of the beat, which its state has too
 */
export function tickId(beat: string, entry: string, epochMs: number): string {
  const name = JSON.stringify([beat, entry, epochMs]);
  const hash = createHash("sha1").update(namespace).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
