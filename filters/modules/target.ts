import { none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { propertyLength, propertyStart, readProperty, setProperty } from "../proxy-wasm/properties";
import { Status } from "../proxy-wasm/status";
import { Conversions, Target, targetNamed } from "./conversions";

// Which operation a stream is for. Nothing is kept for a stream in the module: the metadata of the route says it of a request, and filter state
// says that the request was converted, so that the callbacks of the answer know. A stream without that note, such as one that a
// policy refused, has an answer that is none of the service.

// "xds" NUL "route_metadata" NUL "filter_metadata" NUL "sluice" NUL "operation"
const OPERATION: usize = memory.data<u8>([
  0x78, 0x64, 0x73, 0, 0x72, 0x6f, 0x75, 0x74, 0x65, 0x5f, 0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0, 0x66,
  0x69, 0x6c, 0x74, 0x65, 0x72, 0x5f, 0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0, 0x73, 0x6c, 0x75, 0x69, 0x63,
  0x65, 0, 0x6f, 0x70, 0x65, 0x72, 0x61, 0x74, 0x69, 0x6f, 0x6e,
]);
const OPERATION_LENGTH: i32 = 51;

let noteKey: Text = none<Text>();

/** Makes the name of the note; once for a VM. */
export function prepareNote(): void {
  noteKey = keepLiteral("sluice.soap");
}

/** The operation that the route of the request at hand is for; the missing record if it is for none that is known. */
export function targetOfRoute(conversions: Conversions): Target {
  if (readProperty(OPERATION, OPERATION_LENGTH) !== Status.Ok) return none<Target>();
  return targetNamed(conversions, propertyStart(), propertyLength());
}

/** Notes that the request at hand was converted; whether the host took it. */
export function noteConverted(target: Target): bool {
  return setProperty(noteKey.start, noteKey.length, target.name.start, target.name.length);
}

/** Whether the request of the stream at hand was converted. */
export function wasConverted(): bool {
  return readProperty(noteKey.start, noteKey.length) === Status.Ok && propertyLength() > 0;
}

/** By which operation, after `wasConverted`. */
export function targetOfNote(conversions: Conversions): Target {
  return targetNamed(conversions, propertyStart(), propertyLength());
}
