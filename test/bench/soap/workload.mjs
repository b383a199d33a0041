/*
 * One exchange: partners in JSON come in, partners in JSON go back, and a SOAP service is between. All numbers are texts
 * here, so that they have the same digits on both sides.
 */

export const NAMESPACE = "urn:bench:crm";
export const TYPES = "urn:bench:crm:types";
export const PATH = "/partners";
export const SERVICE_PATH = "/services/crm";
const ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/";

/** By the name of the set: partners in a body, and bytes of JSON that come of it. */
export const SIZES = { "2 KB": 5, "64 KB": 148 };

const CITIES = ["Zürich", "Genève", "Winterthur", "St. Gallen", "Bern"];
const RATINGS = ["gold", "silver", "bronze"];

/** A value of XML: an element with attributes and children, or a text; `number` and `boolean` have no quotes in JSON. */
function partner(index) {
  const number = 100_000 + index * 37;
  const address = (kind, offset) => ({
    "@kind": kind,
    street: `${(index * 7 + offset) % 200} Bahnhof & Markt Street`,
    city: CITIES[(index + offset) % CITIES.length],
    zip: raw(8000 + ((index * 13 + offset) % 999)),
    country: "CH",
  });
  return {
    "@id": raw(number),
    "@revision": `r${index % 9}`,
    name: `Partner ${number} Söhne AG`,
    remark: index % 4 === 0 ? null : "pays within thirty days, asks for paper invoices",
    rating: RATINGS[index % RATINGS.length],
    active: raw(index % 3 !== 0),
    balance: raw(`${index * 991}.${String(index % 100).padStart(2, "0")}`),
    since: `20${String(10 + (index % 15))}-0${1 + (index % 9)}-1${index % 10}`,
    address: [address("main", 0), address("invoice", 3)],
    contact: index % 2 === 0 ? { email: `office@partner-${number}.example` } : { phone: `+41 44 ${number}` },
  };
}

/** What JSON writes without quotes. */
function raw(value) {
  return { raw: String(value) };
}

function jsonOf(value) {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  if ("raw" in value) return value.raw;
  return `{${Object.entries(value)
    .map(([name, child]) => `${JSON.stringify(name)}:${jsonOf(child)}`)
    .join(",")}}`;
}

function xmlOf(name, value) {
  if (value === null) return `<t:${name} xsi:nil="true"/>`;
  if (Array.isArray(value)) return value.map((item) => xmlOf(name, item)).join("");
  if (typeof value === "string") return `<t:${name}>${escaped(value)}</t:${name}>`;
  if ("raw" in value) return `<t:${name}>${value.raw}</t:${name}>`;
  const entries = Object.entries(value);
  const attributes = entries
    .filter(([key]) => key.startsWith("@"))
    .map(([key, child]) => ` ${key.slice(1)}="${escaped(typeof child === "string" ? child : child.raw)}"`);
  const children = entries.filter(([key]) => !key.startsWith("@")).map(([key, child]) => xmlOf(key, child));
  return `<t:${name}${attributes.join("")}>${children.join("")}</t:${name}>`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/**
 * @param {number} count of partners
 * @returns {{ json: string, request: string, response: string }} the body of a client and of the answer to it, and what is
 *   between, in SOAP
 */
export function bodies(count) {
  const partners = Array.from({ length: count }, (_, index) => partner(index));
  const envelope = (name) =>
    `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="${ENVELOPE}"><e:Body><s:${name} xmlns:s="${NAMESPACE}" ` +
    `xmlns:t="${TYPES}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${xmlOf("partner", partners)}</s:${name}>` +
    "</e:Body></e:Envelope>";
  return {
    json: `{"partner":${jsonOf(partners)}}`,
    request: envelope("StorePartners"),
    response: envelope("StorePartnersResponse"),
  };
}

/** The bytes of one HTTP/1.1 request, latin1. */
export function requestText({ path, type, body, soapAction }) {
  const bytes = Buffer.from(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    "host: api.example.com",
    "user-agent: erp-connector/4.2",
    "accept: application/json",
    `content-type: ${type}`,
    ...(soapAction === undefined ? [] : [`soapaction: "${soapAction}"`]),
    `content-length: ${bytes.length}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${bytes.toString("latin1")}`;
}

export const SOAP_ACTION = `${NAMESPACE}:StorePartners`;

/** What `sluice` is compiled from, beside `crm.wsdl`; without the policy for the others. */
export function policyText({ soap }) {
  const policies = `policies:
  crm-as-rest:
    soap:
      wsdl: ./crm.wsdl
      operations: { StorePartners: { rest: POST ${PATH}, unwrap: false } }
      limits: { body: 1Mi, response: 1Mi }
`;
  return `apiVersion: sluice/v1
kind: Gateway
name: bench
listeners:
  sluice: { address: 127.0.0.1:10000 }
services:
  crm: { endpoints: [127.0.0.1:10001] }
${soap ? policies : ""}routes:
  - { name: partners, match: { path: ${PATH}/** }, to: crm${soap ? ", apply: [crm-as-rest]" : ""} }
`;
}
