import { expect, test } from "vitest";
import { missingLibraries, serverPackages } from "../../src/install/packages.ts";

test("of all dependencies only the server and Erlang are unpacked", () => {
  const depends = `rabbitmq-server
  Depends: adduser
  Depends: erlang-base
 |Depends: erlang-base-hipe
adduser
erlang-base
  Depends: libc6
erlang-base-hipe
erlang-ssl
  Depends: erlang-base
<erlang-abi-17.0>
erlang-base:i386
libssl3
socat
erlang-base
`;
  expect(serverPackages(depends)).toEqual(["rabbitmq-server", "erlang-base", "erlang-ssl"]);
});

test("libraries that the system lacks are unpacked too, except the C library", () => {
  const simulated = `NOTE: This is only a simulation!
Reading package lists...
Inst libssl3 (3.0.17-1 Debian:12 [amd64])
Inst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])
Inst libc6-i386 (2.36-10 Debian:12 [amd64])
Inst erlang-base (1:25.2.3 Debian:12 [amd64])
Conf libtinfo6 (6.4 Debian:12 [amd64])
`;
  expect(missingLibraries(simulated)).toEqual(["libssl3"]);
  expect(missingLibraries("")).toEqual([]);
});
