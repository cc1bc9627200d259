import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Channel, ChannelModel } from "amqplib";

/** The open channels of this process. amqplib is observed from outside: the library has no API for it. */
const open = new Set<Channel>();

type Opener = (this: ChannelModel, ...args: unknown[]) => Promise<Channel>;

/** From now on channels are known as they are opened. */
export function watchChannels(): void {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve("amqplib")), "lib/channel_model.js");
  const { ChannelModel: model } = require(file) as { readonly ChannelModel: { readonly prototype: object } };
  const prototype = model.prototype as { createChannel: Opener; createConfirmChannel: Opener };
  for (const method of ["createChannel", "createConfirmChannel"] as const) {
    const original = prototype[method];
    prototype[method] = async function watched(...args) {
      const channel = await original.apply(this, args);
      open.add(channel);
      channel.on("close", () => open.delete(channel));
      return channel;
    };
  }
}

/** Does on a channel what the broker closes it for; `draw` chooses the channel, from 0 to below 1. */
export function offend(code: 404 | 406, draw: number): void {
  const channel = [...open][Math.floor(draw * open.size)];
  if (channel === undefined) return;
  try {
    // A tag that was never handed out: "unknown delivery tag".
    if (code === 406) channel.ack({ fields: { deliveryTag: 4_000_000_000 } } as Parameters<Channel["ack"]>[0]);
    else channel.checkQueue("chaos.missing").catch(() => {});
  } catch {
    // It was closing already.
  }
}
