// What the compiler knows of the numbers in a crontab.

/** The range of each field, as the compiler names it where a number is outside of it. */
export interface FieldRanges {
  /** Of a minute. */
  readonly minute: "a minute is 0 to 59";
  /** Of an hour. */
  readonly hour: "an hour is 0 to 23";
  /** Of a day of the week. */
  readonly dayOfWeek: "a day of the week is 0 (Sunday) to 6";
  /** Of a day of the month. */
  readonly dayOfMonth: "a day of the month is 1 to 31";
  /** Of a month. */
  readonly monthOfYear: "a month is 1 to 12";
}

/** The numbers of one digit. */
export type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
/** The numbers of one digit, and of these tens. */
export type Below<Tens extends number> = Digit | NumberOf<`${Tens}${Digit}`>;
/** The number that a string stands for. */
export type NumberOf<Text extends string> = Text extends `${infer Value extends number}` ? Value : never;

/** The numbers of each field. */
export interface FieldNumbers {
  /** Of a minute. */
  readonly minute: Below<1 | 2 | 3 | 4 | 5>;
  /** Of an hour. */
  readonly hour: Exclude<Below<1 | 2>, 24 | 25 | 26 | 27 | 28 | 29>;
  /** Of a day of the week. */
  readonly dayOfWeek: Exclude<Digit, 7 | 8 | 9>;
  /** Of a day of the month. */
  readonly dayOfMonth: Exclude<Below<1 | 2>, 0> | 30 | 31;
  /** Of a month. */
  readonly monthOfYear: Exclude<Digit, 0> | 10 | 11 | 12;
}

/** Fields whose numbers, as far as the compiler knows them, are in the range of their field. */
export type InRange<Fields> = {
  readonly [Name in keyof Fields]: Name extends keyof FieldNumbers
    ? number extends NumbersOf<Fields[Name]>
      ? Fields[Name]
      : NumbersOf<Fields[Name]> extends FieldNumbers[Name]
        ? Fields[Name]
        : FieldRanges[Name]
    : never;
};

/** The numbers in a field. */
export type NumbersOf<Spec> = Extract<Spec extends readonly unknown[] ? Spec[number] : Spec, number>;
