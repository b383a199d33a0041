// A module that does what a script tells it, and writes what it saw to the log. The script of a request is its header `x-script`; that of
// the root is the plugin configuration, which every request has too. Statements are separated by `;`, words by blanks:
//
//   <callback>[.<n>] <call> <argument>...      n: only the n-th such callback since the stream began
//   <callback>[.<n>] return <number>
//   <callback>[.<n>] return-if <key> <number>     if there is shared data of that key
//
// Arguments are bytes, with %XX for those that cannot stand there. Each call is a line `call arguments = status result`.

@external("env", "proxy_log") declare function proxy_log(level: i32, start: usize, length: i32): i32;
@external("env", "proxy_get_log_level") declare function proxy_get_log_level(cell: usize): i32;
@external("env", "proxy_get_header_map_value") declare function proxy_get_header_map_value(type: i32, key: usize, keyLength: i32, start: usize, length: usize): i32;
@external("env", "proxy_get_header_map_pairs") declare function proxy_get_header_map_pairs(type: i32, start: usize, length: usize): i32;
@external("env", "proxy_set_header_map_pairs") declare function proxy_set_header_map_pairs(type: i32, start: usize, length: i32): i32;
@external("env", "proxy_get_header_map_size") declare function proxy_get_header_map_size(type: i32, cell: usize): i32;
@external("env", "proxy_add_header_map_value") declare function proxy_add_header_map_value(type: i32, key: usize, keyLength: i32, value: usize, length: i32): i32;
@external("env", "proxy_replace_header_map_value") declare function proxy_replace_header_map_value(type: i32, key: usize, keyLength: i32, value: usize, length: i32): i32;
@external("env", "proxy_remove_header_map_value") declare function proxy_remove_header_map_value(type: i32, key: usize, keyLength: i32): i32;
@external("env", "proxy_get_property") declare function proxy_get_property(path: usize, pathLength: i32, start: usize, length: usize): i32;
@external("env", "proxy_set_property") declare function proxy_set_property(path: usize, pathLength: i32, value: usize, length: i32): i32;
@external("env", "proxy_send_local_response") declare function proxy_send_local_response(status: i32, details: usize, detailsLength: i32, body: usize, bodyLength: i32, pairs: usize, pairsLength: i32, grpc: i32): i32;
@external("env", "proxy_get_buffer_bytes") declare function proxy_get_buffer_bytes(type: i32, from: i32, most: i32, start: usize, length: usize): i32;
@external("env", "proxy_set_buffer_bytes") declare function proxy_set_buffer_bytes(type: i32, from: i32, most: i32, start: usize, length: i32): i32;
@external("env", "proxy_get_buffer_status") declare function proxy_get_buffer_status(type: i32, length: usize, flags: usize): i32;
@external("env", "proxy_get_shared_data") declare function proxy_get_shared_data(key: usize, keyLength: i32, start: usize, length: usize, version: usize): i32;
@external("env", "proxy_set_shared_data") declare function proxy_set_shared_data(key: usize, keyLength: i32, value: usize, length: i32, version: u32): i32;
@external("env", "proxy_define_metric") declare function proxy_define_metric(type: i32, name: usize, length: i32, cell: usize): i32;
@external("env", "proxy_increment_metric") declare function proxy_increment_metric(metric: u32, offset: i64): i32;
@external("env", "proxy_record_metric") declare function proxy_record_metric(metric: u32, value: u64): i32;
@external("env", "proxy_get_metric") declare function proxy_get_metric(metric: u32, cell: usize): i32;
@external("env", "proxy_http_call") declare function proxy_http_call(cluster: usize, clusterLength: i32, pairs: usize, pairsLength: i32, body: usize, bodyLength: i32, trailers: usize, trailersLength: i32, timeout: i32, token: usize): i32;
@external("env", "proxy_continue_stream") declare function proxy_continue_stream(type: i32): i32;
@external("env", "proxy_close_stream") declare function proxy_close_stream(type: i32): i32;
@external("env", "proxy_set_effective_context") declare function proxy_set_effective_context(context: i32): i32;
@external("env", "proxy_get_status") declare function proxy_get_status(code: usize, start: usize, length: usize): i32;
@external("env", "proxy_set_tick_period_milliseconds") declare function proxy_set_tick_period_milliseconds(period: i32): i32;
@external("env", "proxy_get_current_time_nanoseconds") declare function proxy_get_current_time_nanoseconds(cell: usize): i32;
@external("env", "proxy_call_foreign_function") declare function proxy_call_foreign_function(name: usize, nameLength: i32, value: usize, length: i32, start: usize, size: usize): i32;
@external("env", "proxy_done") declare function proxy_done(): i32;
@external("wasi_snapshot_preview1", "clock_time_get") declare function clock_time_get(clock: i32, precision: u64, cell: usize): i32;
@external("wasi_snapshot_preview1", "random_get") declare function random_get(start: usize, length: i32): i32;
@external("wasi_snapshot_preview1", "environ_sizes_get") declare function environ_sizes_get(count: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "environ_get") declare function environ_get(pointers: usize, bytes: usize): i32;

