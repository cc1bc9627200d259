// Task messages beyond encoding: text forms of arguments, gocelery, workflows in a message that cannot be decoded.

export { encodeGoceleryTask } from "./task/gocelery.ts";
export { expirationMs } from "./task/new-task.ts";
export { peekWorkflow, type WorkflowPeek } from "./task/peek.ts";
export { argsRepr, kwargsRepr, saferepr } from "./task/repr.ts";
