import { shared } from "../../tsup.config.ts";

export default { ...shared, entry: ["src/bin.ts"] };
