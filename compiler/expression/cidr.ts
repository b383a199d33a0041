import { isIP } from "node:net";

/**
 * A block of addresses, as 16 bytes each: IPv4 as IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2). A block of IPv6 holds no
 * IPv4 address, however wide it is.
 */
export interface Block {
  /** The network address and prefix length, IPv6 after RFC 5952, such as `10.0.0.0/8`. */
  readonly text: string;
  readonly address: readonly number[];
  /** Bits of the 128 that an address must share. */
  readonly bits: number;
}

/** What is wrong with a block, and what it should be, if that is clear. */
export interface BlockProblem {
  readonly reason: string;
  readonly instead?: string;
  /** The block of that address alone, where it may be what was meant. */
  readonly single?: string;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/** Reads `10.0.0.0/8` or `2001:db8::/32`; bits beyond the prefix must be zero (RFC 4632, section 3.1). */
export function parseBlock(text: string): Block | BlockProblem {
  const [written = "", length, ...more] = text.split("/");
  const address = parseAddress(written);
  if (address === undefined || more.length > 0)
    return { reason: "it is an address and the length of a prefix, such as 10.0.0.0/8 or 2001:db8::/32" };
  const most = written.includes(":") ? 128 : 32;
  if (length === undefined)
    return { reason: "it has no prefix length", instead: printBlock(address, 128, most === 32) };
  const prefix = /^(0|[1-9][0-9]{0,2})$/.test(length) ? Number(length) : 129;
  if (prefix > most) return { reason: `its prefix length is a number up to ${most}` };
  const bits = prefix + 128 - most;
  const network = masked(address, bits);
  // What is left of ::ffff:0:0/96 after its prefix is IPv4, under either spelling.
  const isV4 = bits >= 96 && isMapped(network);
  const canonical = printBlock(network, bits, isV4);
  if (network.some((byte, index) => byte !== address[index]))
    return {
      reason: "it has bits beyond its prefix",
      instead: canonical,
      single: printBlock(address, 128, isMapped(address)),
    };
  return { text: canonical, address: network, bits };
}

/** Whether a text is an address in the block; undefined if it is no address. */
export function inBlock(text: string, { address, bits }: Block): boolean | undefined {
  const candidate = parseAddress(text);
  if (candidate === undefined) return undefined;
  if (isMapped(candidate) !== (bits >= 96 && isMapped(address))) return false;
  return masked(candidate, bits).every((byte, index) => byte === address[index]);
}

/** All IPv4 addresses as IPv6 has them. */
export const MAPPED_V4: Block = { text: "::ffff:0:0/96", address: [...MAPPED, 0, 0, 0, 0], bits: 96 };

/** A block of IPv4 as one of IPv6, `::ffff:a00:0/104` for 10.0.0.0/8; undefined of one that is of IPv6. */
export function mappedBlock({ address, bits }: Block): string | undefined {
  return bits >= MAPPED_V4.bits && isMapped(address) ? `${printV6(address)}/${bits}` : undefined;
}

/** Whether a block of IPv6 holds all of those as well, as Envoy reads it. */
export function holdsMapped({ address, bits }: Block): boolean {
  return bits < MAPPED_V4.bits && masked(MAPPED_V4.address, bits).every((byte, index) => byte === address[index]);
}

/** Whether every address of a block is in another one. */
export function liesIn(inner: Block, outer: Block): boolean {
  const [address] = inner.text.split("/");
  return inner.bits >= outer.bits && inBlock(address ?? "", outer) === true;
}

/** The 16 bytes of an address without a zone; IPv4 has four numbers without leading zeros. */
function parseAddress(text: string): number[] | undefined {
  switch (text.includes("%") ? 0 : isIP(text)) {
    case 4:
      return [...MAPPED, ...text.split(".").map(Number)];
    case 6:
      return parseV6(text);
    default:
      return undefined;
  }
}

/** An IPv6 address after RFC 5952, as inet_ntop writes it; undefined of what is none or ends in an IPv4 address there. */
export function spellingOf(text: string): string | undefined {
  const address = isIP(text) === 6 ? parseAddress(text) : undefined;
  if (address === undefined || isMapped(address)) return undefined;
  const holdsV4 = address.slice(0, 12).every((byte) => byte === 0) && (address[12] !== 0 || address[13] !== 0);
  return holdsV4 ? undefined : printV6(address);
}

function parseV6(text: string): number[] {
  // The last 32 bits may be written as IPv4: RFC 4291, section 2.2, form 3.
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    return [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":");
  });
  const [before = "", after] = hex.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const head = groups(before);
  const tail = after === undefined ? [] : groups(after);
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return [...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]);
}

function masked(address: readonly number[], bits: number): number[] {
  return address.map((byte, index) => {
    const kept = Math.min(Math.max(bits - 8 * index, 0), 8);
    return byte & (0xff00 >> kept) & 0xff;
  });
}

function isMapped(address: readonly number[]): boolean {
  return MAPPED.every((byte, index) => byte === address[index]);
}

function printBlock(address: readonly number[], bits: number, isV4: boolean): string {
  return isV4 ? `${address.slice(12).join(".")}/${bits - 96}` : `${printV6(address)}/${bits}`;
}

/** RFC 5952, section 4: the first longest run of two or more zero groups is `::`. */
function printV6(address: readonly number[]): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => (address[2 * index] ?? 0) * 256 + (address[2 * index + 1] ?? 0),
  );
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > longest.length) longest = { start, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (longest.length < 2) return hex(groups);
  return `${hex(groups.slice(0, longest.start))}::${hex(groups.slice(longest.start + longest.length))}`;
}
