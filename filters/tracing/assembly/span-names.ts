import { isVisibleAscii } from "../../lib/bytes";
import { refuse, stringIs, stringLength, stringOf, stringStart } from "../../lib/document";
import { beginPiece, pieceEnd, pieceJson } from "../../lib/piece";
import { Type } from "../../lib/predicate-emit";
import { arenaTake, failKeeping, keepPointers, none, pointerAt, setPointer } from "../../lib/region";
import { compose, keepComposed, keepLiteral, put, putLiteral, Text } from "../../lib/text";
import { Format } from "./exporter";

// The attributes of spans: the names that they have, with what stands around name and value in each format, made when a configuration is read.

/** In the order of NAMES. */
export enum Name {
  Method = 0,
  Route = 1,
  Path = 2,
  Scheme = 3,
  ServerAddress = 4,
  ServerPort = 5,
  ClientAddress = 6,
  ProtocolVersion = 7,
  UserAgent = 8,
  Status = 9,
  ErrorType = 10,
  GatewayRoute = 11,
  Decision = 12,
  Resends = 13,
}

const NAMES: i32 = 14;
/** The longest name of a tag. */
const LONGEST_TAG: i32 = 64;

/** OpenTelemetry, semantic conventions for HTTP spans; those of ours begin with `sluice.`. */
function nameOf(name: i32): string {
  switch (name) {
    case Name.Method:
      return "http.request.method";
    case Name.Route:
      return "http.route";
    case Name.Path:
      return "url.path";
    case Name.Scheme:
      return "url.scheme";
    case Name.ServerAddress:
      return "server.address";
    case Name.ServerPort:
      return "server.port";
    case Name.ClientAddress:
      return "client.address";
    case Name.ProtocolVersion:
      return "network.protocol.version";
    case Name.UserAgent:
      return "user_agent.original";
    case Name.Status:
      return "http.response.status_code";
    case Name.ErrorType:
      return "error.type";
    case Name.GatewayRoute:
      return "sluice.route";
    case Name.Decision:
      return "sluice.decision";
    default:
      return "http.request.resend_count";
  }
}

function isNumber(name: i32): bool {
  return name === Name.ServerPort || name === Name.Status || name === Name.Resends;
}

// Addresses of Text: what stands before the value of each name, in the two formats.
let befores: usize = 0;
let zipkinEnd: Text = none<Text>();
let otlpEnd: Text = none<Text>();
let otlpTruthEnd: Text = none<Text>();

/** Makes them; once for a VM. */
export function prepareNames(): void {
  befores = keepPointers(2 * NAMES);
  if (befores === 0) return;
  for (let name = 0; name < NAMES; name++) {
    setPointer(befores, name, zipkinBefore(nameOf(name)));
    setPointer(befores, NAMES + name, otlpBefore(nameOf(name), isNumber(name) ? Type.Integer : Type.String));
  }
  zipkinEnd = keepLiteral('"');
  otlpEnd = keepLiteral('"}}');
  otlpTruthEnd = keepLiteral("}}");
}

function zipkinBefore(name: string): Text {
  compose(128);
  putLiteral(',"');
  putLiteral(name);
  putLiteral('":"');
  return keepComposed();
}

function otlpBefore(name: string, type: i32): Text {
  compose(128);
  putLiteral(',{"key":"');
  putLiteral(name);
  putOtlpType(type);
  return keepComposed();
}

function putOtlpType(type: i32): void {
  if (type === Type.Integer) putLiteral('","value":{"intValue":"');
  else if (type === Type.Truth) putLiteral('","value":{"boolValue":');
  else putLiteral('","value":{"stringValue":"');
}

/** What stands before the value of an attribute, a comma first. */
export function beforeValue(name: i32, format: i32): Text {
  return pointerAt<Text>(befores, format === Format.Zipkin ? name : NAMES + name);
}

/** What stands behind it. */
export function afterValue(format: i32): Text {
  return format === Format.Zipkin ? zipkinEnd : otlpEnd;
}

// ---- what a configuration names

/** The bit of an attribute that can be left out; 0 if a string is the name of none. */
export function redactionOf(node: i32): i32 {
  for (let name = 0; name < NAMES; name++) {
    if (stringIs(node, nameOf(name))) return 1 << name;
  }
  return 0;
}

/** Whether a string can be the name of a tag. */
export function tagNameOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_TAG)) return false;
  if (!isVisibleAscii(stringStart(node), stringLength(node))) return refuse(node, "must be visible ASCII");
  if (redactionOf(node) !== 0 || stringIs(node, "error")) return refuse(node, "is an attribute that spans have anyway");
  return true;
}

/** What stands before the value of a tag of a type, a comma first; `name` is a string that `tagNameOf` is true of. */
export function beforeTag(name: i32, type: i32, format: i32): Text {
  const room = LONGEST_TAG * 6;
  const escaped = arenaTake(<usize>room);
  if (escaped === 0) failKeeping();
  beginPiece(escaped, escaped + <usize>(escaped === 0 ? 0 : room));
  pieceJson(stringStart(name), stringLength(name), LONGEST_TAG);
  compose(room + 64);
  putLiteral(format === Format.Zipkin ? ',"' : ',{"key":"');
  put(escaped, <i32>(pieceEnd() - escaped));
  if (format === Format.Zipkin) putLiteral('":"');
  else putOtlpType(type);
  return keepComposed();
}

export function afterTag(type: i32, format: i32): Text {
  if (format === Format.Zipkin) return zipkinEnd;
  return type === Type.Truth ? otlpTruthEnd : otlpEnd;
}
