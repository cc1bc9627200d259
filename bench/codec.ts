import { randomUUID } from "node:crypto";
import { createContent, decodeTask, encodeTask, newTask } from "@leveret/celery-protocol";
import { perSecond } from "./measure.ts";
import type { Suite } from "./suite.ts";

/** Message format alone, no broker. */
export const codec: Suite = {
  name: "codec",
  matches: ({ count }) => {
    const content = createContent();
    const task = newTask({ id: randomUUID(), task: "bench.noop", args: [2, 3] });
    const wire = encodeTask(task, content);
    const body = [[2, 3], {}, { callbacks: null, errbacks: null, chain: null, chord: null }];
    const text = new TextDecoder().decode(wire.body);
    const repeat = (work: () => unknown) => () =>
      perSecond(count * 5, () => {
        for (let index = 0; index < count * 5; index += 1) work();
        return Promise.resolve();
      });
    return Promise.resolve([
      {
        title: "Encode and decode",
        unit: "messages/s",
        better: "higher",
        contenders: [
          { name: "JSON.stringify of the body alone", run: repeat(() => Buffer.from(JSON.stringify(body))) },
          { name: "encodeTask: headers, reprs, properties, body", run: repeat(() => encodeTask(task, content)) },
          { name: "JSON.parse of the body alone", run: repeat(() => JSON.parse(text) as unknown) },
          { name: "decodeTask", run: repeat(() => decodeTask(wire, content)) },
        ],
      },
    ]);
  },
};
