import type { Decimal, LocalDate, LocalTime, Uuid } from "./values.ts";
import type { DateTime, Float } from "./lossless.ts";

/**
 * A lossless decoded body: small classes keep details that plain JavaScript values would lose.
 *
 * | on the wire | in the tree |
 * | --- | --- |
 * | integer within 2^53 | number |
 * | integer beyond | bigint |
 * | float | number, or `Float` where the number would read as an integer (`1.0`) |
 * | datetime | `DateTime`: its text and its instant |
 * | date, time, decimal, uuid | `LocalDate`, `LocalTime`, `Decimal`, `Uuid` |
 * | bytes | Uint8Array |
 * | object | plain object; a key `__proto__` is an own property |
 *
 * `toValue` converts it to a handler's values; encoders accept trees and plain values.
 */
export type Tree =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Float
  | DateTime
  | LocalDate
  | LocalTime
  | Decimal
  | Uuid
  | readonly Tree[]
  | { readonly [key: string]: Tree };
