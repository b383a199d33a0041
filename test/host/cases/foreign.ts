import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { ProbeCase } from "../support/case.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const p224 = generateKeyPairSync("ec", { namedCurve: "P-224" });

const ed25519 = generateKeyPairSync("ed25519");

const TEXT = Buffer.from("what was signed");
const FIELDS = { hash: 1, key: 2, signature: 3, text: 4, pem: 5, other: 9 } as const;
type Field = readonly [name: keyof typeof FIELDS, value: string | Uint8Array];

const derOf = (key: KeyObject) => key.export({ format: "der", type: "spki" });
const pemOf = (key: KeyObject) => key.export({ format: "pem", type: "spki" }).toString();

/** VerifySignatureArguments, fields as they are given, then what is no message. */
function message(fields: readonly Field[], behind: readonly number[] = []): Uint8Array {
  const writer = new BinaryWriter();
  for (const [name, value] of fields)
    writer.tag(FIELDS[name], WireType.LengthDelimited).bytes(typeof value === "string" ? Buffer.from(value) : value);
  return Buffer.concat([writer.finish(), Buffer.from(behind)]);
}

const escaped = (bytes: Uint8Array) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const verifying = (bytes: Uint8Array) => `request-headers foreign verify_signature ${escaped(bytes)}`;

function fieldsOf({ publicKey, privateKey }: typeof rsa, hash = "sha256"): Field[] {
  return [
    ["hash", hash],
    ["key", derOf(publicKey)],
    ["signature", sign(hash.toLowerCase(), TEXT, privateKey)],
    ["text", TEXT],
  ];
}

const but = (fields: readonly Field[], ...changed: Field[]): Field[] => [
  ...fields.filter(([name]) => changed.every(([other]) => name !== other)),
  ...changed,
];

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
}

const of = (fields: readonly Field[], name: Field[0]): Uint8Array => {
  const found = fields.find(([one]) => one === name)?.[1] ?? "";
  return typeof found === "string" ? Buffer.from(found) : found;
};

const zlib = deflateSync("some text");
const LONG = Array.from({ length: 120 }, (_, index) => `{"number":${index * index},"name":"n${index % 7}"}`).join(",");

const rsaFields = fieldsOf(rsa);
const ecFields = fieldsOf(p256);
const ieee = sign("sha256", TEXT, { key: p256.privateKey, dsaEncoding: "ieee-p1363" });
/** Answered by Envoy: the service behind it does not take headers of this length. */
const script = (calls: readonly string[]): ProbeCase => ({ script: calls.join(";"), target: "/direct" });

