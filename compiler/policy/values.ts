import { isIP, isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import type { KeyReference } from "../plan/credentials.js";

/** A name that ends up in Envoy names, metrics and decisions: lower-case letters, digits and dashes. */
export const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const name = z
  .string()
  .regex(NAME, "a name has 1 to 63 lower-case letters, digits and dashes, and starts and ends with a letter or digit");

/** What stands in headers, and in lists joined by commas: visible ASCII without comma. */
export const identity = z.string().regex(/^[!-+\--~]{1,256}$/);

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Envoy takes no duration beyond some 290 years, and nobody means one beyond this. */
const LONGEST_DURATION_MS = 365 * MILLISECONDS.d;

/** `250ms`, `10s`, `5m`, `24h`, `1d` as milliseconds; at most 365 days. */
export const duration = z
  .string()
  .regex(/^[0-9]{1,9}(ms|s|m|h|d)$/, "a duration is a whole number with a unit: 250ms, 10s, 5m, 24h")
  .transform((text) => {
    const unit = text.endsWith("ms") ? "ms" : text.slice(-1);
    const factor =
      unit === "ms" || unit === "s" || unit === "m" || unit === "h" || unit === "d" ? MILLISECONDS[unit] : 1;
    return Number.parseInt(text, 10) * factor;
  })
  .refine((milliseconds) => milliseconds <= LONGEST_DURATION_MS, "a duration is at most 365d")
  .meta({ examples: ["250ms", "10s", "5m", "24h"] });

/** Milliseconds as a duration of the language, in the largest unit that is whole. */
export function durationText(milliseconds: number): string {
  const units = Object.entries(MILLISECONDS).toReversed();
  const [unit, factor] = units.find(([, one]) => milliseconds % one === 0) ?? ["ms", 1];
  return `${milliseconds / factor}${unit}`;
}

/** A duration that something is waited for: with 0, Envoy would wait for ever, or not at all. */
export const positiveDuration = duration.refine((milliseconds) => milliseconds > 0, "a time of 0 is no time");

/** One that is counted in seconds. */
export const wholeSeconds = positiveDuration.refine(
  (milliseconds) => milliseconds % 1_000 === 0,
  "a time in whole seconds, such as 10s",
);

/** `20%` as 20: whole percents, 0 to 100. */
export const percent = z
  .string()
  .regex(/^(100|[1-9]?[0-9])%$/, "a whole percentage from 0% to 100%, such as 20%")
  .transform((text) => Number.parseInt(text, 10));

/** `0.5%` as 5000: shares of a million, to four decimal places of a percent. */
export const fraction = z
  .string()
  .regex(/^(100(\.0{1,4})?|[1-9]?[0-9](\.[0-9]{1,4})?)%$/, "a percentage from 0% to 100%, such as 5% or 0.25%")
  .transform((text) => {
    const [whole = "", decimals = ""] = text.slice(0, -1).split(".");
    return Number(whole) * 10_000 + Number(decimals.padEnd(4, "0"));
  });

/** Shares of a million as a percentage of the language. */
export function fractionText(millionths: number): string {
  return `${millionths / 10_000}%`;
}

const BYTES = { "": 1, Ki: 1_024, Mi: 1_048_576 } as const;

/** `64Ki`, `1Mi`, or a number of bytes. */
export const size = z
  .union([
    z.string().regex(/^[1-9][0-9]{0,8}(Ki|Mi)$/, "a size is a number of bytes, or a number with a unit: 64Ki, 1Mi"),
    z.int().min(1),
  ])
  .transform((written) => {
    if (typeof written === "number") return written;
    return Number.parseInt(written, 10) * BYTES[written.endsWith("Ki") ? "Ki" : "Mi"];
  })
  .meta({ examples: ["64Ki", "1Mi"] });

/** Bytes as a size of the language, in the largest unit that is whole. */
export function sizeText(bytes: number): string {
  const unit = (["Mi", "Ki"] as const).find((one) => bytes % BYTES[one] === 0) ?? "";
  return `${bytes / BYTES[unit]}${unit}`;
}

export interface Endpoint {
  host: string;
  port: number;
}

const HOST_PORT = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?):([0-9]{1,5})$/;

/** `127.0.0.1:8080`, `[::1]:8080`, `api.example.com:443`; the brackets of an IPv6 address are dropped. */
export const hostPort = z
  .string()
  .refine(
    (text) => {
      const match = HOST_PORT.exec(text);
      return match !== null && Number(match[3]) <= 65_535;
    },
    { message: "an address is host:port, such as 127.0.0.1:8080 or [::1]:8080", abort: true },
  )
  .refine(
    (text) => !isBrokenIpAddress(text.slice(0, text.lastIndexOf(":"))),
    "the host is not an IP address: four numbers up to 255 without leading zeros, or an IPv6 address in brackets",
  )
  .refine(
    (text) => !isMappedAddress(text.slice(0, text.lastIndexOf(":"))),
    "this is an IPv4 address in the spelling of IPv6, on which Envoy neither listens nor connects; write it as 127.0.0.1",
  )
  .meta({ pattern: HOST_PORT.source })
  .transform((text): Endpoint => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
  });

