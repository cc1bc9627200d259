#!/usr/bin/env node
import { complaintAbout } from "./node-version.ts";

const complaint = complaintAbout(process.versions.node);
// A static import would be parsed first, and an old Node.js would fail with a stack trace instead of this message.
if (complaint === null) await import("./main.ts");
else {
  process.stderr.write(`${complaint}\n`);
  process.exitCode = 1;
}
