// Parts below messages: sizes of headers, republishing, UTF-8, addresses of services and what of them may be shown.

export { pythonFloat } from "./content/float-text.ts";
export { MAX_DEPTH } from "./content/json-read.ts";
export { ownText } from "./content/own-text.ts";
export { isPlainObject, setOwn } from "./content/plain-object.ts";
export { decodeUtf8, encodeUtf8, tryUtf8 } from "./content/utf8.ts";
export { overBudget, resolveBudget } from "./wire/budget.ts";
export { checkHeaderSize, headerBytes, MAX_HEADER_BYTES } from "./wire/header-size.ts";
export { plain, plainLines } from "./wire/plain.ts";
export { isOfDeath, isOfFirstPublish, republishable, withoutHeaders } from "./wire/republish.ts";
export { Secret } from "./wire/secret.ts";
export {
  maskUrls,
  readServiceUrl,
  type ServiceUrl,
  type ServiceUrlForm,
  splitServiceUrls,
  unquote,
} from "./wire/service-url.ts";
