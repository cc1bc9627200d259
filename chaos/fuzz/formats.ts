import type { ContentOptions } from "@leveret/celery-protocol";
import { codecs } from "../../packages/celery-codecs/src/index.ts";

/** Everything that can be read is read, so that every reader meets what is broken. */
export const formats: ContentOptions = { ...codecs, accept: ["json", "yaml", "msgpack"] };
