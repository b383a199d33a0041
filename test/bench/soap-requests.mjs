// How long a request takes from JSON to an envelope, in the module alone and in CPU time of this process. By hand:
//   node --no-wasm-tier-up --no-liftoff test/bench/soap-requests.mjs
import { instantiate } from "./assembly.mjs";

const module = await instantiate("filters/soap/assembly/probe.ts");

/** A partner with an address and orders: strings, numbers, dates, an attribute, arrays of objects. */
const CONFIG = {
  namespaces: ["http://example.com/crm", "http://example.com/crm/types"],
  simples: [
    { json: "string", form: "string", space: "preserve" },
    { json: "number", form: "integer", min: "-2147483648", max: "2147483647" },
    { json: "number", form: "decimal", fractionDigits: 2 },
    { json: "string", form: "string", values: ["active", "dormant", "gone"] },
    { json: "boolean", form: "boolean" },
  ],
  types: [
    object([{ name: "partner", ns: 0, type: 1 }]),
    {
      ...object([
        { name: "name", ns: 1, simple: 0 },
        { name: "status", ns: 1, simple: 3 },
        { name: "address", ns: 1, type: 2 },
        { name: "note", ns: 1, simple: 0, min: 0, nillable: true },
        { name: "order", ns: 1, type: 3, min: 0, max: -1 },
      ]),
      attributes: [{ name: "id", simple: 1, required: true }],
    },
    object(["street", "city", "country"].map((name) => ({ name, ns: 1, simple: 0 }))),
    object([
      { name: "number", ns: 1, simple: 1 },
      { name: "amount", ns: 1, simple: 2 },
      { name: "paid", ns: 1, simple: 4 },
      { name: "text", ns: 1, simple: 0 },
    ]),
  ],
  operations: [{ name: "Put", version: "1.1", pin: "crm/Put", input: { name: "Put", ns: 0, type: 0 } }],
  limits: { request: 4 << 20, response: 1, depth: 32, attributes: 32, name: 256, namespaces: 32 },
};

function object(elements) {
  return { content: [{ group: "sequence", span: elements.length }, ...elements] };
}

function bodyOf(orders, text, turned) {
  const order = (index) => {
    const members = Object.entries({ number: index, amount: 10.5 + index, paid: index % 2 === 0, text });
    return Object.fromEntries(turned ? members.toReversed() : members);
  };
  const partner = {
    "@id": 4711,
    name: "Acme & Sons",
    status: "active",
    address: { street: "Main Street 1", city: "Springfield", country: "US" },
    note: null,
    order: Array.from({ length: orders }, (_, index) => order(index)),
  };
  return Buffer.from(JSON.stringify({ partner }));
}

const BODIES = {
  "2 KB, in the order of the schema": bodyOf(24, "a few words of text", false),
  "2 KB, in the opposite order": bodyOf(24, "a few words of text", true),
  "64 KB, in the order of the schema": bodyOf(800, "a few words of text", false),
  "1 MB of long texts": bodyOf(100, "some words ".repeat(1000), false),
  "1 MB of long texts with markup": bodyOf(100, "<b>bold</b> ".repeat(900), false),
};

configure(CONFIG);
for (const [name, body] of Object.entries(BODIES)) {
  const microseconds = best(body);
  const rate = body.length / microseconds;
  console.log(`${name}: ${body.length} bytes, ${microseconds.toFixed(1)} µs, ${rate.toFixed(0)} MB/s`);
}

/** The least CPU time of one conversion, over rounds of many. */
function best(body) {
  const address = convertOnce(body);
  if (address === undefined) throw new Error("the body was refused");
  const times = Math.max(1, Math.round(4_000_000 / body.length));
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 15; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) convertOnce(body);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / times);
  }
  return least;
}

function convertOnce(body) {
  module.reset();
  const address = module.take(body.length);
  new Uint8Array(module.memory.buffer).set(body, address);
  return module.convert(0, 0, 0, 0, 0, address, body.length) === 0 ? address : undefined;
}

function configure(config) {
  const text = Buffer.from(JSON.stringify(config));
  const address = module.take(text.length);
  new Uint8Array(module.memory.buffer).set(text, address);
  if (module.configure(address, text.length) === 1) return;
  const start = module.problemStart();
  throw new Error(Buffer.from(module.memory.buffer, start, module.problemLength()).toString());
}
