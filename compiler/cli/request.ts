import { isIP } from "node:net";
import type { ClientRequest } from "../request/request.js";
import { UsageError } from "./exit.js";

export const REQUEST_EXAMPLE = "sluice explain --request 'GET /orders/7 x-api-key:KEY host:api.example.com'";

/** What stands beside the text of a request. */
export interface RequestSettings {
  /** More headers, each `name: value`. */
  header?: readonly string[];
  /** Address of the client's connection. Default 127.0.0.1. */
  source?: string;
  /** Milliseconds since 1970. */
  time: number;
}

const METHOD = /^[A-Za-z][A-Za-z_-]*$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** A value runs to the next word that begins with a name and a colon. */
const NEXT_HEADER = /\s+(?=[A-Za-z0-9!#$%&'*+.^_`|~-]+:)/;

/**
 * Reads `GET /orders/7 x-api-key:KEY host:api.example.com`. The method may be left out (GET), the path may be a URL, whose
 * host then is the host of the request.
 *
 * @throws UsageError that shows nothing of a value: it may be a key
 */
export function parseRequest(
  text: string,
  { header = [], source = "127.0.0.1", time }: RequestSettings,
): ClientRequest {
  if (isIP(source) === 0) throw new UsageError("--source needs an IP address, such as 10.1.2.3");
  const { method, address, rest } = divide(text.trim());
  const url = /^https?:\/\/([^/?#]*)(.*)$/is.exec(address);
  const [, urlHost, afterHost = ""] = url ?? [];
  const target = url === null ? address : /^[?#]/.test(afterHost) || afterHost === "" ? `/${afterHost}` : afterHost;
  const lines = [...(rest === "" ? [] : rest.split(NEXT_HEADER)), ...header].map(headerLine);
  const hosts = lines.filter(([name]) => name === "host").map(([, value]) => value);
  if (hosts.length > 0 && urlHost !== undefined) throw misread("has a URL and a host; one of them is enough");
  // Envoy joins two Host lines with a comma.
  const host = urlHost?.replace(/^.*@/, "") ?? (hosts.length === 0 ? "localhost" : hosts.join(","));
  return { method, target, host, headers: lines.filter(([name]) => name !== "host"), source, time };
}

function divide(text: string): { method: string; address: string; rest: string } {
  const [first = "", ...others] = text.split(/\s+/);
  if (isAddress(first)) return { method: "GET", address: first, rest: text.slice(first.length).trim() };
  const [address = ""] = others;
  if (!METHOD.test(first)) throw misread("begins with neither a method nor a path");
  if (!isAddress(address)) throw misread("has no path after the method: it starts with `/`, or is a URL");
  const rest = text.slice(first.length).trim().slice(address.length).trim();
  return { method: first, address, rest };
}

function isAddress(word: string): boolean {
  return word.startsWith("/") || word === "*" || /^https?:\/\/[^/?#]/i.test(word);
}

function headerLine(line: string, index: number): [name: string, value: string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0)).trim();
  if (colon < 0) throw misread(`has no colon in header ${index + 1}: write name:value`);
  if (!HEADER_NAME.test(name)) throw misread(`has a header ${index + 1} whose name is none (RFC 9110, section 5.1)`);
  const value = line.slice(colon + 1).trim();
  if (/[\0\r\n]/.test(value)) throw misread(`has a line break or NUL in the value of ${name.toLowerCase()}`);
  return [name.toLowerCase(), value];
}

function misread(what: string): UsageError {
  return new UsageError(`the request ${what}\nexample: ${REQUEST_EXAMPLE}`);
}
