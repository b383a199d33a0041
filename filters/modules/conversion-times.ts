import { addressOf, at, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { unixNanoseconds } from "../proxy-wasm/clock";
import { propertyLength, propertyStart, readProperty, setProperty } from "../proxy-wasm/properties";
import { Status } from "../proxy-wasm/status";

// When the body stage converted, for the spans of a guard in front of it: filter state of the stream. What the host does not take is lost, and nothing else.

/** Nanoseconds since 1970: little endian, of the request first. */
@unmanaged
class Times {
  requestBegin: u64 = 0;
  requestEnd: u64 = 0;
  answerBegin: u64 = 0;
  answerEnd: u64 = 0;
}

const OF_REQUEST: i32 = 16;
const OF_BOTH: i32 = 32;
const TIMES: usize = memory.data(OF_BOTH, 8);

let key: Text = none<Text>();
let began: u64 = 0;

/** Makes the name; once for a VM. */
export function prepareTimes(): void {
  key = keepLiteral("sluice.convert");
}

/** To be called before a conversion, of which times are left behind or not. */
export function beginConversion(traced: bool): void {
  began = traced ? unixNanoseconds() : 0;
}

/** To be called when a request was converted. */
export function leaveRequestTimes(): void {
  if (began === 0) return;
  const times = at<Times>(TIMES, 0);
  times.requestBegin = began;
  times.requestEnd = unixNanoseconds();
  setProperty(key.start, key.length, addressOf(times), OF_REQUEST);
}

/** To be called when an answer was converted, or refused for what it is. */
export function leaveAnswerTimes(): void {
  if (began === 0) return;
  const times = at<Times>(TIMES, 0);
  times.answerBegin = began;
  times.answerEnd = unixNanoseconds();
  if (readProperty(key.start, key.length) !== Status.Ok || propertyLength() < OF_REQUEST) return;
  const request = at<Times>(propertyStart(), 0);
  times.requestBegin = request.requestBegin;
  times.requestEnd = request.requestEnd;
  setProperty(key.start, key.length, addressOf(times), OF_BOTH);
}
