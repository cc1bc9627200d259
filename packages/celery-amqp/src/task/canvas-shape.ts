import type { AnySignature, Signature } from "./signature.ts";

// What the compiler makes of composed calls: which parameter a step still lacks, what it hands on, what comes of it all.

declare const grouped: unique symbol;

/** A call of several at once, whose result is the list of theirs. Groups inside of a group are part of it. */
export interface GroupSignature<Missing extends readonly unknown[], R extends readonly unknown[]> extends Signature<
  Missing,
  R
> {
  /** Only for the compiler; never there. */
  readonly [grouped]: true;
}

/** The parameters that a call lacks. */
export type MissingOf<Call> = Call extends Signature<infer Missing, unknown> ? Missing : never;

/** What a call comes to. */
export type ResultOf<Call> = Call extends Signature<never, infer R> ? R : never;

/** Whether a call is a group. */
export type IsGroup<Call> = typeof grouped extends keyof Call ? true : false;

/** What the parameter is that one step supplies to all these at once; none where none of them lacks any. */
export type MissingOfAll<Members extends readonly unknown[]> = [Takers<Members[number]>] extends [never]
  ? []
  : Takers<Members[number]> extends (given: infer Given) => void
    ? [given: Given]
    : never;

/** A function for each call that lacks one parameter. */
export type Takers<Call> = Call extends unknown
  ? MissingOf<Call> extends readonly [infer Given]
    ? (given: Given) => void
    : never
  : never;

/** What members come to, in their order; those of a group among them one by one. */
export type Results<Members extends readonly unknown[]> = Members extends readonly []
  ? []
  : Members extends readonly [infer First, ...infer Rest]
    ? [...MemberResults<First>, ...Results<Rest>]
    : MemberResults<Members[number]>[number][];

/** The results of one member: those of a group one by one. */
export type MemberResults<Member> = Member extends unknown
  ? IsGroup<Member> extends true
    ? ListOf<ResultOf<Member>>
    : [ResultOf<Member>]
  : never;

/** A result as a list. */
export type ListOf<R> = R extends readonly unknown[] ? R : never;

/** What a step hands on. After the first step a group of one is that one. */
export type Handed<Step, IsFirst> = IsFirst extends true
  ? ResultOf<Step>
  : IsGroup<Step> extends true
    ? ResultOf<Step> extends readonly [infer Only]
      ? Only
      : ResultOf<Step>
    : ResultOf<Step>;

/** The steps, or the reason instead of the first one that does not accept its input. */
export type Fits<Steps extends readonly unknown[], IsFirst = true> = Steps extends readonly [
  infer Step,
  infer Next,
  ...infer Rest,
]
  ? Next extends Signature<readonly [Handed<Step, IsFirst>], unknown>
    ? readonly [Step, ...Fits<readonly [Next, ...Rest], false>]
    : readonly [Step, { step_does_not_accept: Handed<Step, IsFirst>; it_wants: MissingOf<Next> }, ...Rest]
  : Steps;

/** The parameter that is missing to the first step. */
export type MissingOfFirst<Steps extends readonly unknown[]> = Steps extends readonly [infer First, ...unknown[]]
  ? MissingOf<First>
  : MissingOf<Steps[number]>;

/** What the last step comes to. */
export type LastResult<Steps extends readonly unknown[]> = Steps extends readonly [infer Only]
  ? ResultOf<Only>
  : Steps extends readonly [...unknown[], infer Last]
    ? Handed<Last, false>
    : ResultOf<Steps[number]>;

/** Calls in their order. */
export type Calls = readonly AnySignature[];
