import { expect, it } from "vitest";
import { paths } from "../../src/cluster/paths.ts";
import { describeModern } from "./modern-cluster.ts";

// Plain ports stay open beside the encrypted ones, for the cases that all versions share.
const tls = { secretName: "rabbitmq-tls", interNode: true, verifyClients: true, keepPlain: true };

describeModern("4.3.6", tls, ({ lab }) => {
  it("formed over encrypted links", async () => {
    const question = "{ok, [[Dist]]} = init:get_argument(proto_dist), io:format(Dist).";
    expect(await lab().exec("rabbitmq-0", "rabbitmqctl", "eval", question)).toContain("inet_tls");
  });

  it.each([
    ["links between nodes", 25672],
    ["clients", 5671],
  ])("asks for a certificate on the port for %s", async (_, port) => {
    // With TLS 1.3 a client hears of the refusal only when it reads.
    const connect = `openssl s_client -connect localhost:${port} -tls1_2 -verify_return_error -CAfile ${paths.tls}/ca.crt`;
    const ending = async (words: string): Promise<string> =>
      lab().exec("rabbitmq-1", "sh", "-c", `${connect} ${words} </dev/null 2>&1; echo "ended with $?"`);
    expect(await ending(`-cert ${paths.tls}/tls.crt -key ${paths.tls}/tls.key`)).toContain("ended with 0");
    const refused = await ending("");
    expect(refused).toMatch(/alert (handshake failure|certificate required)/);
    expect(refused).toContain("ended with 1");
  });
});
