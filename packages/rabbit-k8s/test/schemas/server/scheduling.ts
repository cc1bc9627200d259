import {
  type Node,
  type Report,
  given,
  isQualified,
  label63,
  labelText,
  list,
  node,
  selector,
  subdomain,
  text,
  within,
} from "./values.ts";

export function nodeTerm(path: string, term: Node, report: Report): void {
  for (const { key, operator, values } of list(term["matchExpressions"])) {
    const count = list(values).length;
    if (!isQualified(text(key))) report(path, `no key: ${text(key)}`);
    const fits: Readonly<Record<string, boolean>> = {
      In: count > 0,
      NotIn: count > 0,
      Exists: count === 0,
      DoesNotExist: count === 0,
      Gt: count === 1,
      Lt: count === 1,
    };
    if (fits[text(operator)] !== true) report(path, `${text(operator)} with ${count} values`);
  }
  for (const { key, operator, values } of list(term["matchFields"])) {
    if (key !== "metadata.name") report(path, `no field: ${text(key)}`);
    if (!["In", "NotIn"].includes(text(operator)) || list(values).length !== 1) report(path, "a field takes one value");
    for (const each of list(values)) if (!subdomain.test(text(each))) report(path, `no name: ${text(each)}`);
  }
}

export function podTerm(path: string, term: Node, report: Report): void {
  if (!isQualified(text(term["topologyKey"]))) report(`${path}.topologyKey`, "no key");
  selector(`${path}.labelSelector`, term["labelSelector"], report);
  selector(`${path}.namespaceSelector`, term["namespaceSelector"], report);
  for (const name of list(term["namespaces"]))
    if (!label63.test(text(name))) report(path, `no namespace: ${text(name)}`);
  const { matchLabels, matchExpressions } = node(term["labelSelector"]);
  const used = new Set([...Object.keys(node(matchLabels)), ...list(matchExpressions).map(({ key }) => text(key))]);
  const [match, mismatch] = [list(term["matchLabelKeys"]), list(term["mismatchLabelKeys"])].map((keys) =>
    keys.map(text),
  );
  for (const key of [...(match ?? []), ...(mismatch ?? [])]) {
    if (!isQualified(key)) report(path, `no key: ${key}`);
    if (!given(term["labelSelector"])) report(path, "keys without a labelSelector");
  }
  for (const key of match ?? []) {
    if (mismatch?.includes(key) === true) report(path, `matched and mismatched: ${key}`);
    if (used.has(key)) report(path, `matched twice: ${key}`);
  }
}

export const required = "requiredDuringSchedulingIgnoredDuringExecution";

export const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

export function affinity(path: string, value: unknown, report: Report): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = node(value);
  const terms = node(node(nodeAffinity)[required])["nodeSelectorTerms"];
  if (given(node(nodeAffinity)[required]) && list(terms).length === 0) report(path, "no node selector term");
  for (const term of list(terms)) nodeTerm(path, term, report);
  for (const { weight, preference } of list(node(nodeAffinity)[preferred])) {
    within(`${path}.weight`, weight, 1, 100, report);
    nodeTerm(path, node(preference), report);
  }
  for (const each of [podAffinity, podAntiAffinity].map(node)) {
    for (const term of list(each[required])) podTerm(path, term, report);
    for (const { weight, podAffinityTerm } of list(each[preferred])) {
      within(`${path}.weight`, weight, 1, 100, report);
      podTerm(path, node(podAffinityTerm), report);
    }
  }
}

export function tolerations(path: string, value: unknown, report: Report): void {
  for (const { key = "", operator = "Equal", value: own = "", effect = "", tolerationSeconds } of list(value)) {
    if (key !== "" && !isQualified(text(key))) report(path, `no key: ${text(key)}`);
    if (key === "" && operator !== "Exists") report(path, "no key, and not Exists");
    if (!["Exists", "Equal"].includes(text(operator))) report(path, `operator ${text(operator)}`);
    if (operator === "Exists" && own !== "") report(path, "Exists with a value");
    if (!labelText.test(text(own))) report(path, `no value: ${text(own)}`);
    if (!["", "NoSchedule", "PreferNoSchedule", "NoExecute"].includes(text(effect))) report(path, text(effect));
    if (given(tolerationSeconds) && effect !== "NoExecute") report(path, "seconds without NoExecute");
  }
}
