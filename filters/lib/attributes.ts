import { at } from "./region";
import { Text } from "./text";

// What is known of the request at hand, as slices of memory that live until the callback returns. One request
// at a time. A slot is filled before it is read or cleared at the start, so nothing leaks from one request to the next.

/** The attributes that every configuration has; headers, parameters and cookies that a configuration reads follow from FirstNamed on. */
export enum Slot {
  Method = 0,
  Path = 1,
  Host = 2,
  Scheme = 3,
  Id = 4,
  Size = 5,
  Cookie = 6,
  Protocol = 7,
  SourceIp = 8,
  SourcePort = 9,
  Consumer = 10,
  Tier = 11,
  AuthMethod = 12,
  Subject = 13,
  Issuer = 14,
  RouteName = 15,
  ContentLength = 16,
  Principal = 17,
  FirstNamed = 18,
}

/** What tracing reads beside them, where a module has it: slots behind the named ones, which no bound of a configuration counts. */
export enum TraceSlot {
  // FirstNamed and MOST_NAMED.
  TraceParent = 274,
  TraceState = 275,
  Baggage = 276,
  B3 = 277,
  B3TraceId = 278,
  B3SpanId = 279,
  B3ParentSpanId = 280,
  B3Sampled = 281,
  B3Flags = 282,
  UberTraceId = 283,
  UserAgent = 284,
  /** What a body is converted for: the name of an operation. */
  Operation = 285,
  /** Known when there is an answer, or the stream has ended; numbers in decimal. */
  ResponseStatus = 286,
  ResponseDuration = 287,
}

const FIRST_OF_TRACING: i32 = TraceSlot.TraceParent;
const SLOTS_OF_TRACING: i32 = 14;

/** What has to be read before a request can be judged; bits. */
export enum Needs {
  Headers = 1,
  Source = 2,
  Route = 4,
  Identity = 8,
  Query = 16,
  Cookies = 32,
  Params = 64,
  Protocol = 128,
  Time = 256,
  Size = 512,
  // Where a module in front finds out who calls: what of it has to be read.
  Consumer = 1024,
  Tier = 2048,
  Groups = 4096,
  Operation = 8192,
  // Known when the stream has ended.
  AnswerStatus = 16384,
  AnswerDuration = 32768,
  AnswerHeaders = 65536,
  /** Of the client's certificate. */
  Principal = 131072,
}

/** The most headers, query parameters, cookies and route parameters that a configuration reads, in all. */
export const MOST_NAMED: i32 = 256;

export enum Presence {
  Absent = 0,
  Present = 1,
  /** Sent more than once, or so that servers read it in different ways: no single value can be trusted. */
  Ambiguous = 2,
}

@unmanaged
export class Attribute {
  presence: i32 = 0;
  length: i32 = 0;
  start: usize = 0;
}

const SLOTS: usize = memory.data(
  (<i32>Slot.FirstNamed + MOST_NAMED + (TRACING || RATE_LIMIT ? SLOTS_OF_TRACING : 0)) * 12,
  8,
);

export function attribute(slot: i32): Attribute {
  return at<Attribute>(SLOTS, slot);
}

export function isPresent(slot: i32): bool {
  return attribute(slot).presence === Presence.Present;
}

export function setAttribute(slot: i32, start: usize, length: i32): void {
  const target = attribute(slot);
  target.presence = Presence.Present;
  target.start = start;
  target.length = length;
}

/** Takes note of a value that is ambiguous if there is another one of the same name. */
export function offerAttribute(slot: i32, start: usize, length: i32): void {
  const target = attribute(slot);
  target.presence = target.presence === Presence.Absent ? Presence.Present : Presence.Ambiguous;
  target.start = start;
  target.length = length;
}

/** Makes every attribute of a new request absent; `named` is the number of named slots in use. */
export function clearAttributes(named: i32): void {
  const count = <i32>Slot.FirstNamed + named;
  for (let slot = 0; slot < count; slot++) attribute(slot).presence = Presence.Absent;
  groupCount = 0;
  groupsKnown = false;
  scopeCount = 0;
  scopesKnown = false;
  time = 0;
}

/** The same of what tracing reads. */
export function clearTraceAttributes(): void {
  for (let i = 0; i < SLOTS_OF_TRACING; i++) attribute(FIRST_OF_TRACING + i).presence = Presence.Absent;
}

// ---- request.time

let time: i64 = 0;

/** @param milliseconds since 1970, or 0 if the time is not known */
export function setTime(milliseconds: i64): void {
  time = milliseconds;
}

export function timeOfRequest(): i64 {
  return time;
}

// ---- lists

export enum List {
  Groups = 0,
  Scopes = 1,
  // A claim is the number of its slot: array of addresses of Text, and how many they are.
}

let groups: usize = 0;
let groupCount: i32 = 0;
let groupsKnown: bool = false;
let scopes: usize = 0;
let scopeCount: i32 = 0;
let scopesKnown: bool = false;
/** Whether some configuration of this VM reads scopes: they are not looked for otherwise. */
let scopesRead: bool = false;

export function readScopes(): void {
  scopesRead = true;
}

export function areScopesRead(): bool {
  return scopesRead;
}

/** @param list array of addresses of Text, which stays in place while the request is judged */
export function setGroups(list: usize, count: i32): void {
  groups = list;
  groupCount = count;
  groupsKnown = true;
}

/** The same of what a token allows. */
export function setScopes(list: usize, count: i32): void {
  scopes = list;
  scopeCount = count;
  scopesKnown = true;
}

/** Whether a list of the caller is known; a known caller may have no groups. */
export function hasList(list: i32): bool {
  if (list > List.Scopes) return attribute(list).presence === Presence.Present;
  return list === List.Groups ? groupsKnown : scopesKnown;
}

export function listLength(list: i32): i32 {
  if (list > List.Scopes) return attribute(list).length;
  return list === List.Groups ? groupCount : scopeCount;
}

/** The element at an index below `listLength`. */
export function listElement(list: i32, index: i32): Text {
  const start = list > List.Scopes ? attribute(list).start : list === List.Groups ? groups : scopes;
  return changetype<Text>(<usize>load<u32>(start + ((<usize>index) << 2)));
}
