import { shared } from "../../tsup.config.ts";

export default { ...shared, entry: ["src/index.ts", "src/bin.ts"] };
