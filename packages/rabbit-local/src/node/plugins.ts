type ListenerSettings = (address: string, port: number) => Readonly<Record<string, string>>;

/**
 * The settings that give a plugin's listener an address, of all plugins that serve one. Without them each would take its
 * well-known port on every interface, and a second broker on the machine would not start.
 */
const LISTENERS: Readonly<Record<string, ListenerSettings>> = {
  rabbitmq_management: addressAndPort("management.tcp"),
  rabbitmq_prometheus: addressAndPort("prometheus.tcp"),
  rabbitmq_web_mqtt: addressAndPort("web_mqtt.tcp"),
  rabbitmq_web_stomp: addressAndPort("web_stomp.tcp"),
  rabbitmq_mqtt: listener("mqtt.listeners.tcp.1"),
  rabbitmq_stomp: listener("stomp.listeners.tcp.1"),
  rabbitmq_stream: listener("stream.listeners.tcp.1"),
};

/** Whether a plugin serves a port of its own. */
export function isListener(plugin: string): boolean {
  return Object.hasOwn(LISTENERS, plugin);
}

/** How many of the plugins serve a port of their own. */
export function listenerCount(plugins: readonly string[]): number {
  return plugins.filter(isListener).length;
}

/** The settings of `rabbitmq.conf` that make each plugin listen on an address and port. */
export function pluginSettings(
  ports: Readonly<Record<string, number>>,
  address: string,
): Readonly<Record<string, string>> {
  const settings = Object.entries(ports).map(([plugin, port]) => LISTENERS[plugin]?.(address, port) ?? {});
  return Object.assign({}, ...settings);
}

function addressAndPort(prefix: string): ListenerSettings {
  return (address, port) => ({ [`${prefix}.ip`]: address, [`${prefix}.port`]: String(port) });
}

function listener(key: string): ListenerSettings {
  return (address, port) => ({ [key]: `${address}:${port}` });
}