const CELLS: usize = memory.data(32, 8);
const UNTOUCHED: u32 = 0x5a5a5a5a;
const BEYOND: usize = 0xfffffff0;

let rootScript = "";
let script = "";
let root: i32 = 0;
let stream: i32 = 0;
const counts = new Map<string, i32>();
const metrics: u32[] = [];
/** What this VM was told to keep, whatever the stream. */
const remembered = new Map<string, string>();
let heldVersion: u32 = 0;

// ---- texts: each character is one byte

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = <u8>text.charCodeAt(i);
  return bytes;
}

function textAt(start: usize, length: u32): string {
  const codes = new Array<i32>(length);
  for (let i: u32 = 0; i < length; i++) codes[i] = load<u8>(start + i);
  return String.fromCharCodes(codes);
}

function digit(value: u32): string {
  return String.fromCharCode(value < 10 ? 48 + value : 87 + value);
}

function quoted(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const code = <u32>text.charCodeAt(i);
    if (code < 32 || code > 126 || code === 34 || code === 92) out += "\\x" + digit(code >> 4) + digit(code & 15);
    else out += text.charAt(i);
  }
  return out + '"';
}

function decoded(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text.charAt(i) === "%" && i + 2 < text.length) {
      out += String.fromCharCode(<i32>parseInt(text.substr(i + 1, 2), 16));
      i += 2;
    } else out += text.charAt(i);
  }
  return out;
}

function say(line: string): void {
  const bytes = bytesOf(line);
  proxy_log(2, bytes.dataStart, bytes.length);
}

// ---- cells

function clear(): void {
  for (let i: usize = 0; i < 32; i += 4) store<u32>(CELLS + i, UNTOUCHED);
}

function cell(index: usize): usize {
  return CELLS + (index << 3);
}

function number(index: usize): u32 {
  return load<u32>(cell(index));
}

/** What a call handed over by address and length in the first two cells. */
function given(status: i32): string {
  if (number(0) === UNTOUCHED && number(1) === UNTOUCHED) return "";
  return status === 0 ? " " + quoted(textAt(number(0), number(1))) : " written";
}

function pairsOf(words: string[], from: i32): Uint8Array {
  const names: string[] = [];
  const values: string[] = [];
  let size = 4;
  for (let i = from; i < words.length; i++) {
    const equals = words[i].indexOf("=");
    names.push(decoded(words[i].substr(0, equals)));
    values.push(decoded(words[i].substr(equals + 1)));
    size += 10 + names[names.length - 1].length + values[values.length - 1].length;
  }
  const bytes = new Uint8Array(size);
  let at = bytes.dataStart;
  store<u32>(at, names.length);
  for (let i = 0; i < names.length; i++) {
    store<u32>(at + 4 + 8 * i, names[i].length);
    store<u32>(at + 8 + 8 * i, values[i].length);
  }
  at += 4 + 8 * names.length;
  for (let i = 0; i < names.length; i++) {
    at = put(at, names[i]);
    at = put(at, values[i]);
  }
  return bytes;
}

