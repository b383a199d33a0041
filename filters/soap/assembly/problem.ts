import { outputString } from "../../lib/json-output";
import { beginOutput, endOutput, outputByte, outputBytes, outputText } from "../../lib/output";
import { keepRecord, none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { detailBytes, detailStart, pointerBytes, pointerStart, problemStatus } from "./request-problem";

// Problem documents (RFC 9457): what clients are told, in the output (`lib/output.ts`).

const LIKELY_BYTES: i32 = 512;
const MOST_BYTES: i32 = 32 << 20;

@unmanaged
class Words {
  /** From the beginning to the title, and what stands between one member and the next. */
  title: Text = none<Text>();
  status: Text = none<Text>();
  detail: Text = none<Text>();
  pointer: Text = none<Text>();
  fault: Text = none<Text>();
  badRequest: Text = none<Text>();
  notFound: Text = none<Text>();
  tooLarge: Text = none<Text>();
  mediaType: Text = none<Text>();
  internal: Text = none<Text>();
  badGateway: Text = none<Text>();
  unavailable: Text = none<Text>();
}

let words: Words = none<Words>();

/** To be called once, when a VM begins. */
export function prepareProblems(): void {
  words = keepRecord<Words>();
  words.title = keepLiteral('{"type":"about:blank","title":');
  words.status = keepLiteral(',"status":');
  words.detail = keepLiteral(',"detail":');
  words.pointer = keepLiteral(',"pointer":');
  words.fault = keepLiteral(',"fault":');
  words.badRequest = keepLiteral("Bad Request");
  words.notFound = keepLiteral("Not Found");
  words.tooLarge = keepLiteral("Content Too Large");
  words.mediaType = keepLiteral("Unsupported Media Type");
  words.internal = keepLiteral("Internal Server Error");
  words.badGateway = keepLiteral("Bad Gateway");
  words.unavailable = keepLiteral("Service Unavailable");
}

/** The reason phrase of a status (RFC 9110, section 15), of those that a conversion gives. */
function titleOf(status: i32): Text {
  switch (status) {
    case 404:
      return words.notFound;
    case 413:
      return words.tooLarge;
    case 415:
      return words.mediaType;
    case 500:
      return words.internal;
    case 502:
      return words.badGateway;
    case 503:
      return words.unavailable;
    default:
      return words.badRequest;
  }
}

/** Writes the problem of the request at hand; false if there is no memory for it. */
export function writeRequestProblem(): bool {
  return writeProblem(problemStatus(), detailStart(), detailBytes(), pointerStart(), pointerBytes());
}

/** Writes a problem; without a detail if that has no bytes, without a pointer if `pointerLength` is negative. False if there is no memory for it. */
export function writeProblem(status: i32, detail: usize, detailLength: i32, pointer: usize, pointerLength: i32): bool {
  const title = titleOf(status);
  beginProblemDocument(status, title.start, title.length);
  if (detailLength > 0) {
    outputText(words.detail);
    outputString(detail, detailLength);
  }
  if (pointerLength >= 0) {
    outputText(words.pointer);
    outputString(pointer, pointerLength);
  }
  outputByte(0x7d);
  return endOutput();
}

function beginProblemDocument(status: i32, title: usize, titleLength: i32): void {
  beginOutput(LIKELY_BYTES, MOST_BYTES);
  outputText(words.title);
  outputString(title, titleLength);
  outputText(words.status);
  outputByte(<u8>(0x30 + status / 100));
  outputByte(<u8>(0x30 + ((status / 10) % 10)));
  outputByte(<u8>(0x30 + (status % 10)));
}

/**
 * Writes the problem of a fault that the operation declares: `detail` is JSON as it stands, and is not part of the output. False if there is no memory
 * for it.
 */
export function writeFaultProblem(status: i32, name: Text, detail: usize, detailLength: i32): bool {
  beginProblemDocument(status, name.start, name.length);
  outputText(words.fault);
  outputString(name.start, name.length);
  if (detailLength > 0) {
    outputText(words.detail);
    outputBytes(detail, detailLength);
  }
  outputByte(0x7d);
  return endOutput();
}
