export { duration, millisecondsOf } from "./duration.ts";
export { nearest } from "./nearest.ts";
export { describe, kindOf, refusal, refusalOf } from "./refusal.ts";
export {
  date,
  either,
  fail,
  flag,
  functions,
  instance,
  integer,
  isObject,
  list,
  methods,
  number,
  object,
  oneOf,
  oneOrMany,
  orNull,
  props,
  record,
  shape,
  type Shape,
  type Shapes,
  string,
  text,
  tuple,
  type Wrong,
} from "./shape.ts";