function put(at: usize, text: string): usize {
  for (let i = 0; i < text.length; i++) store<u8>(at + i, <u8>text.charCodeAt(i));
  store<u8>(at + text.length, 0);
  return at + text.length + 1;
}

function shownPairs(start: usize, length: u32): string {
  if (length === 0) return " none";
  const count = load<u32>(start);
  let at = start + 4 + 8 * <usize>count;
  let out = "";
  for (let i: usize = 0; i < count; i++) {
    const name = load<u32>(start + 4 + 8 * i);
    const value = load<u32>(start + 8 + 8 * i);
    out += " " + quoted(textAt(at, name)) + "=" + quoted(textAt(at + name + 1, value));
    at += name + value + 2;
  }
  return out;
}

// ---- calls

function word(words: string[], index: i32): string {
  return index < words.length ? decoded(words[index]) : "";
}

function integer(words: string[], index: i32): i64 {
  return index < words.length ? I64.parseInt(words[index]) : 0;
}

function call(words: string[]): string {
  const name = words[1];
  const a = bytesOf(word(words, 2));
  const b = bytesOf(word(words, 3));
  const type = <i32>integer(words, 2);
  clear();
  if (name === "get") return lookUp(type, b);
  if (name === "pairs") {
    const status = proxy_get_header_map_pairs(type, cell(0), cell(1));
    return status.toString() + (status === 0 ? shownPairs(number(0), number(1)) : given(status));
  }
  if (name === "set-pairs") {
    const pairs = pairsOf(words, 3);
    return proxy_set_header_map_pairs(type, pairs.dataStart, pairs.length).toString();
  }
  if (name === "size") return oneNumber(proxy_get_header_map_size(type, cell(0)));
  if (name === "add" || name === "replace") {
    const value = bytesOf(word(words, 4));
    return (name === "add"
      ? proxy_add_header_map_value(type, b.dataStart, b.length, value.dataStart, value.length)
      : proxy_replace_header_map_value(type, b.dataStart, b.length, value.dataStart, value.length)
    ).toString();
  }
  if (name === "remove") return proxy_remove_header_map_value(type, b.dataStart, b.length).toString();
  if (name === "property") {
    const path = bytesOf(word(words, 2).replaceAll("/", "\0").replaceAll("|", "/"));
    const status = proxy_get_property(path.dataStart, path.length, cell(0), cell(1));
    return status.toString() + given(status);
  }
  if (name === "set-property") return proxy_set_property(a.dataStart, a.length, b.dataStart, b.length).toString();
  if (name === "reply") return reply(words);
  if (name === "body") {
    const status = proxy_get_buffer_bytes(type, <i32>integer(words, 3), <i32>integer(words, 4), cell(0), cell(1));
    return status.toString() + given(status);
  }
  if (name === "set-body") {
    const bytes = bytesOf(word(words, 5));
    return proxy_set_buffer_bytes(type, <i32>integer(words, 3), <i32>integer(words, 4), bytes.dataStart, bytes.length).toString();
  }
  if (name === "body-status") {
    const status = proxy_get_buffer_status(type, cell(0), cell(1));
    return status === 0 ? status.toString() + " " + number(0).toString() + " " + number(1).toString() : status.toString();
  }
  return otherCall(name, words, a, b, type);
}

function lookUp(type: i32, name: Uint8Array): string {
  const status = proxy_get_header_map_value(type, name.dataStart, name.length, cell(0), cell(1));
  return status.toString() + given(status);
}

function oneNumber(status: i32): string {
  return number(0) === UNTOUCHED ? status.toString() : status.toString() + " " + number(0).toString();
}

function oneWide(status: i32): string {
  return number(0) === UNTOUCHED ? status.toString() : status.toString() + " " + load<u64>(cell(0)).toString();
}

function reply(words: string[]): string {
  const body = bytesOf(word(words, 3));
  const details = bytesOf(word(words, 4));
  const pairs = pairsOf(words, 6);
  return proxy_send_local_response(<i32>integer(words, 2), details.dataStart, details.length, body.dataStart, body.length, pairs.dataStart, pairs.length, <i32>integer(words, 5)).toString();
}

