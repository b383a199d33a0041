import { bytesCompare } from "./bytes";
import { DerTag, derHeaderBytes, derIntegerBytes, writeDerHeader, writeDerInteger } from "./der";

// Signatures of ECDSA. JWS and HTTP signatures have r and s side by side (RFC 7518, section 3.4; RFC 9421, section 3.3.4), Envoy's `verify_signature` wants
// them in DER (RFC 3279, section 2.2.3).

/** The number is that of the bytes of a coordinate, and of r and s. */
export enum Curve {
  P256 = 32,
  P384 = 48,
}

/** The most bytes that `ecdsaToDer` writes. */
export const ECDSA_MOST_DER_BYTES: i32 = 104;

// The orders of the curves (SEC 2, sections 2.4.2 and 2.5.1).
const ORDER_P256: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
  0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
]);
const ORDER_P384: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0,
  0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
]);
/** Nothing is less than this. */
const ZERO: usize = memory.data(48, 8);

/**
 * Writes a signature in DER at `target`; returns the bytes of it. -1 for what is no signature: another length than that of the curve, or a number that is 0,
 * or not below the order (FIPS 186-5, section 6.4.2, step 1).
 */
export function ecdsaToDer(curve: Curve, signature: usize, length: i32, target: usize): i32 {
  const size = <i32>curve;
  if (length !== 2 * size) return -1;
  const order = curve === Curve.P256 ? ORDER_P256 : ORDER_P384;
  const s = signature + <usize>size;
  if (!isWithin(signature, order, size) || !isWithin(s, order, size)) return -1;
  const content = derIntegerBytes(signature, size) + derIntegerBytes(s, size);
  let cursor = writeDerHeader(target, DerTag.Sequence, content);
  cursor = writeDerInteger(cursor, signature, size);
  writeDerInteger(cursor, s, size);
  return derHeaderBytes(content) + content;
}

function isWithin(number: usize, order: usize, length: i32): bool {
  return bytesCompare(number, length, order, length) < 0 && bytesCompare(number, length, ZERO, length) > 0;
}
