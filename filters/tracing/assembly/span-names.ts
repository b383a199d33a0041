import { refuse, stringIs, stringLength, stringOf, stringStart } from "../../lib/document";
import { isName } from "../../lib/name";
import { Type } from "../../lib/predicate-emit";
import { keepPointers, none, pointerAt, setPointer } from "../../lib/region";
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

/** The attribute that a string is the name of, or -1. */
function nameIn(node: i32): i32 {
  for (let name = 0; name < NAMES; name++) {
    if (stringIs(node, nameOf(name))) return name;
  }
  return -1;
}

/** The bit of an attribute that can be left out; 0 if a string is the name of none. What spans are searched by stays. */
export function redactionOf(node: i32): i32 {
  const name = nameIn(node);
  const stays =
    name < 0 || name === Name.Method || name === Name.Status || name === Name.ErrorType || name === Name.Resends;
  return stays ? 0 : 1 << name;
}

/** Whether a string can be the name of a tag: letters, digits, `.`, `_` and `-`, the first a letter. */
export function tagNameOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_TAG)) return false;
  if (!isName(stringStart(node), stringLength(node)))
    return refuse(node, "must be letters, digits, dots, hyphens and underscores behind a letter");
  // `error` is what makes a span failed in Zipkin.
  if (nameIn(node) >= 0 || stringIs(node, "error")) return refuse(node, "is an attribute that spans have anyway");
  return true;
}

/** What stands before the value of a tag of a type, a comma first; `name` is a string that `tagNameOf` is true of. */
export function beforeTag(name: i32, type: i32, format: i32): Text {
  compose(2 * LONGEST_TAG);
  putLiteral(format === Format.Zipkin ? ',"' : ',{"key":"');
  put(stringStart(name), stringLength(name));
  if (format === Format.Zipkin) putLiteral('":"');
  else putOtlpType(type);
  return keepComposed();
}

export function afterTag(type: i32, format: i32): Text {
  if (format === Format.Zipkin) return zipkinEnd;
  return type === Type.Truth ? otlpTruthEnd : otlpEnd;
}