function otherCall(name: string, words: string[], a: Uint8Array, b: Uint8Array, type: i32): string {
  if (name === "shared-get") {
    const status = proxy_get_shared_data(a.dataStart, a.length, cell(0), cell(1), cell(2));
    return status.toString() + given(status) + (number(2) === UNTOUCHED ? "" : number(2) === 0 ? " version 0" : " versioned");
  }
  if (name === "shared-set") return proxy_set_shared_data(a.dataStart, a.length, b.dataStart, b.length, <u32>integer(words, 4)).toString();
  if (name === "shared-hold") {
    // Keeps the version that was read for a write by another callback.
    const held = proxy_get_shared_data(a.dataStart, a.length, cell(0), cell(1), cell(2));
    heldVersion = number(2);
    return held.toString();
  }
  if (name === "shared-set-held") return proxy_set_shared_data(a.dataStart, a.length, b.dataStart, b.length, heldVersion).toString();
  if (name === "shared-swap") {
    // Reads the version, lets another write come between if told so, and writes with the version that was read.
    const read = proxy_get_shared_data(a.dataStart, a.length, cell(0), cell(1), cell(2));
    const version = number(2);
    if (word(words, 4) === "late") proxy_set_shared_data(a.dataStart, a.length, a.dataStart, a.length, 0);
    return read.toString() + " " + proxy_set_shared_data(a.dataStart, a.length, b.dataStart, b.length, version).toString();
  }
  if (name === "metric") {
    const status = proxy_define_metric(type, b.dataStart, b.length, cell(0));
    if (status === 0) metrics.push(number(0));
    return oneNumber(status);
  }
  if (name === "metric-add") return proxy_increment_metric(metric(words), integer(words, 3)).toString();
  if (name === "metric-record") return proxy_record_metric(metric(words), <u64>integer(words, 3)).toString();
  if (name === "metric-get") return oneWide(proxy_get_metric(metric(words), cell(0)));
  if (name === "call") {
    const bar = words.indexOf("|");
    const headers = pairsOf(words, bar + 1);
    return oneNumber(proxy_http_call(a.dataStart, a.length, headers.dataStart, headers.length, b.dataStart, b.length, 0, 0, <i32>integer(words, 4), cell(0)));
  }
  if (name === "continue") return proxy_continue_stream(type).toString();
  if (name === "close") return proxy_close_stream(type).toString();
  if (name === "effective") return proxy_set_effective_context(word(words, 2) === "stream" ? stream : word(words, 2) === "root" ? root : type).toString();
  if (name === "status") {
    const status = proxy_get_status(cell(2), cell(0), cell(1));
    return status.toString() + given(status) + " code " + number(2).toString();
  }
  if (name === "tick") return proxy_set_tick_period_milliseconds(type).toString();
  if (name === "done") return proxy_done().toString();
  if (name === "foreign") {
    const status = proxy_call_foreign_function(a.dataStart, a.length, b.dataStart, b.length, cell(0), cell(1));
    return status.toString() + " " + number(1).toString() + (number(0) === 0 || number(0) === UNTOUCHED ? "" : given(status));
  }
  if (name === "foreign-unwanted") return proxy_call_foreign_function(a.dataStart, a.length, b.dataStart, b.length, 0, 0).toString();
  if (name === "foreign-chain") return foreignChain(words);
  return worldCall(name, words, a, type);
}

/** Calls functions one after the other, each with the result of the one before. */
function foreignChain(words: string[]): string {
  let value = bytesOf(word(words, 2));
  let out = "";
  for (let i = 3; i < words.length; i++) {
    const function_ = bytesOf(words[i]);
    const status = proxy_call_foreign_function(function_.dataStart, function_.length, value.dataStart, value.length, cell(0), cell(1));
    out += status.toString() + " ";
    if (status === 0) value = bytesOf(textAt(number(0), number(1)));
  }
  return out + value.length.toString() + " " + quoted(textAt(value.dataStart, min<u32>(value.length, 40)));
}

