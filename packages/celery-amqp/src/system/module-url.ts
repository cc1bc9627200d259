import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The URL of a module: a URL unchanged, any other string as a path from the working directory. */
export function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href;
  return /^[a-z][a-z+.-]+:/i.test(module) ? module : pathToFileURL(resolve(module)).href;
}
