import { byteFrom } from "../lib/bytes";
import { at, exists, none, pointerAt } from "../lib/region";
import { hasByte, keepLiteral, Text, textIs } from "../lib/text";
import { fieldLength, fieldStart, findField, readFields } from "../proxy-wasm/headers";
import { propertyLength, propertyStart, readProperty, setProperty } from "../proxy-wasm/properties";
import { HeaderMapType, Status } from "../proxy-wasm/status";
import { Lone } from "../soap/assembly/table";
import { Conversions, Target, targetNamed } from "./conversions";
import { OPERATION, OPERATION_LENGTH } from "./source";

// Which operation a stream is for. Nothing is kept for a stream in the module: the metadata of the route says it of a request, or in `soap.wasm`,
// which stands alone, its method and path; filter state says that the request was converted, so that the callbacks of the answer know. A stream
// without that note, such as one that a policy refused, has an answer that is none of the service.

const SLASH: u8 = 0x2f;
const QUESTION: u8 = 0x3f;

let noteKey: Text = none<Text>();
export let methodName: Text = none<Text>();
export let pathName: Text = none<Text>();

/** Makes the names of the note and of headers; once for a VM. */
export function prepareTargets(): void {
  noteKey = keepLiteral("sluice.soap");
  methodName = keepLiteral(":method");
  pathName = keepLiteral(":path");
}

/** The operation that the request at hand is for; the missing record if it is for none that is known. */
export function targetOfRequest(conversions: Conversions): Target {
  if (LONE) return targetAsked(conversions);
  if (readProperty(OPERATION, OPERATION_LENGTH) !== Status.Ok) return none<Target>();
  return targetNamed(conversions, propertyStart(), propertyLength());
}

/** Notes that the request at hand was converted; whether the host took it. */
export function noteConverted(target: Target): bool {
  return setProperty(noteKey.start, noteKey.length, target.name.start, target.name.length);
}

// What the note says, in the arena: other host calls come between finding it and asking for it.
let noteStart: usize = 0;
let noteLength: i32 = 0;

/** Whether the request of the stream at hand was converted. */
export function wasConverted(): bool {
  noteLength = readProperty(noteKey.start, noteKey.length) === Status.Ok ? propertyLength() : 0;
  noteStart = propertyStart();
  return noteLength > 0;
}

/** By which operation, after `wasConverted`. */
export function targetOfNote(conversions: Conversions): Target {
  return targetNamed(conversions, noteStart, noteLength);
}

// ---- a module on its own

/** The operation of the method and path of the request at hand, the first of several. */
function targetAsked(conversions: Conversions): Target {
  if (!readFields(HeaderMapType.HttpRequestHeaders) || findField(methodName) !== 1) return none<Target>();
  const method = fieldStart();
  const methodLength = fieldLength();
  if (findField(pathName) !== 1) return none<Target>();
  const path = fieldStart();
  const end = byteFrom(path, path + <usize>fieldLength(), QUESTION);
  for (let i = 0; i < conversions.count; i++) {
    const target = at<Target>(conversions.targets, i);
    const lone = target.operation.lone;
    if (exists(lone) && textIs(lone.method, method, methodLength) && isPath(lone, path, end)) return target;
  }
  return none<Target>();
}

/** Whether a path without its query has the segments of an operation. */
function isPath(lone: Lone, path: usize, end: usize): bool {
  let start = path;
  for (let i = 0; i < lone.segmentCount; i++) {
    if (start === end || !hasByte(start, 1, SLASH)) return false;
    const from = start + 1;
    start = byteFrom(from, end, SLASH);
    const segment = pointerAt<Text>(lone.segments, i);
    const length = <i32>(start - from);
    const fits = exists(segment) ? textIs(segment, from, length) : length > 0;
    if (!fits) return false;
  }
  return start === end;
}
