import { constants, createPrivateKey, type KeyObject, sign, verify } from "node:crypto";
import {
  type Budget,
  type Content,
  createContent,
  json,
  ProtocolError,
  type Serializer,
  type Tree,
} from "@leveret/celery-protocol";
import { list, methods, oneOf, props, refusalOf, string } from "@leveret/options";
import { readCertificate } from "./certificate.ts";
import { packEnvelope, unpackEnvelope } from "./envelope.ts";

/** Keys, trusted certificates and inner serializers of signed messages. */
export interface SigningOptions {
  /** RSA private key that signs, as PEM. */
  readonly privateKey: string;
  /** Passphrase of an encrypted private key. Default: none. */
  readonly passphrase?: string | undefined;
  /** Certificate of the private key, as PEM. Receivers find it in their store by issuer and serial number. */
  readonly certificate: string;
  /** Certificates whose messages are read, as PEM, one each. */
  readonly trusted: readonly string[];
  /** Celery's `security_digest`; the same on all sides. Default `sha256`. */
  readonly digest?: "sha224" | "sha256" | "sha384" | "sha512" | undefined;
  /** Serializer of the signed values. Default JSON. */
  readonly serializer?: Serializer | undefined;
  /** Serializers accepted inside a signed message. Default: `serializer`. */
  readonly accept?: readonly Serializer[] | undefined;
}

const signingShape = props<SigningOptions>({
  "privateKey*": string,
  passphrase: string,
  "certificate*": string,
  "trusted*": list(string),
  digest: oneOf("sha224", "sha256", "sha384", "sha512"),
  serializer: methods("a serializer", "encode", "decode"),
  accept: list(methods("a serializer", "encode", "decode")),
});

/**
 * Celery's signed messages, `auth`: a value of another serializer, wrapped with an RSA-PSS signature.
 *
 * The signature covers only the body. With protocol 2 the task's name, id and eta are headers, which any intermediary
 * can change. Accept only `auth`, or unsigned messages are accepted as well.
 *
 * `decode` fails with `signature-invalid` for an unknown signer or a wrong signature, before the inner value is
 * decoded; then with `pickle-refused`, `content-refused` or the inner serializer's error.
 *
 * @throws ProtocolError `option-invalid` for keys and certificates that cannot be read, are not RSA, do not belong
 * together or have expired, and for two trusted ones with one id.
 */
export function signed(options: SigningOptions): Serializer {
  const message = refusalOf(signingShape, options, "signed");
  if (message !== null) throw new ProtocolError("option-invalid", "local", message);
  const digest = options.digest ?? "sha256";
  const serializer = options.serializer ?? json;
  const content = innerContent(serializer, options.accept ?? [serializer]);
  const signer = createSigner(options);
  const trusted = readTrusted(options.trusted);
  return {
    name: "auth",
    contentType: "application/data",
    contentEncoding: "utf-8",
    encode(value: unknown): Uint8Array {
      const { contentType, contentEncoding, body: inner } = content.encode(value, { serializer: serializer.name });
      const signature = sign(digest, inner, { key: signer.privateKey, ...PSS });
      return packEnvelope({ signer: signer.id, signature, contentType, contentEncoding, inner });
    },
    decode(body: Uint8Array, budget?: Budget): Tree {
      const { signer: id, signature, contentType, inner } = unpackEnvelope(body);
      const publicKey = trusted.get(id);
      if (publicKey === undefined) throw untrusted(id, "is not among the trusted certificates");
      if (!verify(digest, inner, { key: publicKey, ...PSS }, signature)) throw untrusted(id, "did not sign this body");
      return content.decode({ contentType, body: inner }, budget);
    },
  };
}

/** As Celery signs; when verifying, a salt of any length is accepted. */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN };

function innerContent(serializer: Serializer, accepted: readonly Serializer[]): Content {
  return createContent({ serializers: [...accepted, serializer], accept: accepted.map((each) => each.name) });
}

function createSigner(options: SigningOptions): { readonly id: string; readonly privateKey: KeyObject } {
  const { id, x509 } = readCertificate(options.certificate, Date.now());
  const privateKey = readPrivateKey(options);
  if (x509.checkPrivateKey(privateKey)) return { id, privateKey };
  throw new ProtocolError(
    "option-invalid",
    "local",
    `The private key does not belong to the certificate ${shown(id)}.`,
  );
}

function readPrivateKey({ privateKey, passphrase }: SigningOptions): KeyObject {
  try {
    return createPrivateKey({ key: privateKey, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const hint = "pass the text of a PEM file, and its passphrase if it has one";
    throw new ProtocolError("option-invalid", "local", `The private key cannot be read: ${hint}.`, { cause });
  }
}

function readTrusted(certificates: readonly string[]): ReadonlyMap<string, KeyObject> {
  const trusted = new Map<string, KeyObject>();
  for (const pem of certificates) {
    const { id, x509 } = readCertificate(pem, Date.now());
    if (trusted.has(id)) {
      const why = "issuer and serial number must be unique";
      throw new ProtocolError("option-invalid", "local", `Two trusted certificates are both ${shown(id)}: ${why}.`);
    }
    trusted.set(id, x509.publicKey);
  }
  return trusted;
}

function untrusted(id: string, why: string): ProtocolError {
  return new ProtocolError("signature-invalid", "remote", `The signed message cannot be trusted: ${shown(id)} ${why}.`);
}

function shown(id: string): string {
  return JSON.stringify(id.slice(0, 100));
}
