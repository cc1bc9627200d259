import { createSocket } from "node:dgram";
import type { CachedAnswer } from "./name-cache.ts";

const HEADER_BYTES = 12;
const TYPE_A = 1;

/** Answers questions for IPv4 addresses by UDP; other types of a known name have no records. */
export function serveNames(address: string, answer: (name: string) => CachedAnswer): void {
  const socket = createSocket("udp4");
  socket.on("message", (question, { address: client, port }) => {
    socket.send(replyTo(question, answer), port, client);
  });
  socket.bind(53, address);
}

/** The reply to one question, in the format of RFC 1035. */
export function replyTo(question: Buffer, answer: (name: string) => CachedAnswer): Buffer {
  const labels: string[] = [];
  let end = HEADER_BYTES;
  for (let length = question[end] ?? 0; length > 0; length = question[end] ?? 0) {
    labels.push(question.toString("latin1", end + 1, end + 1 + length));
    end += length + 1;
  }
  const { addresses, ttlSeconds } = answer(labels.join(".").toLowerCase());
  const records = question.readUInt16BE(end + 1) === TYPE_A ? (addresses ?? []) : [];
  const header = Buffer.from(question.subarray(0, end + 5));
  // A reply with authority; response code 3 is for an unknown name.
  header.writeUInt16BE(0x85_80 | (addresses === null ? 3 : 0), 2);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, ...records.map((ip) => record(ip, ttlSeconds))]);
}

/** A record of class IN whose name is that of the question. */
function record(ip: string, ttlSeconds: number): Buffer {
  const bytes = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...ip.split(".").map(Number)]);
  bytes.writeUInt32BE(ttlSeconds, 6);
  return bytes;
}
