import { inject } from "vitest";

/** The management of the run's broker, asked as its own user or as another. */
export function managementUrl(user?: string, password = ""): string {
  const url = new URL(inject("managementUrl") ?? "http://guest:guest@localhost:15672");
  if (user !== undefined) [url.username, url.password] = [user, password];
  return url.href;
}
