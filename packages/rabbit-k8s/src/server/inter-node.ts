import { erlangVariables } from "../cluster/naming.ts";
import type { ResolvedCluster } from "../cluster/resolved.ts";
import { paths } from "../cluster/paths.ts";

/**
 * The options of the encrypted links between nodes, as an Erlang term. The client side has no `fail_if_no_peer_cert`:
 * there it breaks every link in silence.
 */
export function renderInterNode(): string {
  const files = `{cacertfile,"${paths.tls}/ca.crt"},{certfile,"${paths.tls}/tls.crt"},{keyfile,"${paths.tls}/tls.key"}`;
  return `[{server,[${files},{secure_renegotiate,true},{verify,verify_peer},{fail_if_no_peer_cert,true}]},
 {client,[${files},{secure_renegotiate,true},{verify,verify_peer},
  {customize_hostname_check,[{match_fun,public_key:pkix_verify_hostname_match_fun(https)}]}]}].
`;
}

/** The file by which Erlang resolves names to IPv6 addresses. */
export const inetConfig = "{inet6, true}.\n";

/**
 * The arguments that switch the links between nodes, by the variables of the node and of the command line tools; none where
 * Erlang's own links, plain over IPv4, are right.
 */
export function linkArguments({ tls, service }: ResolvedCluster): Readonly<Record<string, string>> {
  const isIpv6 = service.ipFamily === "IPv6";
  const encrypted = `-proto_dist ${isIpv6 ? "inet6_tls" : "inet_tls"} -ssl_dist_optfile ${paths.interNode}`;
  const links = tls?.interNode === true ? encrypted : isIpv6 ? "-proto_dist inet6_tcp" : null;
  if (links === null) return {};
  const [server = "", tools = ""] = erlangVariables;
  return { [server]: isIpv6 ? `-kernel inetrc '${paths.inet}' ${links}` : links, [tools]: links };
}
