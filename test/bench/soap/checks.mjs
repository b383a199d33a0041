import assert from "node:assert/strict";
import { request } from "node:http";
import { XMLParser } from "fast-xml-parser";
import { BUFFER } from "./variants.mjs";
import { PATH, requestText, SOAP_ACTION } from "./workload.mjs";

const parser = new XMLParser({ ignoreAttributes: false, removeNSPrefix: true, parseTagValue: false });

/** What a client of a variant sends. */
function callOf(name, bodies) {
  if (name === BUFFER)
    return { path: PATH, type: "text/xml; charset=utf-8", body: bodies.request, soapAction: SOAP_ACTION };
  return { path: PATH, type: "application/json", body: bodies.json };
}

export function requestsOf(name, bodies) {
  return [requestText(callOf(name, bodies))];
}

/**
 * Sends one request to a variant: the answer and what the service got must be what they are for all others. Digits may
 * differ (`0.00` is `0` for whoever parses numbers), as may prefixes.
 *
 * @param {{ port: number, bodies: ReturnType<import("./workload.mjs").bodies>, heard: () => Promise<string> }} setting
 * @throws AssertionError
 */
export async function checkVariant(name, { port, bodies, heard }) {
  const { status, type, text } = await ask(port, callOf(name, bodies));
  assert.equal(status, 200, `${name}: ${text.slice(0, 500)}`);
  if (name === BUFFER) assert.equal(text, bodies.response, name);
  else {
    assert.equal(type, "application/json", name);
    assert.deepEqual(JSON.parse(text), JSON.parse(bodies.json), name);
  }
  const [head = "", body = ""] = (await heard()).split("\r\n\r\n");
  assert.match(head, /\r\nsoapaction: "urn:bench:crm:StorePartners"/i, name);
  assert.match(head, /\r\ncontent-type: text\/xml; ?charset=utf-8/i, name);
  const asked = (xml) => normal(parser.parse(xml).Envelope.Body.StorePartners.partner);
  assert.deepEqual(asked(body), asked(bodies.request), name);
}

/** Without declarations, and with numbers as numbers. */
function normal(value) {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object") return /^[\d.]+$/.test(value) ? Number(value) : value;
  const entries = Object.entries(value).filter(([name]) => !name.startsWith("@_xmlns"));
  return Object.fromEntries(entries.map(([name, child]) => [name, normal(child)]));
}

function ask(port, { path, type, body, soapAction }) {
  const headers = {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    ...(soapAction === undefined ? {} : { soapaction: `"${soapAction}"` }),
  };
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, method: "POST", path, headers, agent: false }, async (answer) => {
      const parts = [];
      for await (const part of answer) parts.push(part);
      const { "content-type": got } = answer.headers;
      resolve({ status: answer.statusCode, type: got, text: Buffer.concat(parts).toString("utf8") });
    });
    call.on("error", reject);
    call.end(body);
  });
}
