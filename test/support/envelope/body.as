// A stand-in for body.wasm: it puts the body of a request into `<Operation>` and takes that of the answer out of it. What begins with
// `bad` does not fit (400), an answer without the envelope is no answer (502), one in `<Fault>` is a 404. `trap` traps.

@external("env", "proxy_log") declare function proxy_log(level: i32, start: usize, length: i32): i32;
@external("env", "proxy_get_header_map_pairs") declare function proxy_get_header_map_pairs(type: i32, start: usize, length: usize): i32;
@external("env", "proxy_replace_header_map_value") declare function proxy_replace_header_map_value(type: i32, key: usize, keyLength: i32, value: usize, length: i32): i32;
@external("env", "proxy_remove_header_map_value") declare function proxy_remove_header_map_value(type: i32, key: usize, keyLength: i32): i32;
@external("env", "proxy_get_property") declare function proxy_get_property(path: usize, pathLength: i32, start: usize, length: usize): i32;
@external("env", "proxy_set_property") declare function proxy_set_property(path: usize, pathLength: i32, value: usize, length: i32): i32;
@external("env", "proxy_send_local_response") declare function proxy_send_local_response(status: i32, details: usize, detailsLength: i32, body: usize, bodyLength: i32, pairs: usize, pairsLength: i32, grpc: i32): i32;
@external("env", "proxy_get_buffer_bytes") declare function proxy_get_buffer_bytes(type: i32, from: i32, most: i32, start: usize, length: usize): i32;
@external("env", "proxy_set_buffer_bytes") declare function proxy_set_buffer_bytes(type: i32, from: i32, most: i32, start: usize, length: i32): i32;
@external("env", "proxy_define_metric") declare function proxy_define_metric(type: i32, name: usize, length: i32, cell: usize): i32;
@external("env", "proxy_increment_metric") declare function proxy_increment_metric(metric: u32, offset: i64): i32;

// Nothing lives longer than a callback, which begins with an empty heap.
const CELLS: usize = memory.data(32, 8);

export function malloc(size: i32): usize {
  return heap.alloc(<usize>size);
}

export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_context_create(id: i32, parent: i32): void {}

export function proxy_on_configure(id: i32, size: i32): i32 {
  const text = bufferText(7, size);
  return text.startsWith('{"version":1,') ? 1 : 0;
}

class Bytes {
  constructor(public at: usize, public length: i32) {}
}

function bytes(text: string): Bytes {
  const buffer = String.UTF8.encode(text);
  return new Bytes(changetype<usize>(buffer), buffer.byteLength);
}

function bufferText(type: i32, size: i32): string {
  store<u32>(CELLS + 4, 0);
  if (proxy_get_buffer_bytes(type, 0, size, CELLS, CELLS + 4) !== 0) return "";
  return String.UTF8.decodeUnsafe(load<u32>(CELLS), load<u32>(CELLS + 4));
}

function property(path: string): string {
  const name = bytes(path);
  if (proxy_get_property(name.at, name.length, CELLS, CELLS + 4) !== 0) return "";
  return String.UTF8.decodeUnsafe(load<u32>(CELLS), load<u32>(CELLS + 4));
}

function note(path: string, value: string): void {
  const name = bytes(path);
  const text = bytes(value);
  proxy_set_property(name.at, name.length, text.at, text.length);
}

function header(type: i32, wanted: string): string {
  if (proxy_get_header_map_pairs(type, CELLS, CELLS + 4) !== 0) return "";
  const start = <usize>load<u32>(CELLS);
  const count = load<u32>(start);
  let at = start + 4 + 8 * <usize>count;
  for (let i: usize = 0; i < count; i++) {
    const name = load<u32>(start + 4 + 8 * i);
    const value = load<u32>(start + 8 + 8 * i);
    if (String.UTF8.decodeUnsafe(at, name) === wanted) return String.UTF8.decodeUnsafe(at + name + 1, value);
    at += name + value + 2;
  }
  return "";
}

function replace(type: i32, name: string, value: string): void {
  const key = bytes(name);
  const text = bytes(value);
  proxy_replace_header_map_value(type, key.at, key.length, text.at, text.length);
}

