/*
 * What many put in front of a SOAP service: a small HTTP server that translates, with the parser and the builder that
 * most use. A process of its own.
 *
 * in:  { upstreamPort }
 * out: { port }
 */
import { Agent, createServer, request } from "node:http";
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { NAMESPACE, SERVICE_PATH, SOAP_ACTION, TYPES } from "./workload.mjs";

const options = { ignoreAttributes: false, attributeNamePrefix: "@" };
const builder = new XMLBuilder({ ...options, suppressBooleanAttributes: false });
const parser = new XMLParser({
  ...options,
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => name === "partner" || name === "address",
});
const agent = new Agent({ keepAlive: true });

/** JSON of clients -> SOAP. */
function envelopeOf(text) {
  const partners = JSON.parse(text).partner.map((partner) => {
    const { address, contact, ...rest } = partner;
    return { ...prefixed(rest), "t:address": address.map(prefixed), "t:contact": prefixed(contact) };
  });
  const body = { "@xmlns:s": NAMESPACE, "@xmlns:t": TYPES, "t:partner": partners };
  return builder.build({
    "e:Envelope": {
      "@xmlns:e": "http://schemas.xmlsoap.org/soap/envelope/",
      "@xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
      "e:Body": { "s:StorePartners": body },
    },
  });
}

function prefixed(value) {
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [
      name.startsWith("@") ? name : `t:${name}`,
      child === null ? { "@xsi:nil": "true" } : child,
    ]),
  );
}

/** SOAP -> JSON, with the types of the schema. */
function jsonOf(xml) {
  const partners = parser.parse(xml).Envelope.Body.StorePartnersResponse.partner ?? [];
  return JSON.stringify({
    partner: partners.map((partner) => ({
      ...partner,
      "@id": Number(partner["@id"]),
      remark: typeof partner.remark === "object" ? null : partner.remark,
      active: partner.active === "true",
      balance: Number(partner.balance),
      address: partner.address.map((address) => ({ ...address, zip: Number(address.zip) })),
    })),
  });
}

function ask(port, body) {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "text/xml; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      soapaction: `"${SOAP_ACTION}"`,
    };
    const call = request({ host: "127.0.0.1", port, path: SERVICE_PATH, method: "POST", headers, agent }, (answer) => {
      text(answer).then(resolve, reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

async function text(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

process.on("message", ({ upstreamPort }) => {
  const server = createServer({ keepAliveTimeout: 0 }, async (incoming, outgoing) => {
    try {
      const body = jsonOf(await ask(upstreamPort, envelopeOf(await text(incoming))));
      const head = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      outgoing.writeHead(200, head).end(body);
    } catch {
      outgoing.writeHead(502).end();
    }
  });
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
});
process.on("disconnect", () => process.exit(0));
