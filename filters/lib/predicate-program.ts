// A condition as a postfix program over a small stack; made by predicate-reader.ts, run by predicate.ts.

/** In groups by what they do to the stack; `predicate.ts` tells them apart by the last of each group. */
export enum Code {
  // Put one more value on the stack.
  /** What the condition `length` was found to be with the request; at the end of a stream only. */
  Noted = -1,
  False = 0,
  True = 1,
  /** A string at `value` of `length`. */
  String = 2,
  /** An integer in `value`. */
  Integer = 3,
  /** The attribute of slot `length`. */
  Attribute = 4,
  /** The same, as a number. */
  NumberAttribute = 5,
  Time = 6,
  /** Whether the attribute of slot `length` is there. */
  Has = 7,
  /** Whether the list `length` is known; how many elements it has. */
  HasList = 8,
  ListSize = 9,

  // Go on at the operation `length`, which is always a later one.
  Jump = 10,
  /** If the value is true take it away and go on here, if it is false at `length`; if it is unknown leave it and go on at `value`. */
  Choose = 11,
  /** If the value decides the `&&` or `||` around it. */
  SkipIfFalse = 12,
  SkipIfTrue = 13,
  /** Of two values make one, and go on at `length` if it decides. */
  And = 14,
  Or = 15,

  // Replace the value; an unknown one stays.
  Not = 16,
  Characters = 17,
  LowerAscii = 18,
  ToInteger = 19,
  IntegerToString = 20,
  TruthToString = 21,
  /** Whether the address is in the AddressRange at `value`. */
  InRange = 22,
  /** Whether the automaton at `value` matches. */
  Matches = 23,
  /** Whether the list `length` has it. */
  InList = 24,
  /** Whether it is among the `length` texts, or integers, at `value`. */
  InTexts = 25,
  InIntegers = 26,

  // Replace two values by one; an unknown one makes it unknown.
  EqualStrings = 27,
  UnequalStrings = 28,
  /** Of integers and of truth values. */
  EqualNumbers = 29,
  UnequalNumbers = 30,
  LessNumbers = 31,
  LessOrEqualNumbers = 32,
  LessStrings = 33,
  LessOrEqualStrings = 34,
  GreaterNumbers = 35,
  GreaterOrEqualNumbers = 36,
  GreaterStrings = 37,
  GreaterOrEqualStrings = 38,
  StartsWith = 39,
  EndsWith = 40,
  Contains = 41,
}

@unmanaged
export class Operation {
  code: i32 = 0;
  length: i32 = 0;
  value: i64 = 0;
}

@unmanaged
export class Program {
  count: i32 = 0;
  operations: usize = 0;
  /** Bits of Needs. */
  needs: i32 = 0;
}

/** A value on the stack; unknown if `known` is 0. */
@unmanaged
export class Value {
  known: i32 = 0;
  length: i32 = 0;
  /** Address of a string, an integer, or 0 and 1 for false and true. */
  value: i64 = 0;
}

/** The deepest stack a program may need; the reader refuses more. */
export const DEEPEST_STACK: i32 = 128;
