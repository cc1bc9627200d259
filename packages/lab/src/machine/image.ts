import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The configuration of an image. */
export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  /** Entry point and command. */
  readonly command: readonly string[];
}

const name = ".lab-image.json";

/** Makes a root folder an image. The file is written last, so a folder that has it is whole. */
export function writeImageConfig(root: string, config: ImageConfig): void {
  writeFileSync(join(root, name), `${JSON.stringify(config)}\n`);
}

/** Reads the configuration of an image; throws for any other folder. */
export function readImageConfig(root: string): ImageConfig {
  return JSON.parse(readFileSync(join(root, name), "utf8")) as ImageConfig;
}
