import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { HostFault } from "./fault.js";

// The foreign function `verify_signature` (Envoy, source/extensions/common/wasm/foreign.cc and source/common/crypto/utility_impl.cc; seen on
// 1.40). Argument and result are Protobuf messages: VerifySignatureArguments and VerifySignatureResult of ext/verify_signature.proto.

const HASH_FUNCTIONS = new Set(["sha1", "sha224", "sha256", "sha384", "sha512"]);
/** Kinds of keys for which OpenSSL here and BoringSSL in Envoy were seen to agree. */
const CURVES = new Set(["secp224r1", "prime256v1", "secp384r1", "secp521r1"]);
const RSA_BITS = { least: 1024, most: 8192 } as const;

interface Request {
  hashFunction: string;
  der: Uint8Array;
  pem: string;
  signature: Uint8Array;
  text: Uint8Array;
}

/**
 * @returns the result as Envoy writes it; undefined for an argument that it calls bad
 * @throws HostFault for a key of a kind that was not compared with Envoy
 */
export function verifySignature(argument: Uint8Array): Uint8Array | undefined {
  const request = readRequest(argument);
  // One key, in one of two forms.
  if (request === undefined || (request.pem === "") === (request.der.length === 0)) return undefined;
  return resultOf(errorOf(request));
}

/** undefined if the signature is right. */
function errorOf({ hashFunction, der, pem, signature, text }: Request): string | undefined {
  const hash = hashFunction.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (!HASH_FUNCTIONS.has(hash)) return `${hashFunction} is not supported.`;
  const key = importKey(pem === "" ? der : bytesOfPem(pem));
  if (key === undefined || !takesDigests(key)) return "Failed to initialize digest verify.";
  return verify(hash, text, key, signature) ? undefined : "Failed to verify digest. Error code: 0";
}

function importKey(bytes: Uint8Array | undefined): KeyObject | undefined {
  if (bytes === undefined) return undefined;
  try {
    return createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

/** Whether a digest can be verified with a key of this kind; Ed25519 takes the whole text. */
function takesDigests({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  const bits = details?.modulusLength ?? 0;
  if (type === "rsa" && bits >= RSA_BITS.least && bits <= RSA_BITS.most) return true;
  if (type === "ec" && CURVES.has(details?.namedCurve ?? "")) return true;
  if (type === "ed25519") return false;
  throw new HostFault(`verify_signature with a key (${type}) of a kind that was not compared with Envoy`);
}

/** The first block that is called so; others are passed over. */
function bytesOfPem(pem: string): Uint8Array | undefined {
  const block = /-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----/.exec(pem)?.[1];
  return block === undefined ? undefined : Buffer.from(block, "base64");
}

/** undefined for bytes that are no such message. Of a field that comes twice the last holds; unknown ones are passed over. */
function readRequest(argument: Uint8Array): Request | undefined {
  const empty = new Uint8Array(0);
  const request: Request = { hashFunction: "", der: empty, pem: "", signature: empty, text: empty };
  const reader = new BinaryReader(argument);
  try {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (type === WireType.LengthDelimited) take(request, field, reader.bytes());
      else reader.skip(type, field);
    }
  } catch {
    return undefined;
  }
  return request;
}

/** @throws TypeError for a text that is not UTF-8 */
function take(request: Request, field: number, bytes: Uint8Array): void {
  const text = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  if (field === 1) request.hashFunction = text();
  if (field === 2) request.der = bytes;
  if (field === 3) request.signature = bytes;
  if (field === 4) request.text = bytes;
  if (field === 5) request.pem = text();
}

function resultOf(error: string | undefined): Uint8Array {
  const writer = new BinaryWriter();
  if (error === undefined) writer.tag(1, WireType.Varint).bool(true);
  else writer.tag(2, WireType.LengthDelimited).string(error);
  return writer.finish();
}
