import { X509Certificate } from "node:crypto";
import { ProtocolError } from "@leveret/celery-protocol";

/** A certificate for signing or verifying messages. */
export interface SigningCertificate {
  /** The issuer's attributes and the serial number in decimal, with spaces between: `demo signer 4660`. */
  readonly id: string;
  readonly x509: X509Certificate;
}

/**
 * Reads a certificate, by Celery's rules for its store (celery/security/certificate.py): RSA only, and not expired.
 *
 * @param pem - one X.509 certificate.
 * @param nowMs - the instant at which it must still be valid, milliseconds since the epoch.
 * @throws ProtocolError `option-invalid` for a string that is not a certificate, another kind of key, or an expired
 * one.
 */
export function readCertificate(pem: string, nowMs: number): SigningCertificate {
  const x509 = parse(pem);
  const id = `${issuerValues(x509.issuer).join(" ")} ${BigInt(`0x${x509.serialNumber}`)}`;
  if (x509.publicKey.asymmetricKeyType !== "rsa")
    throw unusable(id, "its key is not RSA, the only kind that Celery supports");
  if (Date.parse(x509.validTo) <= nowMs) throw unusable(id, `it expired on ${x509.validTo}; renew it`);
  return { id, x509 };
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    const hint = "pass the text of a PEM file";
    throw new ProtocolError("option-invalid", "local", `A certificate cannot be read: ${hint}.`, { cause });
  }
}

/** Node prints an attribute a line, those of one name joined by ` + `, and escapes as in RFC 2253. */
function issuerValues(issuer: string): readonly string[] {
  return issuer.split(/\n| \+ /).map((attribute) => unescapeValue(attribute.slice(attribute.indexOf("=") + 1)));
}

function unescapeValue(value: string): string {
  return value.replaceAll(/\\([\dA-F]{2}|.)/g, (_escape, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
}

function unusable(id: string, why: string): ProtocolError {
  return new ProtocolError("option-invalid", "local", `The certificate ${JSON.stringify(id)} cannot be used: ${why}.`);
}
