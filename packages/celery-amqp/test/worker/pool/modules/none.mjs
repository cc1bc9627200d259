export const make = () => ({ kind: "task" });
export const settings = { retries: 3 };
