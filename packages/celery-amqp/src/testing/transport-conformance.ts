import { browsingCases } from "./conformance/browsing.ts";
import { channelCases } from "./conformance/channel.ts";
import { consumingCases } from "./conformance/consuming.ts";
import { declaringCases } from "./conformance/declaring.ts";
import { livingCases } from "./conformance/living.ts";
import { publishingCases } from "./conformance/publishing.ts";
import type { TransportCase } from "./conformance/scene.ts";

export type { TransportCase, TransportHarness } from "./conformance/scene.ts";

/**
 * What every transport must do, as cases for any test framework:
 *
 * ```ts
 * test.each(transportConformance)("$name", ({ run }) => run({ createTransport, dropConnections }));
 * ```
 */
export const transportConformance: readonly TransportCase[] = [
  ...publishingCases,
  ...consumingCases,
  ...browsingCases,
  ...channelCases,
  ...declaringCases,
  ...livingCases,
];
