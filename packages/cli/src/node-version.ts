/** The oldest Node.js that runs the command, as its package says: from this one on Node reads TypeScript itself. */
export const oldestNode = "22.18";

/**
 * What to say of a Node.js that is too old, in a line; null for one that will do. Written so that old ones can read it.
 *
 * @param version - as `process.versions.node` has it
 */
export function complaintAbout(version: string): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split(".").map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `error: leveret needs Node.js ${oldestNode} or newer, and this is ${version}`;
}
