import { nodeName, type Place } from "./place.ts";
import { checkHealth, eachBelow, formatScript } from "./script.ts";

/** The members that a quorum queue should have, where there are as many nodes. */
const wantedMembers = 3;

/**
 * The script that takes nodes away, the highest ordinal first. A node that is only scaled away stays a member of the cluster
 * and of its queues, and one that comes back with its old volume after it was forgotten never gets ready.
 */
export function scaleDownScript(place: Place, from: number, to: number): string {
  const { name, namespace } = place;
  const leaving = Array.from({ length: from - to }, (_, index) => from - 1 - index);
  const staying = Array.from({ length: Math.min(to, wantedMembers) }, (_, index) => index);
  return formatScript(place, `Takes ${name} in ${namespace} from ${from} to ${to} nodes.`, [
    [
      "Every node runs, and the volumes outlive their pods.",
      `[ "$replicas" -le ${from} ] && [ "$replicas" -ge ${to} ] || stop "${name} has $replicas nodes, not ${from}"`,
      `kept=$(k get statefulset ${name} -o 'jsonpath={.spec.persistentVolumeClaimRetentionPolicy.whenScaled}')`,
      `[ "$kept" != Delete ] || stop "whenScaled: Delete would delete a volume before the cluster forgets its node: set storage.whenScaled to Retain"`,
      ...checkHealth(place, "$replicas"),
    ],
    [
      "No queue lives on the leaving nodes alone.",
      `homeless=$(on ${name}-0 rabbitmqctl -q eval '${homeless(place, leaving)}')`,
      `if [ "$homeless" != ok ]; then`,
      `  echo "$homeless" | grep -v "^ok$" >&2`,
      `  stop "these queues would be lost. Classic queue: move its messages to a quorum queue by a shovel, then delete it. Stream: rabbitmq-streams add_replica NAME NODE -p VHOST for nodes that stay"`,
      "fi",
    ],
    [
      "Quorum queues get members on the nodes that stay, and lose those on the leaving ones.",
      `if [ "$(on ${name}-0 rabbitmqctl -q eval '${quorumQueues(place, leaving)}')" != ok ]; then`,
      ...staying.map((ordinal) => `  on ${name}-0 rabbitmq-queues -q grow ${nodeName(place, ordinal)} all`),
      `  few=$(on ${name}-0 rabbitmqctl -q eval '${quorumQueues(place, leaving, staying.length)}')`,
      `  [ "$few" = ok ] || { echo "$few" | grep -v "^ok$" >&2; stop "these quorum queues have too few members on nodes that stay: rabbitmq-queues grow NODE all reports why"; }`,
      ...leaving.map((ordinal) => `  on ${name}-0 rabbitmq-queues -q shrink ${nodeName(place, ordinal)}`),
      "fi",
      `left=$(on ${name}-0 rabbitmqctl -q eval '${quorumQueues(place, leaving)}')`,
      `[ "$left" = ok ] || { echo "$left" | grep -v "^ok$" >&2; stop "these quorum queues have not moved: run this again when they have a majority"; }`,
      ...eachBelow(
        "$replicas",
        `[ "$i" -lt ${to} ] || on ${name}-$i rabbitmq-diagnostics -q check_if_node_is_quorum_critical || stop "a queue needs ${name}-$i"`,
      ),
    ],
    [
      "One node after the other stops, is forgotten by the cluster, and loses its volume last.",
      ...leaving.flatMap((ordinal) => leave(place, ordinal)),
    ],
    [
      "What is left to do: the props.",
      `say "set replicas: ${to} in the props and apply, or the next apply brings the nodes back"`,
    ],
  ]);
}

function leave(place: Place, ordinal: number): readonly string[] {
  const { name } = place;
  const node = nodeName(place, ordinal);
  return [
    `if [ "$replicas" -gt ${ordinal} ]; then k scale statefulset ${name} --replicas=${ordinal}; replicas=${ordinal}; fi`,
    `k wait --for=delete pod/${name}-${ordinal} --timeout=300s || [ -z "$(k get pod ${name}-${ordinal} --ignore-not-found -o name)" ] || stop "${name}-${ordinal} does not end"`,
    `members=$(on ${name}-0 rabbitmqctl -q cluster_status --formatter json)`,
    `case $members in *'"${node}"'*) on ${name}-0 rabbitmqctl forget_cluster_node ${node} ;; esac`,
    `k delete pvc data-${name}-${ordinal} --ignore-not-found`,
  ];
}

function atoms(place: Place, ordinals: readonly number[]): string {
  return `[list_to_atom(N) || N <- [${ordinals.map((ordinal) => `"${nodeName(place, ordinal)}"`).join(", ")}]]`;
}

const queues =
  "lists:usort(rabbit_amqqueue:list() ++ lists:append([rabbit_amqqueue:list_down(V) || V <- rabbit_vhost:list_names()]))";

/**
 * An expression of Erlang, as all releases from 3.10 to 4.3 take it, that prints durable queues which would be lost: classic
 * ones without a synchronised mirror that stays (mirrors ended with 4.0), and streams without a majority that stays.
 * Exclusive queues end with their connection, which moves.
 */
function homeless(place: Place, leaving: readonly number[]): string {
  return `Leaving = ${atoms(place, leaving)},
    Mirrors = fun(Q) -> case erlang:function_exported(amqqueue, get_sync_slave_pids, 1) of true -> [node(P) || P <- amqqueue:get_sync_slave_pids(Q)]; false -> [] end end,
    [io:format("~ts: ~ts~n", [amqqueue:get_type(Q), rabbit_misc:rs(amqqueue:get_name(Q))]) || Q <- ${queues}, amqqueue:is_durable(Q), amqqueue:get_exclusive_owner(Q) =:= none,
      case amqqueue:get_type(Q) of
        rabbit_classic_queue -> is_pid(amqqueue:get_pid(Q)) andalso lists:member(node(amqqueue:get_pid(Q)), Leaving) andalso Mirrors(Q) -- Leaving =:= [];
        rabbit_stream_queue -> All = maps:get(nodes, amqqueue:get_type_state(Q), []), 2 * length(All -- Leaving) =< length(All);
        _ -> false
      end], ok.`;
}

/** An expression that prints quorum queues with a member on a leaving node; those alone that have fewer than `least` others. */
function quorumQueues(place: Place, leaving: readonly number[], least?: number): string {
  const few = least === undefined ? "" : `, length(Nodes -- Leaving) < ${least}`;
  return `Leaving = ${atoms(place, leaving)},
    [io:format("~ts~n", [rabbit_misc:rs(amqqueue:get_name(Q))]) || Q <- ${queues}, amqqueue:get_type(Q) =:= rabbit_quorum_queue,
      Nodes <- [case maps:get(nodes, amqqueue:get_type_state(Q), []) of List when is_list(List) -> List; Map -> maps:keys(Map) end],
      Nodes -- Leaving =/= Nodes${few}], ok.`;
}
