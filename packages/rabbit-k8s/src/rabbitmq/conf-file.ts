/** One setting of `rabbitmq.conf`. */
export interface ConfEntry {
  readonly key: string;
  readonly value: string;
}

/** A setting with its position in the file. */
export interface ConfLine extends ConfEntry {
  /** Counted from 1. */
  readonly line: number;
}

/** Writes entries in the order given, one a line, as `rabbitmq.conf` takes them. */
export function formatConf(entries: readonly ConfEntry[]): string {
  return entries.map(({ key, value }) => `${key} = ${value}\n`).join("");
}

/** Reads the settings of a `rabbitmq.conf`; comments and blank lines are passed over, lines without `=` have an empty value. */
export function parseConf(text: string): readonly ConfLine[] {
  return text.split("\n").flatMap((raw, index) => {
    const content = raw.replace(/^\s+/, "");
    if (content === "" || content.startsWith("#")) return [];
    const [key = "", ...rest] = content.split("=");
    return [{ key: key.trim(), value: rest.join("=").trim(), line: index + 1 }];
  });
}