/** The address of a service. Port 0 lets the system choose one to listen on, but leads nowhere. */
export const serviceAddress = hostPort.refine(({ port }) => port > 0, "the port of a service is 1 to 65535");

/** A host that ends in a number can only be meant as an IPv4 address (WHATWG URL, section 3.5). */
function isBrokenIpAddress(host: string): boolean {
  if (host.startsWith("[")) return !isIPv6(host.slice(1, -1));
  return /(^|\.)[0-9]+$/.test(host) && !isIPv4(host);
}

/** RFC 4291, section 2.5.5.2. */
function isMappedAddress(host: string): boolean {
  const address = host.slice(1, -1);
  return isIPv6(address) && /^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(canonicalHost(address));
}

export function isIpAddress(host: string): boolean {
  return isIP(host) !== 0;
}

/** One spelling of each address (RFC 5952); a name in lower case. */
export function canonicalHost(host: string): string {
  return isIPv6(host) ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host.toLowerCase();
}

/** The address that takes connections to every address of the machine, of IPv4 too. */
export function isAnyAddress(host: string): boolean {
  return canonicalHost(host) === "::";
}

/**
 * Header names as the modules read them: those of the tokens of RFC 9110 section 5.6.2 that are in use. Letters, digits,
 * `-`, `_` and `.`, at most 64.
 */
export const HEADER_NAME = /^[a-z0-9._-]{1,64}$/;

/** Lower case, as HTTP/2 sends them: then two spellings of one name cannot stand side by side unseen. */
export const headerName = z
  .string()
  .regex(HEADER_NAME, "a header name is written in lower case: up to 64 letters, digits, `-`, `_` and `.`");

/** A header value that we write: visible ASCII and inner spaces, and never an Envoy substitution (`%`). */
export const headerValue = z
  .string()
  .max(4096)
  .regex(
    /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/,
    "a header value has visible ASCII characters and inner spaces only",
  );

export const HTTP_METHOD = /^[A-Z]([A-Z_-]{0,30}[A-Z])?$/;

export const httpMethod = z.string().regex(HTTP_METHOD, "a method is written in capital letters, such as GET");

/** Marks an issue of the schema whose value may be a secret. */
export const LITERAL_SECRET = { literalSecret: true } as const;

/** The same of a private key, which is a file and never in the environment. */
export const LITERAL_PRIVATE_KEY = { ...LITERAL_SECRET, privateKey: true } as const;

const API_KEY_REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]{0,127}|sha256:[0-9a-fA-F]{64})$/;

/** `env:NAME` or `sha256:<64 hexadecimal digits>`. A literal secret never passes. */
export const apiKeyReference = z
  .string()
  .refine((text) => API_KEY_REFERENCE.test(text), { params: LITERAL_SECRET })
  .meta({ pattern: API_KEY_REFERENCE.source })
  .transform(
    (text): KeyReference =>
      text.startsWith("env:")
        ? { from: "environment", variable: text.slice(4) }
        : { from: "digest", sha256: text.slice(7).toLowerCase() },
  );

/** Marks an issue of the schema whose value may be a secret, which only the environment can hold. */
export const LITERAL_PASSWORD = { ...LITERAL_SECRET, password: true } as const;

/** The same of a secret that issuers of tokens share with the gateway. */
export const LITERAL_TOKEN_KEY = { ...LITERAL_SECRET, tokenKey: true } as const;
/** Marks an issue of the schema whose value may be a password, of which the file has a verifier. */
export const LITERAL_VERIFIER = { ...LITERAL_SECRET, verifier: true } as const;

const ENVIRONMENT_REFERENCE = /^env:[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** `env:NAME`: the name of the variable. */
export const environmentReference = z
  .string()
  .refine((text) => ENVIRONMENT_REFERENCE.test(text), { params: LITERAL_PASSWORD })
  .meta({ pattern: ENVIRONMENT_REFERENCE.source, examples: ["env:SERVICE_PASSWORD"] })
  .transform((text) => text.slice("env:".length));

/** The same of a secret that signs tokens. */
export const tokenKeyReference = z
  .string()
  .refine((text) => ENVIRONMENT_REFERENCE.test(text), { params: LITERAL_TOKEN_KEY })
  .meta({ pattern: ENVIRONMENT_REFERENCE.source, examples: ["env:TOKEN_SECRET"] })
  .transform((text) => text.slice("env:".length));

/** A value alone or a list of them. */
export function oneOrMore<T extends z.ZodType>(item: T) {
  return z.union([item.transform((value) => [value]), z.array(item).min(1)]);
}

/** For the JSON Schema of a mapping. What is wrong is told by the checks, which see which keys are there. */
export function exactlyOneOf(...keys: string[]) {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}
