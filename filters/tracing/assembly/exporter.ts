import { isBetween } from "../../lib/bytes";
import {
  arrayOf,
  firstElement,
  keepString,
  NOWHERE,
  nextElement,
  objectOf,
  pathOf,
  refuse,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
  visibleOf,
} from "../../lib/document";
import { beginPiece, pieceEnd, pieceJson } from "../../lib/piece";
import { arenaTake, at, failKeeping, keepRecords, none } from "../../lib/region";
import { compose, keepComposed, keepLiteral, put, putLiteral, Text } from "../../lib/text";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { prepareRecords } from "./record";

// Collectors of spans, as the configuration names them.

const MOST_EXPORTERS: i32 = 8;
const LONGEST_CLUSTER: i32 = 1024;
const LONGEST_AUTHORITY: i32 = 260;
const LONGEST_SERVICE: i32 = 63;
const LONGEST_PATH: i32 = 1024;

export enum Format {
  Zipkin = 0,
  Otlp = 1,
}

/** Spans of one request to a collector. */
@unmanaged
export class Chunk {
  exporter: Exporter = none<Exporter>();
  /** The one behind it in its queue, or among the free ones. */
  next: Chunk = none<Chunk>();
  /** Where its text begins, and has come to. */
  start: usize = 0;
  end: usize = 0;
  /** Array of Share: whose spans they are. */
  shares: usize = 0;
  shareCount: i32 = 0;
  attempts: i32 = 0;
  /** Of the call that carries it; 0 if none does. */
  token: u32 = 0;
}

@unmanaged
export class Exporter {
  cluster: Text = none<Text>();
  format: i32 = 0;
  /** Serialised header pairs of its requests. */
  headers: Text = none<Text>();
  /** What a body begins and ends with. */
  opening: Text = none<Text>();
  closing: Text = none<Text>();
  /** In Zipkin: what each span tells of its service. */
  service: Text = none<Text>();
  /** The root whose ticks send, and in whose name answers come. */
  root: u32 = 0;
  /** All of its configuration. */
  siblings: Exporters = none<Exporters>();
  /** Chunks that it may have at once, and has. */
  most: i32 = 0;
  held: i32 = 0;
  /** The one that spans are written to. */
  open: Chunk = none<Chunk>();
  /** Those that wait or are under way, oldest first. */
  first: Chunk = none<Chunk>();
  last: Chunk = none<Chunk>();
  underWay: i32 = 0;
  /** Nanoseconds until the next try after one that failed; 0 if the last one did not. */
  backOff: u64 = 0;
  /** When that is. */
  notBefore: u64 = 0;
  /** When its root was last told of time. */
  lastTick: u64 = 0;
  /** The one that was made before it, in this VM. */
  previous: Exporter = none<Exporter>();
}

/** The collectors of one configuration. */
@unmanaged
export class Exporters {
  /** Array of Exporter. */
  list: usize = 0;
  count: i32 = 0;
}

// What was read last.
let list: usize = 0;
let listCount: i32 = 0;

/** The exporter of a number in the configuration that is being read, or the missing record. */
export function exporterAt(index: i32): Exporter {
  return index < listCount ? at<Exporter>(list, index) : none<Exporter>();
}

/** Reads `exporters` of a configuration, if it is there; false, and a problem noted, if it is wrong. */
export function readExporters(node: i32, exporters: Exporters): bool {
  listCount = 0;
  if (node === NOWHERE) return true;
  const count = arrayOf(node, 1, MOST_EXPORTERS);
  if (count < 0) return false;
  list = keepRecords<Exporter>(count);
  if (list === 0) return refuse(node, "needs more memory than the module may have");
  for (let item = firstElement(node); item !== NOWHERE; item = nextElement(node, item)) {
    if (!readExporter(item, at<Exporter>(list, listCount))) return false;
    listCount++;
  }
  exporters.list = list;
  exporters.count = count;
  return prepareRecords() || refuse(node, "needs more memory than the module may have");
}

function readExporter(node: i32, exporter: Exporter): bool {
  if (!objectOf(node, "cluster authority path format service")) return false;
  const cluster = requiredMember(node, "cluster");
  const authority = requiredMember(node, "authority");
  const path = requiredMember(node, "path");
  const format = requiredMember(node, "format");
  const service = requiredMember(node, "service");
  if (cluster === NOWHERE || authority === NOWHERE || path === NOWHERE || format === NOWHERE || service === NOWHERE)
    return false;
  if (!stringOf(cluster, 1, LONGEST_CLUSTER) || !visibleOf(authority, LONGEST_AUTHORITY) || !pathOf(path, LONGEST_PATH))
    return false;
  if (!serviceOf(service)) return false;
  if (stringIs(format, "otlp")) exporter.format = Format.Otlp;
  else if (!stringIs(format, "zipkin")) return refuse(format, 'must be "zipkin" or "otlp"');
  exporter.cluster = keepString(cluster);
  exporter.headers = headersOf(authority, path);
  frame(exporter, service);
  return true;
}

/** Whether a string is one of printable ASCII. */
function serviceOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_SERVICE)) return false;
  return isBetween(stringStart(node), stringLength(node), 0x20, 0x7e) || refuse(node, "must be printable ASCII");
}

function headersOf(authority: i32, path: i32): Text {
  const method = keepLiteral(":method");
  const post = keepLiteral("POST");
  const pathName = keepLiteral(":path");
  const authorityName = keepLiteral(":authority");
  const contentType = keepLiteral("content-type");
  const json = keepLiteral("application/json");
  beginPairs();
  addPair(method, post.start, post.length);
  addPair(pathName, stringStart(path), stringLength(path));
  addPair(authorityName, stringStart(authority), stringLength(authority));
  addPair(contentType, json.start, json.length);
  return keepPairs();
}

/** Zipkin: every span tells its service (openzipkin.github.io, "Zipkin API", v2). OTLP: the body does (opentelemetry-proto, `ExportTraceServiceRequest`). */
function frame(exporter: Exporter, service: i32): void {
  const room = LONGEST_SERVICE * 6;
  const name = arenaTake(<usize>room);
  if (name === 0) failKeeping();
  beginPiece(name, name + <usize>(name === 0 ? 0 : room));
  pieceJson(stringStart(service), stringLength(service), LONGEST_SERVICE);
  const length = <i32>(pieceEnd() - name);
  if (exporter.format === Format.Zipkin) {
    exporter.opening = keepLiteral("[");
    exporter.closing = keepLiteral("]");
    compose(room + 256);
    putLiteral(',"localEndpoint":{"serviceName":"');
    put(name, length);
    putLiteral('"}');
    exporter.service = keepComposed();
    return;
  }
  compose(room + 256);
  putLiteral('{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"');
  put(name, length);
  putLiteral('"}}]},"scopeSpans":[{"scope":{"name":"sluice"},"spans":[');
  exporter.opening = keepComposed();
  exporter.closing = keepLiteral("]}]}]}");
}
