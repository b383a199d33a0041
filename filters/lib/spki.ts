import { bytesCompare } from "./bytes";
import { DerTag, derHeaderBytes, derIntegerBytes, writeDerHeader, writeDerInteger } from "./der";
import { Curve } from "./ecdsa";
import { JwkRefusal } from "./jwk-refusal";

// Public keys as SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) in DER, which is what Envoy's `verify_signature` takes.

export const RSA_LEAST_BITS: i32 = 2048;
export const RSA_MOST_BITS: i32 = 8192;
/** The most bytes of a key that is written here. */
export const SPKI_MOST_BYTES: i32 = RSA_MOST_BITS / 8 + 48;

// AlgorithmIdentifier rsaEncryption, with its NULL (RFC 3279, section 2.3.1).
const RSA_ENCRYPTION: usize = memory.data<u8>([
  0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
]);
const RSA_ENCRYPTION_BYTES: i32 = 15;

// All before the point, which is not compressed (RFC 5480, section 2.2).
const EC_P256: usize = memory.data<u8>([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
  0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
]);
const EC_P256_BYTES: i32 = 27;
const EC_P384: usize = memory.data<u8>([
  0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
  0x22, 0x03, 0x62, 0x00, 0x04,
]);
const EC_P384_BYTES: i32 = 24;

// The primes that the fields of the curves are made of (SEC 2).
const PRIME_P256: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
  0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
]);
const PRIME_P384: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00,
  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
]);

/**
 * Why a modulus and an exponent, the highest byte first, are no key that may be relied on. Numbers have no byte too many (RFC 7518, section 6.3.1), and the
 * exponent is one of those that Envoy's jwt_authn takes.
 */
export function refusalOfRsa(modulus: usize, modulusLength: i32, exponent: usize, exponentLength: i32): JwkRefusal {
  if (modulusLength < RSA_LEAST_BITS / 8 || modulusLength > RSA_MOST_BITS / 8) return JwkRefusal.Size;
  const highest = <u32>load<u8>(modulus);
  if (highest === 0 || (load<u8>(modulus + <usize>(modulusLength - 1)) & 1) === 0) return JwkRefusal.Modulus;
  if (8 * modulusLength - (<i32>clz(highest) - 24) < RSA_LEAST_BITS) return JwkRefusal.Size;
  if (!isCommonExponent(exponent, exponentLength)) return JwkRefusal.Exponent;
  return hasRocaMark(modulus, modulusLength) ? JwkRefusal.Weak : JwkRefusal.None;
}

function isCommonExponent(exponent: usize, length: i32): bool {
  if (length === 1) return load<u8>(exponent) === 3;
  return length === 3 && load<u16>(exponent) === 0x0001 && load<u8>(exponent, 2) === 1;
}

const ROCA_PRIMES: usize = memory.data<u8>([
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
]);
const ROCA_PRIME_COUNT: i32 = 38;

/** Whether the modulus is a power of 65537 modulo each of the small primes (Nemec and others, 2017, section 3.3). By chance, one in 2^27 is. */
function hasRocaMark(modulus: usize, length: i32): bool {
  for (let i = 0; i < ROCA_PRIME_COUNT; i++) {
    const prime = <u32>load<u8>(ROCA_PRIMES + <usize>i);
    if (!isPowerOf65537(remainder(modulus, length, prime), prime)) return false;
  }
  return true;
}

function remainder(number: usize, length: i32, divisor: u32): u32 {
  let rest: u32 = 0;
  for (let i = 0; i < length; i++) rest = ((rest << 8) | <u32>load<u8>(number + <usize>i)) % divisor;
  return rest;
}

function isPowerOf65537(value: u32, prime: u32): bool {
  let power: u32 = 1;
  // There are no more powers than numbers below the prime.
  for (let i: u32 = 1; i < prime; i++) {
    if (power === value) return true;
    power = (power * 65537) % prime;
  }
  return false;
}

/** Writes an RSA key at `target`; returns the bytes of it. The key has no weakness. */
export function writeRsaKey(
  modulus: usize,
  modulusLength: i32,
  exponent: usize,
  exponentLength: i32,
  target: usize,
): i32 {
  const numbers = derIntegerBytes(modulus, modulusLength) + derIntegerBytes(exponent, exponentLength);
  const key = derHeaderBytes(numbers) + numbers;
  const bits = derHeaderBytes(key + 1) + key + 1;
  const content = RSA_ENCRYPTION_BYTES + bits;
  let cursor = writeDerHeader(target, DerTag.Sequence, content);
  memory.copy(cursor, RSA_ENCRYPTION, RSA_ENCRYPTION_BYTES);
  cursor = writeDerHeader(cursor + <usize>RSA_ENCRYPTION_BYTES, DerTag.BitString, key + 1);
  // No bits of the last byte are unused.
  store<u8>(cursor, 0);
  cursor = writeDerHeader(cursor + 1, DerTag.Sequence, numbers);
  cursor = writeDerInteger(cursor, modulus, modulusLength);
  cursor = writeDerInteger(cursor, exponent, exponentLength);
  return <i32>(cursor - target);
}

/** Whether a coordinate of `curve` bytes is one of its field. That a point lies on the curve, is looked at by whoever takes the key. */
export function isCoordinate(curve: Curve, coordinate: usize): bool {
  const prime = curve === Curve.P256 ? PRIME_P256 : PRIME_P384;
  return bytesCompare(coordinate, curve, prime, curve) < 0;
}

/** Where the point of a key begins that `writeEcKey` writes at `target`: x and y, side by side. */
export function ecPoint(curve: Curve, target: usize): usize {
  return target + <usize>(curve === Curve.P256 ? EC_P256_BYTES : EC_P384_BYTES);
}

/** Writes an EC key at `target` around the point that is already where `ecPoint` says; returns the bytes of it. */
export function writeEcKey(curve: Curve, target: usize): i32 {
  if (curve === Curve.P256) memory.copy(target, EC_P256, EC_P256_BYTES);
  else memory.copy(target, EC_P384, EC_P384_BYTES);
  return <i32>(ecPoint(curve, target) - target) + 2 * <i32>curve;
}
