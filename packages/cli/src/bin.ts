#!/usr/bin/env node
import { complaintAbout } from "./node-version.ts";

const complaint = complaintAbout(process.versions.node);
// Imported at the top, the rest would be read first, and an old Node.js would end with a stack trace instead of a reason.
if (complaint === null) await import("./main.ts");
else {
  process.stderr.write(`${complaint}\n`);
  process.exitCode = 1;
}
