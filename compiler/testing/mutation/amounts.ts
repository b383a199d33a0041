import { parseBlock } from "../../expression/cidr.js";

/** A rate in three parts: count, period, and what may come at once. */
const RATE = /^([0-9]+)( *\/ *(second|minute|hour|day)| +per +([0-9]+)([smhd]))(?:( +burst +)([0-9]+))?$/;

const SHORTER = { minute: "second", hour: "minute", day: "hour" } as const;

/** `5/minute` as `10/minute`; undefined if it is no rate. */
export function doubledRate(rate: string): string | undefined {
  const [, count, period] = RATE.exec(rate) ?? [];
  return count === undefined || period === undefined ? undefined : `${Number(count) * 2}${rate.slice(count.length)}`;
}

/** A burst that is written, with one call more. */
export function raisedBurst(rate: string): string | undefined {
  const burst = RATE.exec(rate)?.[7];
  return burst === undefined ? undefined : `${rate.slice(0, -burst.length)}${Number(burst) + 1}`;
}

/** The same count in the next shorter period, in two seconds instead of one, or in twice a length of its own. */
export function otherWindow(rate: string): string | undefined {
  const [, count = "", period = "", unit, length, lengthUnit, burstWord = "", burst = ""] = RATE.exec(rate) ?? [];
  if (period === "") return undefined;
  const rest = `${burstWord}${burst}`;
  if (unit === "minute" || unit === "hour" || unit === "day") return `${count}/${SHORTER[unit]}${rest}`;
  return `${count} per ${length === undefined ? "2s" : `${Number(length) * 2}${lengthUnit}`}${rest}`;
}

/** `10s` as `20s`; undefined if it is no duration. */
export function doubledDuration(duration: string): string | undefined {
  const [, count, unit] = /^([0-9]+)(ms|s|m|h|d)$/.exec(duration) ?? [];
  return count === undefined || unit === undefined ? undefined : `${Number(count) * 2}${unit}`;
}

/** `64Ki` as `128Ki`; undefined if it is no size with a unit. */
export function doubledSize(size: string): string | undefined {
  const [, count, unit] = /^([0-9]+)(Ki|Mi)$/.exec(size) ?? [];
  return count === undefined || unit === undefined ? undefined : `${Number(count) * 2}${unit}`;
}

/** A path that takes more: `/a` with all below it, `/a/*` at any depth, `/a/b/**` as `/a/**`. */
export function widerPath(path: string): string | undefined {
  if (path.startsWith("~")) return `${path}.*`;
  if (path === "/**") return undefined;
  if (path.endsWith("/**")) return path.replace(/[^/]+\/\*\*$/, "**");
  if (path.endsWith("/*")) return `${path}*`;
  return path.endsWith("/") ? `${path}**` : `${path}/**`;
}

/** A name with everything beside it: `api.example.com` as `*.example.com`. */
export function widerHost(host: string): string | undefined {
  const [, wildcard = "", rest = ""] = /^(\*\.)?(.*)$/.exec(host) ?? [];
  const parent = rest.split(".").slice(1).join(".");
  return parent === "" || (wildcard === "" && !rest.includes(".")) ? undefined : `*.${parent}`;
}

/** An origin with the names beside it, as far as a domain of its own is left. */
export function widerOrigin(origin: string): string | undefined {
  const [, scheme, host, port = ""] = /^([a-z][a-z0-9+.-]*:\/\/)([^:]+)(:[0-9]+)?$/.exec(origin) ?? [];
  const wider = host === undefined ? undefined : widerHost(host);
  return wider === undefined || !wider.slice(2).includes(".") ? undefined : `${scheme}${wider}${port}`;
}

/** Twice as many addresses: the block beside it too. */
export function widerBlock(block: string): string | undefined {
  const [address = "", length = "0"] = block.split("/");
  if (Number(length) === 0) return undefined;
  const read = parseBlock(`${address}/${Number(length) - 1}`);
  return "reason" in read ? read.instead : read.text;
}
