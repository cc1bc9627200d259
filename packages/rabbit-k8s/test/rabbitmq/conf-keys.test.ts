import { describe, expect, it } from "vitest";
import { isSecret, refuseKey, refuseValue } from "../../src/rabbitmq/conf-keys.ts";
import table from "../../src/rabbitmq/conf-keys.json" with { type: "json" };
import { parseConf } from "../../src/rabbitmq/conf-file.ts";
import { parseVersion } from "../../src/rabbitmq/version.ts";

const on = (version: string, key: string): ReturnType<typeof refuseKey> => refuseKey(parseVersion(version)!, key);

describe("secrets of rabbitmq.conf", () => {
  it.each([
    "management.oauth_client_secret",
    "management.oauth_resource_servers.shop.oauth_client_secret",
    "management.credential_encryption_secret",
    "management.uaa_client_secret",
    "management.oauth_token_endpoint_params.client_secret",
    "cluster_formation.aws.secret_key",
    "cluster_formation.consul.acl_token",
    "cluster_formation.etcd.password",
    "cluster_formation.etcd.ssl_options.key.RSAPrivateKey",
    "auth_ldap.dn_lookup_bind.password",
    "auth_ldap.other_bind.password",
    "ssl_options.password",
    "ssl_options.key.PrivateKeyInfo",
    "management.ssl.password",
    "prometheus.ssl.password",
    "definitions.tls.password",
    "default_pass",
    "default_users.web.password",
    "anonymous_login_pass",
    "mqtt.default_pass",
    "stomp.default_pass",
    "tracing.password",
  ])("%s holds one in plain text, and none by reference", (key) => {
    expect(isSecret(key, "geheim")).toBe(true);
    expect(isSecret(key, "$(OF_A_SECRET)")).toBe(false);
    expect(isSecret(key, "$(OF_A_SECRET) and more")).toBe(true);
  });

  it("are all that the schema marks", () => {
    const marked = Object.entries(table).filter(([, [type]]) => JSON.stringify(type).includes("tagged_"));
    expect(marked.length).toBeGreaterThan(20);
    expect(marked.filter(([key]) => !isSecret(key, "geheim"))).toEqual([]);
  });

  it.each([
    ["definitions.https.url", "https://user:geheim@host/definitions"],
    ["auth_http.user_path", "http://geheim@host/user"],
    ["auth_http.vhost_path", "http://user:ge/he im@host/user"],
  ])("%s holds one in its login", (key, value) => {
    expect(isSecret(key, value)).toBe(true);
  });

  it.each([
    ["anonymous_login_user", "none"],
    ["auth_oauth2.default_key", "id1"],
    ["auth_oauth2.https.cacertfile", "/etc/ca.pem"],
    ["cluster_formation.k8s.token_path", "/var/run/token"],
    ["cluster_formation.aws.access_key_id", "AKIA"],
    ["password_hashing_module", "rabbit_password_hashing_sha512"],
    ["credential_validator.regexp", "^a{8,}@?$"],
    ["management.oauth_client_id", "web"],
    ["auth_http.user_path", "http://host/user"],
    ["ssl_options.psk_identity", "web"],
  ])("%s = %s holds none", (key, value) => {
    expect(isSecret(key, value)).toBe(false);
  });
});

describe("keys of rabbitmq.conf", () => {
  it.each([
    ["3.10.8", "cluster_formation.randomized_startup_delay_range.min"],
    ["3.13.3", "default_queue_type"],
    ["3.12.14", "default_queue_type"],
    ["4.3.6", "anonymous_login_user"],
    ["4.3", "deprecated_features.permit.transient_nonexcl_queues"],
    ["3.11", "default_users.web.password"],
    ["4.1", "cluster_formation.k8s.ordinal_start"],
  ])("%s knows %s", (version, key) => {
    expect(on(version, key)).toBeNull();
  });

  it.each([
    ["4.0.0", "cluster_formation.randomized_startup_delay_range.min"],
    ["3.13.2", "default_queue_type"],
    ["3.12.13", "default_queue_type"],
    ["3.13.7", "anonymous_login_user"],
    ["3.10.8", "default_users.web.password"],
    ["4.2", "federation.shutdown.permanent"],
  ])("%s does not know %s", (version, key) => {
    expect(on(version, key)).not.toBeNull();
  });

  it("suggests the key that was meant", () => {
    expect(on("4.3", "vm_memory_high_watermark.relativ")).toEqual({
      kind: "unknown",
      nearest: "vm_memory_high_watermark.relative",
    });
    expect(on("4.3", "entirely.different.thing")).toEqual({ kind: "unknown", nearest: null });
  });

  it("says which releases take a key", () => {
    expect(on("3.10.8", "default_queue_type")).toMatchObject({
      acceptedBy: expect.arrayContaining(["3.12.14", "3.13.3", "4.0.0"]) as unknown,
    });
  });

  it.each([
    ["log.console", "true", null],
    ["log.console", "yes", "must be true or false"],
    ["consumer_timeout", "0", "must be an integer above 0"],
    ["cluster_formation.k8s.address_type", "name", "must be one of hostname, ip"],
    ["vm_memory_high_watermark.relative", "0.6", null],
    ["heartbeat", "$(HEARTBEAT)", null],
  ])("takes %s = %s only if it fits", (key, value, reason) => {
    expect(refuseValue(key, value)).toBe(reason);
  });
});

describe("rabbitmq.conf", () => {
  it("is read line by line, comments and blanks apart, values with = whole", () => {
    expect(parseConf("# a\n\n  a.b =  c = d \nlog.console=true\n")).toEqual([
      { key: "a.b", value: "c = d", line: 3 },
      { key: "log.console", value: "true", line: 4 },
    ]);
  });
});
