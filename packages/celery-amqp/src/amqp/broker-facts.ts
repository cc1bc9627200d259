import type { BrokerFacts } from "../ports/broker-facts.ts";
import type { AmqpOptions } from "../ports/connection.ts";
import { describeAddress } from "./address.ts";
import { resolveAmqp } from "./options.ts";

/**
 * Host, port and vhost of the broker of these options: the first address, with the alternates in a list.
 *
 * @throws CeleryError `option-invalid`
 */
export function brokerFacts(options: AmqpOptions): BrokerFacts | null {
  const { addresses, heartbeatSeconds, connectTimeoutMs } = resolveAmqp(options);
  const [address, ...others] = addresses;
  if (address === undefined) return null;
  return {
    hostname: address.host,
    port: address.port,
    virtualHost: address.vhost,
    ssl: address.tls,
    heartbeat: heartbeatSeconds,
    connectTimeout: connectTimeoutMs / 1_000,
    alternates: others.map(describeAddress),
  };
}
