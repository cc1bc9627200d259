/**
 * The oldest Node.js that runs the command, as in its package.json: from this version on Node runs TypeScript itself.
 */
export const oldestNode = "22.18";

/**
 * The error for a Node.js that is too old, in a line; null for a supported one. Uses only syntax that old versions
 * parse.
 *
 * @param version - the value of `process.versions.node`
 */
export function complaintAbout(version: string): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode.split(".").map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `error: leveret needs Node.js ${oldestNode} or newer: this is ${version}`;
}
