import { type AsyncResult, type Client, TaskFailedError } from "@leveret/celery-amqp";
import { add, call, fail, heavy, sendSms, upload } from "./tasks.ts";

/** Where lines go. */
export type Print = (line: string) => void;

/**
 * Sends each task of the example and reports its states and its end. Rejects for an unexpected end. `limit` is the
 * bound of the primes: the default takes a Node worker seconds.
 */
export async function tellStory(client: Client, print: Print, limit: number = 2_000_000): Promise<void> {
  await follow("tasks.add(2, 3)", await client.send(add, 2, 3), print);
  await follow(
    "tasks.send_sms(phone=…, text=…)",
    await client.send(sendSms, { phone: "+98 21 1234", text: "salaam" }),
    print,
  );
  await follow("tasks.upload('video.mp4', 5)", await client.send(upload, "video.mp4", 5), print);
  await follow("tasks.call('+98 21 1234')", await client.send(call, "+98 21 1234"), print);
  await follow(`tasks.heavy(${limit})`, await client.send(heavy, limit), print);
  await expectFailure("tasks.fail('no such file')", await client.send(fail, "no such file"), print);
}

async function follow<R>(name: string, result: AsyncResult<R>, print: Print): Promise<void> {
  print(`sent      ${name}  id ${result.id}`);
  for await (const { status, meta } of result.states()) {
    if (status !== "SUCCESS") print(`${status.padEnd(9)} ${name}  ${show(meta)}`);
  }
  print(`SUCCESS   ${name}  ${JSON.stringify(await result.get({ timeout: "60s" }))}`);
}

function show(meta: unknown): string {
  return meta instanceof Error ? meta.message : JSON.stringify(meta);
}

async function expectFailure(name: string, result: AsyncResult<unknown>, print: Print): Promise<void> {
  print(`sent      ${name}  id ${result.id}`);
  try {
    await result.get({ timeout: "60s" });
  } catch (error) {
    if (!(error instanceof TaskFailedError)) throw error;
    print(`FAILURE   ${name}  ${error.excType}: ${error.excMessage}`);
    return;
  }
  throw new Error(`${name} succeeded, though it always fails`);
}
