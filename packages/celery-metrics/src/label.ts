/** Different names in one label; each is a series that Prometheus keeps. */
const mostNames = 500;
const longestName = 200;

/**
 * Makes names label values, of which there are 500 at most: the names that come first. Messages may bring any number of
 * names, and all others count as `other`.
 */
export function createLabel(): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= mostNames || name.length > longestName) return "other";
    known.add(name);
    return name;
  };
}
