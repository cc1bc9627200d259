import { ProtocolError } from "@leveret/celery-protocol";

/** The fields of a signed body. The signature covers only `inner`. */
export interface Envelope {
  /** Id of the signer's certificate, not yet verified. */
  readonly signer: string;
  readonly signature: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** The serialized value. */
  readonly inner: Uint8Array;
}

const SEPARATOR = Buffer.from([0x00, 0x01]);
/** Fields before the last, which may contain the separator. */
const LEADING_FIELDS = 4;

/** Writes a signed body. Source: celery/security/serialization.py, `_pack`. */
export function packEnvelope(envelope: Envelope): Uint8Array {
  const fields = [
    Buffer.from(Buffer.from(envelope.signer).toString("base64")),
    Buffer.from(Buffer.from(envelope.signature).toString("base64")),
    Buffer.from(envelope.contentType),
    Buffer.from(envelope.contentEncoding),
    envelope.inner,
  ];
  const packed = Buffer.concat(fields.flatMap((field, index) => (index === 0 ? [field] : [SEPARATOR, field])));
  return Buffer.from(packed.toString("base64"));
}

/**
 * Splits a signed body without verifying it.
 *
 * @throws ProtocolError `decode-failed` for bytes that are not a signed body.
 */
export function unpackEnvelope(body: Uint8Array): Envelope {
  let rest = Buffer.from(Buffer.from(body).toString("latin1"), "base64");
  const fields: Buffer[] = [];
  while (fields.length < LEADING_FIELDS) {
    const end = rest.indexOf(SEPARATOR);
    if (end === -1)
      throw new ProtocolError("decode-failed", "remote", "The body is not a signed message: a field is missing.");
    fields.push(rest.subarray(0, end));
    rest = rest.subarray(end + SEPARATOR.length);
  }
  const [signer = "", signature = "", contentType = "", contentEncoding = ""] = fields.map((field) => field.toString());
  return {
    signer: Buffer.from(signer, "base64").toString(),
    signature: Buffer.from(signature, "base64"),
    contentType,
    contentEncoding,
    inner: rest,
  };
}
