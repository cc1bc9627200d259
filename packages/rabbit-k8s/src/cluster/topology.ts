/** One entry of a Kubernetes Secret. */
export interface SecretKey {
  /** Name of the Secret, in the cluster's namespace. */
  readonly name: string;
  /** Key within it. */
  readonly key: string;
}

/** The queue types of RabbitMQ. */
export type QueueType = "classic" | "quorum" | "stream";

/** What may stand in an arguments table. */
export type Arguments = Readonly<Record<string, string | number | boolean>>;

/** A virtual host. */
export interface Vhost {
  /** Its name; any string, usually `/`. */
  readonly name: string;
  /** Its purpose. */
  readonly description?: string;
  /** Labels in the management interface. */
  readonly tags?: readonly string[];
  /** Type of durable queues declared without one. Default: the cluster's `defaultQueueType`. */
  readonly defaultQueueType?: QueueType;
  /** Limits of connections and queues of the vhost. Default: none. */
  readonly limits?: { readonly maxConnections?: number; readonly maxQueues?: number };
}

/** A user beside the default user. */
export interface User {
  /** Its name. */
  readonly name: string;
  /** The Secret of the password. The init container reads it; it is never rendered. */
  readonly password: SecretKey;
  /** Default: none, which is enough for applications. */
  readonly tags?: readonly ("administrator" | "management" | "monitoring" | "policymaker" | "impersonator")[];
}

/** Permissions of a user in a vhost. Each is a regular expression over names; default `.*`. */
export interface Permission {
  /** One of `users`. */
  readonly user: string;
  /** One of `vhosts`. */
  readonly vhost: string;
  /** Names that the user may declare and delete. */
  readonly configure?: string;
  /** Names that the user may publish to. */
  readonly write?: string;
  /** Names that the user may consume from. */
  readonly read?: string;
}

/** Permissions of a user on a topic exchange, by routing key. */
export interface TopicPermission {
  /** One of `users`. */
  readonly user: string;
  /** One of `vhosts`. */
  readonly vhost: string;
  /** A topic exchange. */
  readonly exchange: string;
  /** Routing keys of publishes. Default `.*`. */
  readonly write?: string;
  /** Routing keys of bindings. Default `.*`. */
  readonly read?: string;
}

/** A policy, or an operator policy: settings for all queues or exchanges whose name matches. */
export interface Policy {
  /** Its name, once per vhost. */
  readonly name: string;
  /** One of `vhosts`. */
  readonly vhost: string;
  /** Regular expression over names. */
  readonly pattern: string;
  /** Default `queues`; the finer kinds need RabbitMQ 3.12. */
  readonly applyTo?: "queues" | "classic_queues" | "quorum_queues" | "streams" | "exchanges" | "all";
  /** The highest wins where several match. Default 0. */
  readonly priority?: number;
  /** The settings, such as `max-length`; checked against the version. */
  readonly definition: Arguments;
}

/** A queue that exists from the first boot on. */
export interface Queue {
  /** Its name, once per vhost. */
  readonly name: string;
  /** One of `vhosts`. */
  readonly vhost: string;
  /** Default: the vhost's default type. */
  readonly type?: QueueType;
  /** Default true. */
  readonly durable?: boolean;
  /** Default false. */
  readonly autoDelete?: boolean;
  /** Arguments, such as `x-max-priority`; checked against type and version. */
  readonly arguments?: Arguments;
}

/** An exchange that exists from the first boot on. */
export interface Exchange {
  /** Its name, once per vhost. */
  readonly name: string;
  /** One of `vhosts`. */
  readonly vhost: string;
  /** `direct`, `fanout`, `topic`, `headers` or a type of a plugin. */
  readonly type: string;
  /** Default true. */
  readonly durable?: boolean;
  /** Default false. */
  readonly autoDelete?: boolean;
  /** Whether clients may not publish to it. Default false. */
  readonly internal?: boolean;
  /** Arguments, such as `alternate-exchange`. */
  readonly arguments?: Arguments;
}

/** A binding from an exchange to a queue or another exchange. */
export interface Binding {
  /** One of `vhosts`. */
  readonly vhost: string;
  /** One of `exchanges`, or one of the broker's own such as `amq.topic`. */
  readonly source: string;
  /** One of `queues` or `exchanges`. */
  readonly destination: string;
  /** Default `queue`. */
  readonly destinationType?: "queue" | "exchange";
  /** Default empty. */
  readonly routingKey?: string;
  /** Arguments, as headers exchanges take them. */
  readonly arguments?: Arguments;
}

/** Another broker to federate exchanges or queues from. Enables the federation plugin; a policy names what is federated. */
export interface FederationUpstream {
  /** Its name, as in the policy's `federation-upstream`. */
  readonly name: string;
  /** One of `vhosts`. */
  readonly vhost: string;
  /** The Secret of the upstream's AMQP URI, which has a password and is never rendered. */
  readonly uri: SecretKey;
  /** Default 1000. */
  readonly prefetchCount?: number;
  /** Default 5. */
  readonly reconnectDelaySeconds?: number;
  /** Default `on-confirm`. */
  readonly ackMode?: "on-confirm" | "on-publish" | "no-ack";
  /** Default: the federated object's own name. */
  readonly exchange?: string;
  /** Default: the federated object's own name. */
  readonly queue?: string;
  /** Default 1. */
  readonly maxHops?: number;
}

/** One end of a shovel: a queue, or an exchange with a routing key. */
export interface ShovelEnd {
  /** The Secret of the broker's AMQP URI. Default: this cluster itself. */
  readonly uri?: SecretKey;
  /** A queue. */
  readonly queue?: string;
  /** An exchange. */
  readonly exchange?: string;
  /** With an exchange: the key of the binding or of publishes. Default empty. */
  readonly routingKey?: string;
}

/** Moves messages from a source to a destination for as long as it exists. Enables the shovel plugin. */
export interface Shovel {
  /** Its name, once per vhost. */
  readonly name: string;
  /** One of `vhosts`: the vhost of the shovel. */
  readonly vhost: string;
  /** The source of messages. */
  readonly source: ShovelEnd;
  /** The destination of messages. */
  readonly destination: ShovelEnd;
  /** Default `on-confirm`: no message is lost if an end fails. */
  readonly ackMode?: "on-confirm" | "on-publish" | "no-ack";
  /** Default 1000. */
  readonly prefetchCount?: number;
  /** Default 5. */
  readonly reconnectDelaySeconds?: number;
}

/** Objects of a cluster from its first boot on. Each list defaults to empty, `vhosts` to the one vhost `/`. */
export interface Topology {
  /** Default: the one vhost `/`. */
  readonly vhosts?: readonly Vhost[];
  /** Users beside the default one. */
  readonly users?: readonly User[];
  /** The default user has all permissions in every vhost already. */
  readonly permissions?: readonly Permission[];
  /** Permissions by routing key. */
  readonly topicPermissions?: readonly TopicPermission[];
  /** Policies. */
  readonly policies?: readonly Policy[];
  /** Policies that applications cannot override. */
  readonly operatorPolicies?: readonly Policy[];
  /** Queues. */
  readonly queues?: readonly Queue[];
  /** Exchanges. */
  readonly exchanges?: readonly Exchange[];
  /** Bindings. */
  readonly bindings?: readonly Binding[];
  /** Brokers to federate from. */
  readonly federationUpstreams?: readonly FederationUpstream[];
  /** Shovels. */
  readonly shovels?: readonly Shovel[];
}
