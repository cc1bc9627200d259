import { paths } from "./paths.ts";

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

/** The arguments that switch the links, for the node and for the command line tools alike. */
export const interNodeArguments: string = `-proto_dist inet_tls -ssl_dist_optfile ${paths.interNode}`;