function metric(words: string[]): u32 {
  const text = word(words, 2);
  return text.startsWith("#") ? metrics[<i32>I64.parseInt(text.substr(1))] : <u32>I64.parseInt(text);
}

function worldCall(name: string, words: string[], a: Uint8Array, type: i32): string {
  if (name === "remember") {
    remembered.set(word(words, 2), word(words, 3));
    return "done";
  }
  if (name === "recall") return remembered.has(word(words, 2)) ? quoted(remembered.get(word(words, 2))) : "nothing";
  if (name === "trap-if") {
    if (isShared(word(words, 2))) unreachable();
    return "no";
  }
  if (name === "log-level") return oneNumber(proxy_get_log_level(cell(0)));
  if (name === "log") return proxy_log(type, 0, 0).toString();
  if (name === "now") return passed(proxy_get_current_time_nanoseconds(cell(0)));
  if (name === "clock") return passed(clock_time_get(type, 1, cell(0)));
  if (name === "random") {
    const bytes = new Uint8Array(<i32>min<i32>(type, 16));
    const status = random_get(bytes.dataStart, type);
    let zeros = 0;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) zeros++;
    return status.toString() + (bytes.length > 0 && zeros === bytes.length ? " zeros" : " filled");
  }
  if (name === "environment") return environment();
  if (name === "bad-address") return badAddress(word(words, 2));
  if (name === "trap") unreachable();
  return "no such call";
}

function passed(status: i32): string {
  return status.toString() + (number(0) === UNTOUCHED ? " untouched" : load<u64>(cell(0)) === 0 ? " zero" : " time");
}

function environment(): string {
  const sizes = environ_sizes_get(cell(0), cell(1));
  if (sizes !== 0) return sizes.toString();
  const count = number(0);
  const bytes = number(1);
  const pointers = new Uint8Array(<i32>count * 4);
  const text = new Uint8Array(<i32>bytes);
  const got = environ_get(pointers.dataStart, text.dataStart);
  return sizes.toString() + " " + got.toString() + " " + count.toString() + " " + quoted(textAt(text.dataStart, bytes));
}

/** Each call with an address outside of memory, first what it reads, then what it writes. */
function badAddress(name: string): string {
  const key = bytesOf("x-script");
  if (name === "get") return proxy_get_header_map_value(0, BEYOND, 8, cell(0), cell(1)).toString() + " " + proxy_get_header_map_value(0, key.dataStart, key.length, BEYOND, cell(1)).toString();
  if (name === "pairs") return proxy_get_header_map_pairs(0, BEYOND, cell(1)).toString();
  if (name === "set-pairs") return proxy_set_header_map_pairs(0, BEYOND, 64).toString();
  if (name === "malformed-pairs") return proxy_set_header_map_pairs(3, key.dataStart, key.length).toString();
  if (name === "add") return proxy_add_header_map_value(0, BEYOND, 64, key.dataStart, 1).toString();
  if (name === "property") return proxy_get_property(BEYOND, 64, cell(0), cell(1)).toString();
  if (name === "set-property") return proxy_set_property(key.dataStart, 1, BEYOND, 64).toString();
  if (name === "reply") return proxy_send_local_response(403, BEYOND, 64, 0, 0, 0, 0, -1).toString();
  if (name === "log") return proxy_log(2, BEYOND, 64).toString();
  if (name === "log-level") return proxy_get_log_level(BEYOND + 14).toString();
  if (name === "shared") return proxy_get_shared_data(BEYOND, 64, cell(0), cell(1), cell(2)).toString() + " " + proxy_set_shared_data(key.dataStart, 1, BEYOND, 64, 0).toString();
  if (name === "metric") return proxy_define_metric(0, BEYOND, 64, cell(0)).toString();
  if (name === "clock") return clock_time_get(0, 1, BEYOND + 12).toString();
  if (name === "random") return random_get(BEYOND, 64).toString();
  if (name === "environment") return environ_sizes_get(BEYOND + 14, cell(0)).toString();
  return "no such call";
}

