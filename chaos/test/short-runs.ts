/** The runs that each test run has: between them every fault happens that does not take minutes to be seen. */
export const shortRuns = [
  { version: "3.10", seed: 52, seconds: 20 },
  { version: "4.3", seed: 0, seconds: 20 },
] as const;
