import { json, type Serializer } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { codecs } from "../../src/codecs.ts";
import { readCertificate } from "../../src/signed/certificate.ts";
import { packEnvelope, unpackEnvelope } from "../../src/signed/envelope.ts";
import { signed, type SigningOptions } from "../../src/signed/signed.ts";
import { yaml } from "../../src/yaml/yaml.ts";
import { codeOf } from "../support/code-of.ts";
import { bytesOf, fixtureText, jsonOf, utf8, vector } from "../support/recorded.ts";

function pem(name: string): string {
  return fixtureText(`signers/${name}.pem`);
}

const own: SigningOptions = {
  privateKey: pem("signer.key"),
  certificate: pem("signer.cert"),
  trusted: [pem("signer.cert")],
};
const stranger: SigningOptions = { ...own, privateKey: pem("stranger.key"), certificate: pem("stranger.cert") };

/** A signed body with some of it changed. */
function changed(body: Uint8Array, change: Partial<ReturnType<typeof unpackEnvelope>>): Uint8Array {
  return packEnvelope({ ...unpackEnvelope(body), ...change });
}

describe("signed messages", () => {
  test("of a real Celery are verified and read, and nothing of them may change", () => {
    const recorded = vector("task-signed/auth-signed");
    const auth = signed({ ...own, trusted: [recorded.certificate_pem] });
    expect([auth.name, auth.contentType, auth.contentEncoding]).toStrictEqual(["auth", "application/data", "utf-8"]);
    expect(recorded.properties.content_type).toBe(auth.contentType);
    const body = bytesOf(recorded.body_base64);
    expect(jsonOf(auth.decode(body))).toBe(
      '[[2, 3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]',
    );
    expect(Buffer.from(packEnvelope(unpackEnvelope(body))).equals(body)).toBe(true);
    expect(unpackEnvelope(body).signer).toBe("demo signer 4660");
    expect(codeOf(() => auth.decode(changed(body, { inner: utf8("[[2, 4], {}, {}]") })))).toBe("signature-invalid");
  });

  test.each(["sha224", "sha256", "sha384", "sha512"] as const)("are read as they were written, with %s", (digest) => {
    const auth = signed({ ...own, digest });
    const value = [[1, "é", null], { at: "\u0000\u0001" }];
    expect(auth.decode(auth.encode(value))).toStrictEqual(value);
  });

  test("may hold another serializer's form, which the other side accepts", () => {
    const auth = signed({ ...own, serializer: yaml });
    expect(unpackEnvelope(auth.encode([1])).contentType).toBe("application/x-yaml");
    expect(auth.decode(auth.encode([1]))).toStrictEqual([1]);
    expect(codeOf(() => signed(own).decode(auth.encode([1])))).toBe("content-refused");
    expect(signed({ ...own, accept: [json, yaml] }).decode(auth.encode([1]))).toStrictEqual([1]);
  });

  test("a key with a passphrase signs", () => {
    const auth = signed({ ...own, privateKey: pem("signer-encrypted.key"), passphrase: "rabbit" });
    expect(signed(own).decode(auth.encode("hi"))).toBe("hi");
  });

  test("of an unknown signer, or of one that only claims to be known, are refused", () => {
    const body = signed(stranger).encode([1]);
    expect(codeOf(() => signed(own).decode(body))).toBe("signature-invalid");
    const { signer } = unpackEnvelope(signed(own).encode([1]));
    expect(codeOf(() => signed(own).decode(changed(body, { signer })))).toBe("signature-invalid");
    expect(codeOf(() => signed({ ...own, trusted: [] }).decode(signed(own).encode([1])))).toBe("signature-invalid");
  });

  test.each([
    ["another digest", signed({ ...own, digest: "sha512" }).encode([1])],
    ["an empty signature", changed(signed(own).encode([1]), { signature: new Uint8Array() })],
    ["a signature of noise", changed(signed(own).encode([1]), { signature: new Uint8Array(256).fill(7) })],
    ["a signature that is too long", changed(signed(own).encode([1]), { signature: new Uint8Array(5000) })],
  ])("with %s are refused", (_name, body) => {
    expect(codeOf(() => signed(own).decode(body))).toBe("signature-invalid");
  });

  test("are looked into only after they were verified", () => {
    const looked: Uint8Array[] = [];
    const spy: Serializer = { ...json, decode: (body) => (looked.push(body), null) };
    const auth = signed({ ...own, serializer: spy });
    const body = auth.encode([1]);
    expect(codeOf(() => auth.decode(changed(body, { inner: utf8("[2]") })))).toBe("signature-invalid");
    expect(looked).toStrictEqual([]);
    auth.decode(body);
    expect(looked.length).toBe(1);
  });

  test("that hold a pickle, or say so, are refused though the signature fits", () => {
    const body = changed(signed(own).encode([1]), { contentType: "application/x-python-serialize" });
    expect(codeOf(() => signed({ ...own, accept: [json, ...codecs.serializers] }).decode(body))).toBe("pickle-refused");
  });

  test.each(["", "hase", "WkdWdA==", "AAEAAQABAAE=", "%%%"])("a body that is none gets an error: %s", (body) => {
    expect(["decode-failed", "signature-invalid"]).toContain(codeOf(() => signed(own).decode(utf8(body))));
  });

  test("a value that the inner serializer refuses is refused", () => {
    expect(codeOf(() => signed(own).encode(new Set()))).toBe("encode-failed");
  });
});

describe("keys and certificates", () => {
  test.each([
    ["an expired trusted certificate", { trusted: [pem("expired.cert")] }, /expired signer 8.*expired on Jan {2}1/],
    ["an expired certificate of one's own", { certificate: pem("expired.cert") }, /expired on/],
    ["a certificate that is none", { certificate: "hase" }, /PEM file/],
    ["a certificate that is not RSA", { trusted: [pem("curve.cert")] }, /not RSA/],
    ["a key that is none", { privateKey: "hase" }, /private key cannot be read/],
    ["an encrypted key without its passphrase", { privateKey: pem("signer-encrypted.key") }, /passphrase/],
    ["the key of another certificate", { privateKey: pem("stranger.key") }, /does not belong/],
    ["two certificates of one name", { trusted: [pem("signer.cert"), pem("signer.cert")] }, /Two trusted/],
  ])("%s is refused", (_name, options, message) => {
    expect(codeOf(() => signed({ ...own, ...options }))).toBe("option-invalid");
    expect(() => signed({ ...own, ...options })).toThrow(message);
  });

  test("no message tells the passphrase or the key", () => {
    const options = { ...own, privateKey: pem("signer-encrypted.key"), passphrase: "secret-passphrase" };
    expect(() => signed(options)).toThrow(/^(?!.*secret-passphrase)(?!.*BEGIN)/s);
  });

  test("a certificate is known by its issuer and serial number as in Celery, however odd they are", () => {
    expect(readCertificate(pem("odd.cert"), Date.UTC(2030)).id).toBe(JSON.parse(fixtureText("signers/odd.id.json")));
  });

  test("a certificate is good until the instant at which it ends", () => {
    const end = Date.UTC(2124, 0, 1);
    expect(codeOf(() => readCertificate(pem("signer.cert"), end - 1))).toBe("ok");
    expect(codeOf(() => readCertificate(pem("signer.cert"), end))).toBe("option-invalid");
  });
});
