import { arenaTake } from "../lib/region";
import { varintBytes, writeVarint } from "../lib/varint";
import { proxy_call_foreign_function } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { Status } from "./status";

// What Envoy offers beside the ABI, by name; arguments and results are Protobuf messages.

// "verify_signature"
const VERIFY_SIGNATURE: usize = memory.data<u8>([
  0x76, 0x65, 0x72, 0x69, 0x66, 0x79, 0x5f, 0x73, 0x69, 0x67, 0x6e, 0x61, 0x74, 0x75, 0x72, 0x65,
]);
const VERIFY_SIGNATURE_LENGTH: i32 = 16;

/** The number is that of the bytes of a digest. */
export enum HashFunction {
  Sha256 = 32,
  Sha384 = 48,
  Sha512 = 64,
}

// "sha256", "sha384", "sha512"
const SHA256: usize = memory.data<u8>([0x73, 0x68, 0x61, 0x32, 0x35, 0x36]);
const SHA384: usize = memory.data<u8>([0x73, 0x68, 0x61, 0x33, 0x38, 0x34]);
const SHA512: usize = memory.data<u8>([0x73, 0x68, 0x61, 0x35, 0x31, 0x32]);
const NAME_LENGTH: i32 = 6;

// Fields of VerifySignatureArguments (source/extensions/common/wasm/ext/verify_signature.proto), each with its wire type for bytes.
const HASH_FUNCTION: u8 = 0x0a;
const PUBLIC_KEY: u8 = 0x12;
const SIGNATURE: u8 = 0x1a;
const CLEAR_TEXT: u8 = 0x22;

/** VerifySignatureResult with `result: true` and nothing else. */
const VERIFIED: u16 = 0x0108;

/**
 * Whether a signature is right. False also if the host does not have the function, or finds the key no key.
 *
 * @param key SubjectPublicKeyInfo in DER
 * @param signature PKCS#1 v1.5 of an RSA key, DER of an EC key
 */
export function verifySignature(
  hash: HashFunction,
  key: usize,
  keyLength: i32,
  signature: usize,
  signatureLength: i32,
  text: usize,
  textLength: i32,
): bool {
  const length = fieldBytes(NAME_LENGTH) + fieldBytes(keyLength) + fieldBytes(signatureLength) + fieldBytes(textLength);
  const argument = arenaTake(<usize>length);
  if (argument === 0) return false;
  let cursor = putField(argument, HASH_FUNCTION, nameOf(hash), NAME_LENGTH);
  cursor = putField(cursor, PUBLIC_KEY, key, keyLength);
  cursor = putField(cursor, SIGNATURE, signature, signatureLength);
  putField(cursor, CLEAR_TEXT, text, textLength);
  const status = proxy_call_foreign_function(
    VERIFY_SIGNATURE,
    VERIFY_SIGNATURE_LENGTH,
    argument,
    length,
    resultCell(0),
    resultCell(1),
  );
  return status === Status.Ok && resultNumber(1) === 2 && load<u16>(resultAddress(0)) === VERIFIED;
}

function nameOf(hash: HashFunction): usize {
  if (hash === HashFunction.Sha256) return SHA256;
  return hash === HashFunction.Sha384 ? SHA384 : SHA512;
}

function fieldBytes(length: i32): i32 {
  return 1 + varintBytes(<u32>length) + length;
}

/** Where the next field begins. */
function putField(target: usize, tag: u8, bytes: usize, length: i32): usize {
  store<u8>(target, tag);
  const start = writeVarint(target + 1, <u32>length);
  memory.copy(start, bytes, <usize>length);
  return start + <usize>length;
}
