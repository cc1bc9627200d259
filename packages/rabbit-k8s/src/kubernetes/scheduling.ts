import type { Affinity, NodeSelectorTerm, PodAffinityTerm, Toleration } from "kubernetes-types/core/v1.d.ts";
import type { LabelSelector } from "kubernetes-types/meta/v1.d.ts";
import type { NetworkPolicyPeer } from "kubernetes-types/networking/v1.d.ts";
import { list, oneOf, props, type Shape } from "@leveret/options";
import { number, record, text } from "../refusal/shape.ts";
import type { Refusal } from "../refusal/refusal.ts";
import { checkIntegers, checkLabels, checkTexts } from "./check.ts";
import { addressBlock, isWithin, labelKey, labelValue, namespaceName, objectName } from "./rules.ts";

const labelSelector = props({
  matchLabels: record(text),
  matchExpressions: list(
    props({ "key*": text, "operator*": oneOf("In", "NotIn", "Exists", "DoesNotExist"), values: list(text) }),
  ),
});
const requirement = props({
  "key*": text,
  "operator*": oneOf("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
  values: list(text),
});
const nodeTerm = props({ matchExpressions: list(requirement), matchFields: list(requirement) });
const podTerm = props({
  labelSelector,
  namespaceSelector: labelSelector,
  namespaces: list(text),
  "topologyKey*": text,
  matchLabelKeys: list(text),
  mismatchLabelKeys: list(text),
});
const podAffinity = props({
  requiredDuringSchedulingIgnoredDuringExecution: list(podTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(props({ "weight*": number, "podAffinityTerm*": podTerm })),
});

/** The shape of a toleration. */
export const tolerationShape: Shape = props({
  key: text,
  operator: oneOf("Exists", "Equal"),
  value: text,
  effect: oneOf("NoSchedule", "PreferNoSchedule", "NoExecute"),
  tolerationSeconds: number,
});

/** The shape of allowed clients. */
export const peerShape: Shape = props({
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock: props({ "cidr*": text, except: list(text) }),
});

/** The shape of a reference to a Secret with a registry's login. */
export const pullSecretShape: Shape = props({ "name*": text });

/** The shape of an affinity. */
export const affinityShape: Shape = props({
  nodeAffinity: props({
    requiredDuringSchedulingIgnoredDuringExecution: props({ "nodeSelectorTerms*": list(nodeTerm) }),
    preferredDuringSchedulingIgnoredDuringExecution: list(props({ "weight*": number, "preference*": nodeTerm })),
  }),
  podAffinity,
  podAntiAffinity: podAffinity,
});

const keyRemedy = "write NAME or DOMAIN/NAME";

function refuse(isWrong: boolean, prop: string, reason: string, remedy: string): readonly Refusal[] {
  return isWrong ? [{ prop, reason, remedy }] : [];
}

/** Secrets with a registry's login. */
export function checkPullSecrets(secrets: readonly { readonly name?: string }[] = []): readonly Refusal[] {
  return secrets.flatMap(({ name }, index) => {
    const prop = `imagePullSecrets[${index}].name`;
    return [
      ...checkTexts({ [prop]: name }, objectName, "use lower-case letters, digits, dashes and dots"),
      ...refuse(
        secrets.findIndex((secret) => secret.name === name) < index,
        prop,
        `"${name}" is there twice`,
        "remove one",
      ),
    ];
  });
}

/** Tolerations by the rules of the API server. */
export function checkTolerations(prop: string, tolerations: readonly Toleration[] = []): readonly Refusal[] {
  return tolerations.flatMap(({ key = "", operator = "Equal", value = "", effect, tolerationSeconds }, index) => {
    const at = `${prop}[${index}]`;
    return [
      ...(key === "" ? [] : checkTexts({ [`${at}.key`]: key }, labelKey, keyRemedy)),
      ...checkTexts({ [`${at}.value`]: value }, labelValue, "use letters, digits, dashes, dots and underscores"),
      ...refuse(
        key === "" && operator !== "Exists",
        `${at}.operator`,
        "without a key it must be Exists",
        "write Exists, or name a key",
      ),
      ...refuse(operator === "Exists" && value !== "", `${at}.value`, "Exists takes no value", "leave it out"),
      ...refuse(
        tolerationSeconds !== undefined && effect !== "NoExecute",
        `${at}.tolerationSeconds`,
        "it counts for the effect NoExecute only",
        "leave it out, or set the effect",
      ),
      ...checkIntegers(
        { [`${at}.tolerationSeconds`]: tolerationSeconds },
        Number.MIN_SAFE_INTEGER,
        Number.MAX_SAFE_INTEGER,
      ),
    ];
  });
}

/** Peers of a network policy. */
export function checkPeers(prop: string, peers: readonly NetworkPolicyPeer[] = []): readonly Refusal[] {
  return peers.flatMap(({ podSelector, namespaceSelector, ipBlock }, index) => {
    const at = `${prop}[${index}]`;
    const selects = podSelector !== undefined || namespaceSelector !== undefined;
    const remedy = "name pods, namespaces or both, or one block of addresses";
    return [
      ...refuse(!selects && ipBlock === undefined, at, "it is empty", remedy),
      ...refuse(selects && ipBlock !== undefined, at, "a block of addresses stands alone", remedy),
      ...checkSelector(`${at}.podSelector`, podSelector),
      ...checkSelector(`${at}.namespaceSelector`, namespaceSelector),
      ...checkTexts({ [`${at}.ipBlock.cidr`]: ipBlock?.cidr }, addressBlock, "write 10.0.0.0/8 or fd00::/8"),
      ...(ipBlock?.except ?? []).flatMap((except, position) => [
        ...checkTexts({ [`${at}.ipBlock.except[${position}]`]: except }, addressBlock, "write 10.0.0.0/8 or fd00::/8"),
        ...refuse(
          addressBlock(except) === null &&
            ipBlock !== undefined &&
            addressBlock(ipBlock.cidr) === null &&
            !isWithin(except, ipBlock.cidr),
          `${at}.ipBlock.except[${position}]`,
          `${except} is not a part of ${ipBlock?.cidr}`,
          "name a smaller block within it",
        ),
      ]),
    ];
  });
}

function checkSelector(prop: string, selector: LabelSelector | undefined): readonly Refusal[] {
  return [
    ...checkLabels(`${prop}.matchLabels`, selector?.matchLabels),
    ...checkRequirements(`${prop}.matchExpressions`, selector?.matchExpressions),
  ];
}

function checkRequirements(
  prop: string,
  requirements: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[] = [],
): readonly Refusal[] {
  return requirements.flatMap(({ key, operator, values = [] }, index) => {
    const at = `${prop}[${index}]`;
    const wanted = { Exists: 0, DoesNotExist: 0, Gt: 1, Lt: 1 }[operator];
    return [
      ...checkTexts({ [`${at}.key`]: key }, labelKey, keyRemedy),
      ...refuse(
        wanted === undefined ? values.length === 0 : values.length !== wanted,
        `${at}.values`,
        `${operator} takes ${wanted ?? "at least one"} value${wanted === 0 ? "s" : ""}`,
        "change them",
      ),
      ...refuse(
        wanted === 1 && !/^-?\d+$/.test(values[0] ?? "0"),
        `${at}.values`,
        `${operator} takes an integer`,
        "change it",
      ),
      ...values.flatMap((value, position) =>
        checkTexts(
          { [`${at}.values[${position}]`]: value },
          labelValue,
          "use letters, digits, dashes, dots and underscores",
        ),
      ),
    ];
  });
}

/** An affinity. */
export function checkAffinity(prop: string, affinity: Affinity | undefined): readonly Refusal[] {
  const { nodeAffinity, podAffinity: together, podAntiAffinity: apart } = affinity ?? {};
  const [required, preferred] = [
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
  ] as const;
  const terms = nodeAffinity?.[required]?.nodeSelectorTerms;
  return [
    ...refuse(
      terms?.length === 0,
      `${prop}.nodeAffinity.${required}.nodeSelectorTerms`,
      "it names no term",
      "name one, or leave it out",
    ),
    ...(terms ?? []).flatMap((term, index) =>
      checkNodeTerm(`${prop}.nodeAffinity.${required}.nodeSelectorTerms[${index}]`, term),
    ),
    ...(nodeAffinity?.[preferred] ?? []).flatMap(({ weight, preference }, index) => [
      ...checkIntegers({ [`${prop}.nodeAffinity.${preferred}[${index}].weight`]: weight }, 1, 100),
      ...checkNodeTerm(`${prop}.nodeAffinity.${preferred}[${index}].preference`, preference),
    ]),
    ...Object.entries({ podAffinity: together, podAntiAffinity: apart }).flatMap(([kind, each]) => [
      ...(each?.[required] ?? []).flatMap((term, index) => checkPodTerm(`${prop}.${kind}.${required}[${index}]`, term)),
      ...(each?.[preferred] ?? []).flatMap(({ weight, podAffinityTerm }, index) => [
        ...checkIntegers({ [`${prop}.${kind}.${preferred}[${index}].weight`]: weight }, 1, 100),
        ...checkPodTerm(`${prop}.${kind}.${preferred}[${index}].podAffinityTerm`, podAffinityTerm),
      ]),
    ]),
  ];
}

function checkNodeTerm(prop: string, { matchExpressions, matchFields = [] }: NodeSelectorTerm): readonly Refusal[] {
  return [
    ...checkRequirements(`${prop}.matchExpressions`, matchExpressions),
    ...matchFields.flatMap(({ key, operator, values = [] }, index) => {
      const at = `${prop}.matchFields[${index}]`;
      const isOne = ["In", "NotIn"].includes(operator) && values.length === 1;
      return [
        ...refuse(key !== "metadata.name", `${at}.key`, "there is one field, metadata.name", "write metadata.name"),
        ...refuse(!isOne, `${at}.values`, "a field takes In or NotIn with one value", "name one machine"),
        ...values.flatMap((value, position) =>
          checkTexts({ [`${at}.values[${position}]`]: value }, objectName, "name a machine"),
        ),
      ];
    }),
  ];
}

function checkPodTerm(prop: string, term: PodAffinityTerm): readonly Refusal[] {
  const { labelSelector: pods, namespaceSelector, namespaces = [], topologyKey } = term;
  return [
    ...checkTexts(
      { [`${prop}.topologyKey`]: topologyKey },
      labelKey,
      "write kubernetes.io/hostname or topology.kubernetes.io/zone",
    ),
    ...checkSelector(`${prop}.labelSelector`, pods),
    ...checkSelector(`${prop}.namespaceSelector`, namespaceSelector),
    ...namespaces.flatMap((name, index) =>
      checkTexts({ [`${prop}.namespaces[${index}]`]: name }, namespaceName, "name a namespace"),
    ),
    ...checkLabelKeys(prop, term),
  ];
}

/** Keys whose values are those of the pod itself. */
function checkLabelKeys(
  prop: string,
  { labelSelector: pods, matchLabelKeys = [], mismatchLabelKeys = [] }: PodAffinityTerm,
): readonly Refusal[] {
  const taken = new Set([
    ...Object.keys(pods?.matchLabels ?? {}),
    ...(pods?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  return Object.entries({ matchLabelKeys, mismatchLabelKeys }).flatMap(([kind, keys]) =>
    keys.flatMap((key, index) => {
      const at = `${prop}.${kind}[${index}]`;
      const isTwice = taken.has(key) || (kind === "mismatchLabelKeys" && matchLabelKeys.includes(key));
      return [
        ...checkTexts({ [at]: key }, labelKey, keyRemedy),
        ...refuse(pods === undefined, at, "it counts beside a labelSelector only", "add one, or leave it out"),
        ...refuse(isTwice, at, `"${key}" is matched already`, "leave it out"),
      ];
    }),
  );
}
