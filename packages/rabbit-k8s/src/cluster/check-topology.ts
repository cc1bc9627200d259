import { refusePolicyKey } from "../rabbitmq/policy-keys.ts";
import { isAtLeast, type RabbitVersion } from "../rabbitmq/version.ts";
import { checkEntries } from "./check-entries.ts";
import type { ModernProps } from "./props.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { Policy, Queue, ShovelEnd } from "./topology.ts";

/** Checks vhosts, users, policies, queues and their like against each other and the version. */
export function checkTopology(props: ModernProps, version: RabbitVersion | null): readonly Refusal[] {
  return [
    ...checkEntries(props),
    ...checkVhostNames(props),
    ...checkUserNames(props),
    ...checkBindings(props),
    ...checkShovels(props),
    ...checkPlaceholders(props),
    ...(version === null
      ? []
      : [...checkPolicies(props, version), ...checkQueues(props, version), ...checkVhostTypes(props, version)]),
  ];
}

/** The lists whose entries belong to a vhost. */
const perVhost = [
  "permissions",
  "topicPermissions",
  "policies",
  "operatorPolicies",
  "queues",
  "exchanges",
  "bindings",
  "federationUpstreams",
  "shovels",
] as const;

function checkVhostNames(props: ModernProps): readonly Refusal[] {
  const known = (props.vhosts ?? [{ name: "/" }]).map((vhost) => vhost.name);
  return perVhost.flatMap((list) =>
    (props[list] ?? []).flatMap(({ vhost }, index) =>
      known.includes(vhost)
        ? []
        : [
            {
              prop: `${list}[${index}].vhost`,
              reason: `there is no vhost "${vhost}", and a node does not boot on definitions that name one`,
              remedy: `add it to \`vhosts\`, or use ${known.map((name) => `"${name}"`).join(", ")}`,
            },
          ],
    ),
  );
}

function checkUserNames(props: ModernProps): readonly Refusal[] {
  const known = new Set((props.users ?? []).map((user) => user.name));
  return (["permissions", "topicPermissions"] as const).flatMap((list) =>
    (props[list] ?? []).flatMap(({ user }, index) =>
      known.has(user)
        ? []
        : [
            {
              prop: `${list}[${index}].user`,
              reason: `there is no user "${user}"`,
              remedy: "add it to `users` with the Secret of its password; the default user has all permissions already",
            },
          ],
    ),
  );
}

function checkPolicies(props: ModernProps, version: RabbitVersion): readonly Refusal[] {
  return (["policies", "operatorPolicies"] as const).flatMap((list) =>
    (props[list] ?? []).flatMap((policy, index) => checkPolicy(policy, `${list}[${index}]`, version)),
  );
}

function checkPolicy(policy: Policy, prop: string, version: RabbitVersion): readonly Refusal[] {
  const refusals: Refusal[] = Object.keys(policy.definition).flatMap((key) => {
    const refusal = refusePolicyKey(version, key);
    return refusal === null ? [] : [{ prop: `${prop}.definition["${key}"]`, ...refusal }];
  });
  if (Object.keys(policy.definition).length === 0) {
    refusals.push({
      prop: `${prop}.definition`,
      reason: "it sets nothing",
      remedy: "add a setting or remove the policy",
    });
  }
  const finer = ["classic_queues", "quorum_queues", "streams"].includes(policy.applyTo ?? "queues");
  if (finer && !isAtLeast(version, "3.12")) {
    refusals.push({
      prop: `${prop}.applyTo`,
      reason: `"${policy.applyTo}" comes with RabbitMQ 3.12; this is ${version.text}`,
      remedy: 'use "queues" and a narrower pattern',
    });
  }
  return refusals;
}

function checkQueues({ queues = [], conf = {} }: ModernProps, version: RabbitVersion): readonly Refusal[] {
  const permitted = String(conf["deprecated_features.permit.transient_nonexcl_queues"]) === "true";
  return queues.flatMap((queue, index) => {
    const prop = `queues[${index}]`;
    const refusals: Refusal[] = [...checkQueueArguments(queue, prop, version), ...checkPlacement(queue, prop, conf)];
    if (queue.durable === false && queue.type !== undefined && queue.type !== "classic") {
      refusals.push({
        prop: `${prop}.durable`,
        reason: `a ${queue.type} queue is always durable`,
        remedy: "leave `durable` out",
      });
    } else if (queue.durable === false && isAtLeast(version, "4.3") && !permitted) {
      refusals.push({
        prop: `${prop}.durable`,
        reason: `RabbitMQ ${version.text} may refuse queues that are neither durable nor exclusive`,
        remedy: "make it durable, or set `conf['deprecated_features.permit.transient_nonexcl_queues']` to true",
      });
    }
    return refusals;
  });
}