export const foreignCases: Readonly<Record<string, ProbeCase>> = {
  "signatures that are right": script([
    ...["sha256", "SHA256", "sha1", "sha224", "sha384", "sha512"].map((hash) =>
      verifying(message(fieldsOf(rsa, hash))),
    ),
    ...[small, p256, p384, p521, p224].map((pair) => verifying(message(fieldsOf(pair)))),
    verifying(message(fieldsOf(p384, "sha384"))),
  ]),
  "signatures that are wrong": script([
    verifying(message(but(rsaFields, ["text", "something else"]))),
    verifying(message(but(rsaFields, ["signature", flipped(of(rsaFields, "signature"))]))),
    verifying(message(but(rsaFields, ["signature", ""]))),
    verifying(message(but(rsaFields, ["signature", of(rsaFields, "signature").subarray(1)]))),
    verifying(message(but(rsaFields, ["hash", "sha512"]))),
    verifying(message(but(rsaFields, ["key", derOf(p256.publicKey)]))),
    verifying(message(but(ecFields, ["text", "something else"]))),
    verifying(message(but(ecFields, ["signature", ieee]))),
    verifying(message(but(ecFields, ["signature", Buffer.concat([of(ecFields, "signature"), Buffer.from([0])])]))),
    verifying(message(but(ecFields, ["key", derOf(p384.publicKey)]))),
    verifying(message(but(ecFields, ["signature", ""]))),
  ]),
  "hash functions that are not there": script(
    ["md5", "sha3-256", "", "SHA-256", "RSA-SHA256", "sha256 ", "s\u00e9"].map((hash) =>
      verifying(message(but(rsaFields, ["hash", hash]))),
    ),
  ),
  "keys as PEM": script(
    [
      pemOf(rsa.publicKey),
      `a line before\n${pemOf(rsa.publicKey)}and one behind\n`,
      pemOf(rsa.publicKey).replaceAll("\n", "\r\n"),
      `${pemOf(p256.publicKey)}${pemOf(rsa.publicKey)}`,
      pemOf(rsa.publicKey).replace("-----END", "-----END "),
      rsa.publicKey.export({ format: "pem", type: "pkcs1" }).toString(),
      rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      ed25519.publicKey.export({ format: "pem", type: "spki" }).toString(),
      "no key",
    ].map((pem) => verifying(message([...rsaFields.filter(([name]) => name !== "key"), ["pem", pem]]))),
  ),
  "arguments that are none": script([
    verifying(message([])),
    verifying(message(rsaFields.filter(([name]) => name !== "key"))),
    verifying(message([...rsaFields, ["pem", pemOf(rsa.publicKey)]])),
    verifying(message(but(rsaFields, ["key", "no key"]))),
    verifying(message(but(rsaFields, ["key", "no key"], ["hash", "md5"]))),
    verifying(message(but(rsaFields, ["key", derOf(rsa.publicKey).subarray(0, 100)]))),
    verifying(message(but(rsaFields, ["key", Buffer.concat([derOf(rsa.publicKey), Buffer.from([1, 2])])]))),
    verifying(message([...rsaFields, ["other", "unknown"]])),
    verifying(message([["text", "before"], ...rsaFields])),
    verifying(message(rsaFields, [0x08, 0x01])),
    verifying(message(rsaFields, [0x08])),
    verifying(message(rsaFields, [0x1a, 0x7f, 0x00])),
    verifying(message(rsaFields, [0x00, 0x00])),
    verifying(message(rsaFields, [0x0c])),
    verifying(message(but(rsaFields, ["hash", Buffer.from([0xff])]))),
    verifying(Buffer.from([0xff, 0xff])),
  ]),
  "bytes made smaller and back": script([
    "request-headers foreign-chain some%20text%20some%20text%20some%20text compress uncompress",
    `request-headers foreign-chain ${"a".repeat(2000)} compress compress uncompress uncompress`,
    "request-headers foreign-chain  compress uncompress",
    "request-headers foreign compress some%20text",
    "request-headers foreign compress ",
    "request-headers foreign uncompress ",
    "request-headers foreign uncompress no%20bytes%20of%20zlib",
    // Envoy's zlib finds other matches than Node's, so only what comes back is the same.
    `request-headers foreign-chain ${escaped(Buffer.from(LONG))} compress uncompress`,
    ...[
      zlib,
      zlib.subarray(0, -1),
      zlib.subarray(0, 1),
      zlib.subarray(2),
      Buffer.concat([zlib, zlib]),
      flipped(zlib),
    ].map((bytes) => `request-headers foreign uncompress ${escaped(bytes)}`),
    `request-headers foreign uncompress ${escaped(deflateSync("x", { dictionary: Buffer.from("xyz") }))}`,
    `request-headers foreign uncompress ${escaped(gzipSync("x"))}`,
  ]),
  "foreign functions without a result": script([
    "request-headers foreign nothing x",
    "request-headers foreign  x",
    "request-headers foreign toString x",
    "request-headers foreign clear_route_cache ",
    "request-headers foreign-unwanted compress x",
    "request-headers foreign-unwanted clear_route_cache ",
    `request-headers foreign-unwanted verify_signature ${escaped(message(rsaFields))}`,
    "request-headers foreign-unwanted verify_signature ",
    "tick foreign clear_route_cache ",
  ]),
};
