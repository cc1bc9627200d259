import type { SourceObject } from "../check/source.ts";
import { type Change, same } from "./change.ts";
import type { Effect, EffectKind } from "./effect.ts";

/** One entry of the definitions. */
type Entry = Readonly<Record<string, unknown>>;

/** A list of the definitions: how an entry is called, and how a person takes it out of a broker. */
interface Kind {
  readonly list: string;
  readonly title: (entry: Entry) => string;
  /** What removes it, without the broker's own part of the command. */
  readonly removal: (entry: Entry) => string;
}

const place = ({ name, vhost }: Entry): string => `"${String(name)}" of vhost "${String(vhost)}"`;
const quoted = (value: unknown): string => `'${String(value)}'`;

const kinds: readonly Kind[] = [
  {
    list: "users",
    title: ({ name }) => userTitle(name),
    removal: ({ name }) => `rabbitmqctl delete_user ${quoted(secretName(name) === null ? name : "NAME")}`,
  },
  {
    list: "vhosts",
    title: ({ name }) => `vhost "${String(name)}", with its queues,`,
    removal: ({ name }) => `rabbitmqctl delete_vhost ${quoted(name)}`,
  },
  {
    list: "permissions",
    title: ({ user, vhost }) => `the permissions of ${userTitle(user)} in vhost "${String(vhost)}"`,
    removal: ({ user, vhost }) =>
      `rabbitmqctl clear_permissions -p ${quoted(vhost)} ${quoted(secretName(user) === null ? user : "NAME")}`,
  },
  {
    list: "topic_permissions",
    title: ({ user, vhost, exchange }) =>
      `the topic permissions of ${userTitle(user)} on "${String(exchange)}" in vhost "${String(vhost)}"`,
    removal: ({ user, vhost, exchange }) =>
      `rabbitmqctl clear_topic_permissions -p ${quoted(vhost)} ${quoted(user)} ${quoted(exchange)}`,
  },
  {
    list: "policies",
    title: (entry) => `policy ${place(entry)}`,
    removal: ({ name, vhost }) => `rabbitmqctl clear_policy -p ${quoted(vhost)} ${quoted(name)}`,
  },
  {
    list: "parameters",
    title: (entry) => `${String(entry["component"]).replaceAll(/[_-]/g, " ")} ${place(entry)}`,
    removal: ({ component, name, vhost }) =>
      component === "operator_policy"
        ? `rabbitmqctl clear_operator_policy -p ${quoted(vhost)} ${quoted(name)}`
        : `rabbitmqctl clear_parameter -p ${quoted(vhost)} ${String(component)} ${quoted(name)}`,
  },
  {
    list: "queues",
    title: (entry) => `queue ${place(entry)}`,
    removal: ({ name, vhost }) => `rabbitmqctl delete_queue -p ${quoted(vhost)} ${quoted(name)}`,
  },
  {
    list: "exchanges",
    title: (entry) => `exchange ${place(entry)}`,
    removal: ({ name, vhost }) => `the management interface: exchange ${quoted(name)} of vhost ${quoted(vhost)}`,
  },
  {
    list: "bindings",
    title: ({ source, destination, routing_key, vhost }) =>
      `the binding of "${String(source)}" to "${String(destination)}" by "${String(routing_key)}" in vhost "${String(vhost)}"`,
    removal: ({ destination }) => `the management interface: bindings of ${quoted(destination)}`,
  },
];

/** The Secret that a mark in the definitions stands for; `null` where the text is no mark. */
function secretName(text: unknown): string | null {
  return /^@secret\/([^/]+)\/[^/]+@$/.exec(String(text))?.[1] ?? null;
}

function userTitle(name: unknown): string {
  const secret = secretName(name);
  return secret === null ? `user "${String(name)}"` : `the administrator of Secret ${secret}`;
}

/** Of queues and exchanges: what a broker never changes of one that exists. */
const fixed = ["type", "durable", "auto_delete", "internal", "arguments"] as const;

/**
 * What the import of changed definitions does not do: nothing is ever deleted by one, and what exists keeps its type. Users,
 * permissions and policies that are still there are overwritten.
 */
export function definitionEffects(change: Change): readonly Effect[] {
  const [before, after] = [definitionsOf(change.before), definitionsOf(change.after)];
  if (before === null || after === null) return [];
  const effect = (kind: EffectKind, message: string, advice: string): Effect => ({
    kind,
    object: change.title,
    message,
    advice,
  });
  return kinds.flatMap(({ list, title, removal }) => {
    const fresh = new Map(entries(after, list).map((entry) => [title(entry), entry]));
    return entries(before, list).flatMap((entry): readonly Effect[] => {
      const name = title(entry);
      const successor = fresh.get(name);
      if (successor === undefined)
        return [
          effect(
            "note",
            `${name} stays in the broker, though the definitions no longer have it`,
            `to remove it: ${removal(entry)}`,
          ),
        ];
      if (list === "vhosts") return typeEffects(entry, successor, effect);
      if (list !== "queues" && list !== "exchanges") return [];
      return fixed
        .filter((key) => !same(entry[key], successor[key]))
        .map((key) =>
          effect(
            "refused",
            `${name} stays as it is: ${key} was ${JSON.stringify(entry[key])}, and ${JSON.stringify(successor[key])} counts for new ones only`,
            `keep it, or give the new one another name and move what is there`,
          ),
        );
    });
  });
}

function entries(definitions: Entry, list: string): readonly Entry[] {
  return Array.isArray(definitions[list]) ? (definitions[list] as readonly Entry[]) : [];
}

function typeEffects(
  before: Entry,
  after: Entry,
  effect: (kind: EffectKind, message: string, advice: string) => Effect,
): readonly Effect[] {
  const typeOf = ({ default_queue_type: type }: Entry): string => (typeof type === "string" ? type : "classic");
  const [old, fresh] = [typeOf(before), typeOf(after)];
  if (old === fresh) return [];
  return [
    effect(
      "refused",
      `vhost "${String(before["name"])}" gets the default queue type ${fresh} instead of ${old}: declarations without a type of queues that exist are refused from then on (406, inequivalent arg 'x-queue-type'), those of Python workers among them`,
      `set defaultQueueType: '${old}' in the props, or move the queues first`,
    ),
  ];
}

/** The definitions of a ConfigMap of ours; `null` where it has none. */
function definitionsOf(object: SourceObject): Entry | null {
  const text = object.text("data", "definitions.json") ?? object.text("data", "import.json");
  try {
    return text === null ? null : (JSON.parse(text) as Entry);
  } catch {
    // The command `check` reports invalid JSON.
    return null;
  }
}
