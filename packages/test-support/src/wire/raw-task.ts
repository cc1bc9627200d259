import { entry, text } from "./fields.ts";
import { headerTable, type Properties, shortString } from "./frames.ts";

/** A task as Celery's protocol 2 has it, with further header bytes behind its own. */
export function rawTask(
  task: string,
  id: string,
  extra: readonly Buffer[] = [],
  properties: Properties = {},
): { readonly properties: Properties; readonly body: Buffer } {
  const own = { id, task, root_id: id, lang: "py" };
  const headers = Buffer.concat([...Object.entries(own).map(([name, value]) => entry(name, text(value))), ...extra]);
  const usual = {
    contentType: shortString("application/json"),
    contentEncoding: shortString("utf-8"),
    headers: headerTable(headers),
    correlationId: shortString(id),
  };
  return { properties: { ...usual, ...properties }, body: Buffer.from("[[], {}, {}]") };
}
