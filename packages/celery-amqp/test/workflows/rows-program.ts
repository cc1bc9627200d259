import { MemoryStage } from "./memory-stage.ts";
import { named, type Tree } from "./tree.ts";

// Runs a chain of so many groups of so many calls, and says what was wrong and what the heap came to.

const [rows = 0, members = 0] = process.argv.slice(2).map(Number);
const call: Tree = { kind: "call", name: "", immutable: true, fails: false, by: null };
const group: Tree = { kind: "group", parts: Array.from({ length: members }, () => call) };
const tree = named({ kind: "chain", parts: Array.from({ length: rows }, () => group) });

await using stage = new MemoryStage("results in memory");
console.log(JSON.stringify(await stage.wrongOf(tree)));
