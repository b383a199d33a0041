import { isBetween, isVisibleAscii } from "../../lib/bytes";
import {
  arrayOf,
  documentIsWrong,
  firstElement,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { keepPointers, keepRecord, none, setPointer } from "../../lib/region";
import { hasByte, Text } from "../../lib/text";
import { Lone, Operation } from "./table";

// `rest` and `service` of an operation: what a module on its own has to know. Both are there, or neither.

const MOST_SEGMENTS: i32 = 64;
const LONGEST_METHOD: i32 = 16;
const LONGEST_SEGMENT: i32 = 1024;
const LONGEST_PATH: i32 = 2048;
const LONGEST_HEADER: i32 = 4096;
const SLASH: u8 = 0x2f;
const SPACE: u8 = 0x20;

/** False, and a problem noted, if they are wrong. */
export function readLone(node: i32, operation: Operation): bool {
  const rest = member(node, "rest");
  const service = member(node, "service");
  if (rest === NOWHERE && service === NOWHERE) return true;
  if (rest === NOWHERE || service === NOWHERE)
    return refuse(node, "has one of `rest` and `service`, and not the other");
  const lone = keepRecord<Lone>();
  operation.lone = lone;
  return readRest(rest, lone) && readService(service, lone);
}

function readRest(node: i32, lone: Lone): bool {
  if (!objectOf(node, "method path")) return false;
  const method = requiredMember(node, "method");
  const path = requiredMember(node, "path");
  if (documentIsWrong() || !stringOf(method, 1, LONGEST_METHOD)) return false;
  if (!isBetween(stringStart(method), stringLength(method), 0x41, 0x5a))
    return refuse(method, "must be capital letters");
  lone.method = keepString(method);
  const count = arrayOf(path, 1, MOST_SEGMENTS);
  if (count < 0) return false;
  lone.segmentCount = count;
  lone.segments = keepPointers(count);
  if (lone.segments === 0) return refuse(path, "needs more memory than the module may have");
  let index = 0;
  for (let segment = firstElement(path); segment !== NOWHERE; segment = nextElement(path, segment)) {
    if (!stringOf(segment, 0, LONGEST_SEGMENT)) return false;
    setPointer(lone.segments, index++, stringIs(segment, "*") ? none<Text>() : keepString(segment));
  }
  return true;
}

function readService(node: i32, lone: Lone): bool {
  if (!objectOf(node, "path contentType soapAction")) return false;
  const path = requiredMember(node, "path");
  const contentType = requiredMember(node, "contentType");
  if (documentIsWrong() || !stringOf(path, 1, LONGEST_PATH)) return false;
  const start = stringStart(path);
  if (!hasByte(start, 1, SLASH) || !isVisibleAscii(start, stringLength(path)))
    return refuse(path, "must be a path in visible ASCII");
  lone.path = keepString(path);
  lone.contentType = headerOf(contentType);
  const action = member(node, "soapAction");
  if (action !== NOWHERE) lone.soapAction = headerOf(action);
  return !documentIsWrong();
}

/** The value of a header; the missing text, and a problem noted, for one that is none. */
function headerOf(node: i32): Text {
  if (!stringOf(node, 1, LONGEST_HEADER)) return none<Text>();
  if (isBetween(stringStart(node), stringLength(node), SPACE, 0x7e)) return keepString(node);
  refuse(node, "must be ASCII without control characters");
  return none<Text>();
}
