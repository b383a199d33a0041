import { byteFrom, parseDecimalU32 } from "../../lib/bytes";
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
  phrases: Text = none<Text>();
  problem: Text = none<Text>();
}

let words: Words = none<Words>();

/** To be called once, when a VM begins. */
export function prepareProblems(): void {
  words = keepRecord<Words>();
  words.title = keepLiteral('{"type":"about:blank","title":');
  words.status = keepLiteral(',"status":');
  words.detail = keepLiteral(',"detail":');
  words.pointer = keepLiteral(',"pointer":');
  words.fault = keepLiteral(',"fault":{');
  words.phrases = keepLiteral(PHRASES);
  words.problem = keepLiteral("Problem");
}

/** Statuses with their reason phrases (RFC 9110 section 15, and 422, 423, 424, 429 and 451 of the registry). */
const PHRASES =
  "400Bad Request;401Unauthorized;402Payment Required;403Forbidden;404Not Found;405Method Not Allowed;406Not Acceptable;408Request Timeout;409Conflict;410Gone;411Length Required;412Precondition Failed;413Content Too Large;414URI Too Long;415Unsupported Media Type;416Range Not Satisfiable;417Expectation Failed;421Misdirected Request;422Unprocessable Content;423Locked;424Failed Dependency;426Upgrade Required;428Precondition Required;429Too Many Requests;451Unavailable For Legal Reasons;500Internal Server Error;501Not Implemented;502Bad Gateway;503Service Unavailable;504Gateway Timeout;505HTTP Version Not Supported;507Insufficient Storage;";

const SEMICOLON: u8 = 0x3b;
const DIGITS: i32 = 3;

let titleStart: usize = 0;
let titleLength: i32 = 0;

/** Finds the reason phrase of a status; what has none is a problem and no more. */
function findTitle(status: i32): void {
  const end = words.phrases.start + <usize>words.phrases.length;
  let at = words.phrases.start;
  titleLength = 0;
  while (at < end && titleLength === 0) {
    const from = at;
    at = byteFrom(at, end, SEMICOLON);
    if (<i32>parseDecimalU32(from, DIGITS) === status) {
      titleStart = from + DIGITS;
      titleLength = <i32>(at - titleStart);
    }
    at++;
  }
  if (titleLength > 0) return;
  titleStart = words.problem.start;
  titleLength = words.problem.length;
}

/**
 * Writes the problem of the request at hand; without a detail if that has no bytes, without a pointer if it points nowhere. False if there is no
 * memory for it.
 */
export function writeRequestProblem(): bool {
  beginProblemDocument(problemStatus());
  if (detailBytes() > 0) {
    outputText(words.detail);
    outputString(detailStart(), detailBytes());
  }
  if (pointerBytes() >= 0) {
    outputText(words.pointer);
    outputString(pointerStart(), pointerBytes());
  }
  outputByte(0x7d);
  return endOutput();
}

/** Writes a problem that says no more than its status; false if there is no memory for it. */
export function writeStatusProblem(status: i32): bool {
  beginProblemDocument(status);
  outputByte(0x7d);
  return endOutput();
}

function beginProblemDocument(status: i32): void {
  findTitle(status);
  beginOutput(LIKELY_BYTES, MOST_BYTES);
  outputText(words.title);
  outputString(titleStart, titleLength);
  outputText(words.status);
  outputByte(<u8>(0x30 + status / 100));
  outputByte(<u8>(0x30 + ((status / 10) % 10)));
  outputByte(<u8>(0x30 + (status % 10)));
}

/**
 * Writes the problem of a fault that the operation declares, with the member `fault` that has its detail under its name: `detail` is JSON as it stands, and is
 * not part of the output. False if there is no memory for it.
 */
export function writeFaultProblem(status: i32, name: Text, detail: usize, detailLength: i32): bool {
  beginProblemDocument(status);
  outputText(words.fault);
  outputString(name.start, name.length);
  outputByte(0x3a);
  outputBytes(detail, detailLength);
  outputByte(0x7d);
  outputByte(0x7d);
  return endOutput();
}