// ---- callbacks

function nameOf(context: i32): string {
  return context === root ? "root" : context === stream ? "stream" : "other";
}

function isShared(key: string): bool {
  const bytes = bytesOf(key);
  return proxy_get_shared_data(bytes.dataStart, bytes.length, cell(0), cell(1), cell(2)) === 0;
}

function abridged(word: string): string {
  return word.length > 120 ? word.substr(0, 24) + "..." + word.substr(word.length - 24) : word;
}

function run(callback: string, context: i32, more: string, otherwise: i32): i32 {
  const count = (counts.has(callback) ? counts.get(callback) : 0) + 1;
  counts.set(callback, count);
  say("> " + callback + " " + nameOf(context) + more);
  const numbered = callback + "." + count.toString();
  const statements = script.split(";");
  let result = otherwise;
  for (let i = 0; i < statements.length; i++) {
    const words = statements[i].split(" ");
    if (words.length < 2 || (words[0] !== callback && words[0] !== numbered)) continue;
    if (words[1] === "return-if") {
      if (isShared(word(words, 2))) result = <i32>integer(words, 3);
    } else if (words[1] === "return") result = <i32>I64.parseInt(words[2]);
    else {
      const shown = call(words);
      say(words.slice(1).map<string>((one) => abridged(one)).join(" ") + " = " + shown);
    }
  }
  return result;
}

function configuration(length: i32): string {
  clear();
  return proxy_get_buffer_bytes(7, 0, length, cell(0), cell(1)) === 0 ? textAt(number(0), number(1)) : "";
}

export function proxy_abi_version_0_2_1(): void {}

export function malloc(size: usize): usize {
  return heap.alloc(size);
}

export function proxy_on_context_create(context: i32, parent: i32): void {
  if (parent === 0) {
    root = context;
    script = configuration(65536);
  } else {
    stream = context;
    counts.clear();
    script = rootScript;
  }
  run("create", context, " of " + (parent === 0 ? "none" : nameOf(parent)), 0);
}

export function proxy_on_vm_start(context: i32, length: i32): i32 {
  return run("start", context, " " + length.toString(), 1);
}

export function proxy_on_configure(context: i32, length: i32): i32 {
  rootScript = configuration(length);
  script = rootScript;
  return run("configure", context, " " + length.toString(), 1);
}

export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  stream = context;
  clear();
  const name = bytesOf("x-script");
  if (proxy_get_header_map_value(0, name.dataStart, name.length, cell(0), cell(1)) === 0) script = rootScript + ";" + textAt(number(0), number(1));
  return run("request-headers", context, " " + count.toString() + " end " + end.toString(), 0);
}

export function proxy_on_request_body(context: i32, length: i32, end: i32): i32 {
  return run("request-body", context, " " + length.toString() + " end " + end.toString(), 0);
}

export function proxy_on_request_trailers(context: i32, count: i32): i32 {
  return run("request-trailers", context, " " + count.toString(), 0);
}

export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  return run("response-headers", context, " " + count.toString() + " end " + end.toString(), 0);
}

export function proxy_on_response_body(context: i32, length: i32, end: i32): i32 {
  return run("response-body", context, " " + length.toString() + " end " + end.toString(), 0);
}

export function proxy_on_response_trailers(context: i32, count: i32): i32 {
  return run("response-trailers", context, " " + count.toString(), 0);
}

export function proxy_on_http_call_response(context: i32, token: i32, headers: i32, body: i32, trailers: i32): void {
  run("answer", context, " " + token.toString() + " " + headers.toString() + " " + body.toString() + " " + trailers.toString(), 0);
}

export function proxy_on_tick(context: i32): void {
  run("tick", context, "", 0);
}

export function proxy_on_done(context: i32): i32 {
  return run("done", context, "", 1);
}

export function proxy_on_log(context: i32): void {
  run("log", context, "", 0);
}

export function proxy_on_delete(context: i32): void {
  run("delete", context, "", 0);
}