function count(operation: string, outcome: string): void {
  const name = bytes("sluice.envelope." + operation.split("/")[0] + "." + outcome);
  proxy_define_metric(0, name.at, name.length, CELLS);
  proxy_increment_metric(load<u32>(CELLS), 1);
}

function problem(status: i32, title: string): void {
  const body = bytes('{"type":"about:blank","title":"' + title + '","status":' + status.toString() + "}");
  const pairs = heap.alloc(64);
  store<u32>(pairs, 1);
  store<u32>(pairs + 4, 12);
  store<u32>(pairs + 8, 24);
  const name = bytes("content-type");
  const type = bytes("application/problem+json");
  memory.copy(pairs + 12, name.at, 12);
  store<u8>(pairs + 24, 0);
  memory.copy(pairs + 25, type.at, 24);
  store<u8>(pairs + 49, 0);
  proxy_send_local_response(status, 0, 0, body.at, body.length, pairs, 50, -1);
}

function refuse(operation: string, status: i32, title: string, reason: string): void {
  note("sluice.decision", operation.split("/")[0] + " denied " + reason);
  count(operation, status === 502 ? "error" : "denied");
  problem(status, title);
}

const OPERATION = "xds\0route_metadata\0filter_metadata\0sluice\0operation";

export function proxy_on_request_headers(id: i32, size: i32, end: i32): i32 {
  heap.reset();
  const operation = property(OPERATION);
  if (operation === "") return 0;
  if (end !== 0) {
    refuse(operation, 400, "Bad Request", "no-body");
    return 1;
  }
  return 1;
}

export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 {
  heap.reset();
  const operation = property(OPERATION);
  if (operation === "") return 0;
  if (end === 0) return 1;
  const text = bufferText(0, size);
  if (text === "trap") unreachable();
  if (text.startsWith("bad")) {
    refuse(operation, 400, "Bad Request", "unfit");
    return 1;
  }
  const name = operation.split("/")[1];
  const path = header(0, ":path");
  // As XML grows against the JSON that it is made from.
  const more = name === "Merge" ? text + text + text : "";
  const made = bytes("<" + name + ">" + more + (text === "{}" ? '{"path":"' + path + '"}' : text) + "</" + name + ">");
  proxy_set_buffer_bytes(0, 0, size, made.at, made.length);
  const query = path.indexOf("?");
  if (query >= 0) replace(0, ":path", path.substr(0, query));
  replace(0, ":method", "POST");
  replace(0, "content-length", made.length.toString());
  replace(0, "x-sluice-pin", operation);
  note("sluice.converted", operation);
  count(operation, "allowed");
  return 0;
}

export function proxy_on_response_headers(id: i32, size: i32, end: i32): i32 {
  heap.reset();
  const operation = property("sluice.converted");
  // Envoy's own answers, such as a 504, are none of the service's.
  if (operation === "" || property("response\0code_details") !== "via_upstream") return 0;
  if (end !== 0) refuse(operation, 502, "Bad Gateway", "answer");
  return 1;
}

export function proxy_on_response_body(id: i32, size: i32, end: i32): i32 {
  heap.reset();
  const operation = property("sluice.converted");
  if (operation === "" || property("response\0code_details") !== "via_upstream") return 0;
  if (end === 0) return 1;
  const text = bufferText(1, size);
  const name = operation.split("/")[1];
  const fault = text.startsWith("<Fault>");
  const tag = fault ? "Fault" : name;
  if (!text.startsWith("<" + tag + ">") || !text.endsWith("</" + tag + ">")) {
    refuse(operation, 502, "Bad Gateway", "answer");
    return 1;
  }
  const made = bytes(text.substring(tag.length + 2, text.length - tag.length - 3));
  proxy_set_buffer_bytes(1, 0, size, made.at, made.length);
  replace(2, ":status", fault ? "404" : "200");
  replace(2, "content-type", fault ? "application/problem+json" : "application/json");
  replace(2, "content-length", made.length.toString());
  return 0;
}
