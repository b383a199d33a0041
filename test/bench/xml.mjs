// Speed of the XML scanner and of the conversion of answers, on one SOAP answer of 64 KB: `node test/bench/xml.mjs`. It prints the best of many
// rounds; nothing is measured in a test.

import { instantiate } from "./assembly.mjs";

const ROUNDS = 2000;
const BYTES = 65_000;
const LIMITS = { depth: 64, attributes: 64, name: 256, namespaces: 64 };

function put(module, address, bytes) {
  new Uint8Array(module.memory.buffer).set(bytes, address);
}

function partner(index) {
  const fields = {
    name: `Partner number ${index} Ltd`,
    email: `partner${index}@example.com`,
    balance: `${index * 17}.50`,
    active: "true",
    created: `2024-05-0${(index % 9) + 1}T12:00:00Z`,
    note: "Some longer free text with a few words &amp; one reference, as people write it.",
  };
  const members = Object.entries(fields).map(([name, text]) => `<p:${name}>${text}</p:${name}>`);
  return `\n  <p:partner id="${1000 + index}">${members.join("")}</p:partner>`;
}

function answer() {
  let body = "";
  for (let index = 0; body.length < BYTES; index++) body += partner(index);
  return Buffer.from(
    `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
      `<p:PartnersResponse xmlns:p="urn:partners">${body}</p:PartnersResponse></s:Body></s:Envelope>`,
  );
}

const SIMPLES = [
  { json: "string", form: "string", space: "preserve" },
  { json: "number", form: "integer" },
  { json: "number", form: "decimal" },
  { json: "boolean", form: "boolean" },
  { json: "string", form: "string" },
];
const FIELDS = { name: 0, email: 0, balance: 2, active: 3, created: 4, note: 0 };

const CONFIG = {
  namespaces: ["urn:partners"],
  simples: SIMPLES,
  types: [
    {
      content: [
        { group: "sequence", span: 1 },
        { name: "partner", ns: 0, type: 1, min: 0, max: -1 },
      ],
    },
    {
      attributes: [{ name: "id", simple: 1, required: true }],
      content: [
        { group: "sequence", span: Object.keys(FIELDS).length },
        ...Object.entries(FIELDS).map(([name, simple]) => ({ name, ns: 0, simple })),
      ],
    },
  ],
  operations: [{ name: "List", version: "1.1", pin: "List", output: { name: "PartnersResponse", ns: 0, type: 0 } }],
  limits: { request: 1_000_000, response: 1_000_000, ...LIMITS },
};

function best(round) {
  let shortest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < ROUNDS; index++) shortest = Math.min(shortest, round());
  return shortest;
}

function timed(action) {
  const start = process.hrtime.bigint();
  const result = action();
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (result < 0) throw new Error(`refused: ${result}`);
  return nanoseconds;
}

function scanning(module, bytes) {
  module.xmlLimits(LIMITS.depth, LIMITS.attributes, LIMITS.name, LIMITS.namespaces);
  const space = Math.ceil(module.heapBase() / 16) * 16;
  const source = space + Math.ceil(module.xmlMemory() / 16) * 16;
  const missing = source + bytes.length + 16 - module.memory.buffer.byteLength;
  if (missing > 0) module.memory.grow(Math.ceil(missing / 65_536));
  return best(() => {
    put(module, source, bytes);
    return timed(() => module.xmlScan(source, bytes.length, space));
  });
}

function converting(module, bytes) {
  const give = (given) => {
    const address = module.take(given.length);
    put(module, address, given);
    return address;
  };
  const config = Buffer.from(JSON.stringify(CONFIG));
  module.reset();
  if (module.configure(give(config), config.length) !== 1) throw new Error("the configuration is wrong");
  return best(() => {
    module.reset();
    const source = give(bytes);
    return timed(() => -module.answer(0, source, bytes.length, 200));
  });
}

const bytes = answer();
const show = (what, nanoseconds) =>
  console.log(
    `${what}: ${(nanoseconds / 1000).toFixed(0)} µs, ${((bytes.length / nanoseconds) * 1000).toFixed(0)} MB/s`,
  );
console.log(`an answer of ${bytes.length} bytes`);
show("scanned", scanning(await instantiate("filters/lib/probe.ts"), bytes));
show("converted", converting(await instantiate("filters/soap/assembly/probe.ts"), bytes));