function checkQueueArguments(queue: Queue, prop: string, version: RabbitVersion): readonly Refusal[] {
  const given = queue.arguments ?? {};
  const refusals: Refusal[] = [];
  const refuse = (name: string, reason: string, remedy: string): void => {
    refusals.push({ prop: `${prop}.arguments["${name}"]`, reason, remedy });
  };
  if ("x-queue-type" in given) refuse("x-queue-type", "the type has a prop of its own", "use `type`");
  if ("x-max-priority" in given && queue.type !== "classic") {
    refuse("x-max-priority", "quorum queues refuse it", "set `type: 'classic'` for a queue with priorities");
  }
  if ("x-queue-mode" in given && isAtLeast(version, "4.3")) {
    refuse("x-queue-mode", `RabbitMQ ${version.text} refuses it: classic queues are always lazy`, "leave it out");
  }
  if (given["x-queue-version"] === 1 && isAtLeast(version, "4.3")) {
    refuse("x-queue-version", `classic storage version 1 is gone in RabbitMQ ${version.text}`, "leave it out");
  }
  return refusals;
}

/** While all nodes boot, RabbitMQ 4.x finds no node for a classic queue that shall be placed evenly, and none boots. */
function checkPlacement(queue: Queue, prop: string, conf: NonNullable<ModernProps["conf"]>): readonly Refusal[] {
  if (queue.type !== "classic") return [];
  const places = [
    [`${prop}.arguments["x-queue-leader-locator"]`, queue.arguments?.["x-queue-leader-locator"]],
    [`conf["queue_leader_locator"]`, conf["queue_leader_locator"]],
  ] as const;
  return places
    .filter(([, locator]) => locator !== undefined && locator !== "client-local")
    .map(([place, locator]) => ({
      prop: place,
      reason: `"${locator}" for the classic queue "${queue.name}" stops every node that boots before another runs`,
      remedy: "leave it out: the queue then lives on the node that declares it",
    }));
}

function checkVhostTypes(
  { vhosts = [], defaultQueueType, celery }: ModernProps,
  version: RabbitVersion,
): readonly Refusal[] {
  if (isAtLeast(version, "3.10.8")) return [];
  const refuse = (prop: string): Refusal => ({
    prop,
    reason: `RabbitMQ ${version.text} has no default queue type for a vhost; it comes with 3.10.8`,
    remedy: "use 3.10.8 or later, or set `defaultQueueType: 'classic'` and give each queue its `type`",
  });
  const typed = vhosts.flatMap((vhost, index) =>
    (vhost.defaultQueueType ?? "classic") === "classic" ? [] : [refuse(`vhosts[${index}].defaultQueueType`)],
  );
  const general = defaultQueueType ?? (celery === undefined || celery === false ? "quorum" : "classic");
  return general === "classic" ? typed : [...typed, refuse("defaultQueueType")];
}

function checkBindings({ bindings = [], exchanges = [], queues = [] }: ModernProps): readonly Refusal[] {
  return bindings.flatMap((binding, index) => {
    const refusals: Refusal[] = [];
    const has = (list: readonly { readonly name: string; readonly vhost: string }[], name: string): boolean =>
      list.some((entry) => entry.name === name && entry.vhost === binding.vhost);
    if (!binding.source.startsWith("amq.") && !has(exchanges, binding.source)) {
      refusals.push({
        prop: `bindings[${index}].source`,
        reason: `there is no exchange "${binding.source}" in vhost "${binding.vhost}"`,
        remedy: "add it to `exchanges`",
      });
    }
    const kind = binding.destinationType ?? "queue";
    if (
      !(kind === "exchange" && binding.destination.startsWith("amq.")) &&
      !has(kind === "queue" ? queues : exchanges, binding.destination)
    ) {
      refusals.push({
        prop: `bindings[${index}].destination`,
        reason: `there is no ${kind} "${binding.destination}" in vhost "${binding.vhost}"`,
        remedy: `add it to \`${kind}s\``,
      });
    }
    return refusals;
  });
}

function checkShovels({ shovels = [] }: ModernProps): readonly Refusal[] {
  return shovels.flatMap((shovel, index) =>
    (["source", "destination"] as const).flatMap((end) => {
      const { queue, exchange }: ShovelEnd = shovel[end];
      if ((queue === undefined) !== (exchange === undefined)) return [];
      return [
        {
          prop: `shovels[${index}].${end}`,
          reason: "it is neither a queue nor an exchange, or both",
          remedy: "name one of both",
        },
      ];
    }),
  );
}

/** The mark that the init container replaces by a secret; strings of the user must not contain it. */
const placeholder = "@secret/";

function checkPlaceholders(props: ModernProps): readonly Refusal[] {
  return (["vhosts", "users", ...perVhost] as const).flatMap((list) =>
    JSON.stringify(props[list] ?? []).includes(placeholder)
      ? [
          {
            prop: list,
            reason: `a string contains "${placeholder}", the mark of a secret`,
            remedy: "change the text",
          },
        ]
      : [],
  );
}
