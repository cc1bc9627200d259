/** Most distinct values of one label; each is a time series in Prometheus. */
const mostNames = 500;
const longestName = 200;

/**
 * Converts names to label values, the first 500 distinct names; all further names are `other`, since messages may have
 * any number of names.
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
