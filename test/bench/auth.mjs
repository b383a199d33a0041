// Speed of what authentication is made of: `node --no-liftoff --no-wasm-tier-up test/bench/auth.mjs`. It prints the best of many rounds; nothing is
// measured in a test. Each figure includes the calls from JavaScript, about 20 ns each.

import { createHmac } from "node:crypto";
import { instantiate } from "./assembly.mjs";

const ROUNDS = 300;
const TURNS = 200;
const SHA_256 = 32;
const NOW = 1_700_000_000n;

const module = await instantiate("filters/lib/auth-probe.ts");
module.memory.grow(16);

let free = Math.ceil(module.heapBase() / 16) * 16;
function room(bytes) {
  const address = free;
  free += Math.ceil(bytes / 16) * 16 + 16;
  return address;
}

function put(text) {
  const bytes = Buffer.from(text);
  const address = room(bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, address);
  return [address, bytes.length];
}

/** The best round of many, for one turn. */
function show(what, action, turns = TURNS) {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < turns; turn++) action();
    shortest = Math.min(shortest, Number(process.hrtime.bigint() - start) / turns);
  }
  console.log(`${what}: ${(shortest / 1000).toFixed(2)} µs`);
}

function demand(isRight) {
  if (!isRight) throw new Error("what is measured is wrong");
}

const key = room(136);
const secret = "a secret of thirty-two bytes ...";
module.hmacKey(SHA_256, ...put(secret), key);

function tokenOf(claims) {
  const text = [{ alg: "HS256", kid: "2026-11", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const exp = Number(NOW) + 600;
const claims = { iss: "https://id.example.com/", sub: "user-4711", aud: ["orders"], iat: exp - 900, exp };
for (const more of [
  {},
  { scope: "orders:read orders:write", azp: "shop", realm_access: { roles: ["buyer", "admin"] } },
]) {
  const token = tokenOf({ ...claims, ...more });
  const [start, length] = put(token);
  const [record, read, space] = [room(64), room(64), room(module.jwsSpaceBytes(length))];
  const tape = () => new Uint32Array(module.memory.buffer)[(record + 40) >> 2];
  const whole = () => {
    demand(module.readJws(start, length, space, record) === 0);
    demand(module.jwsHmacMatches(record, key) === 1);
    demand(module.readJwsPayload(record) === 0);
    demand(module.readJwtClaims(tape(), read) === 0);
    demand(module.jwtTimesHold(read, NOW, 60n) === 0);
  };
  show(`a token of ${length} bytes with HS256, read, verified and its times looked at`, whole);
  show("  its header and signature read", () => module.readJws(start, length, space, record));
  show("  its signature verified", () => module.jwsHmacMatches(record, key));
  show("  its payload read", () => module.readJwsPayload(record));
}

const derived = room(32);
const [password, salt] = [put("correct horse battery staple"), put("a salt of 16 byt")];
show("PBKDF2 of 2,000 rounds", () => demand(module.pbkdf2(...password, ...salt, 2000, derived, 32) === 1), 1);

const input = put(
  'a=("@method" "@path" "@query" "content-digest");created=1700000000;keyid="partner";nonce="0123456789abcdef"',
);
const sent = put("a=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
const digest = put("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
const [signature, space] = [room(80), room(9000)];
const request = put(
  Buffer.from(Uint32Array.from([...put("POST"), ...put("https"), ...put("example.com"), ...put("/orders?x=1")]).buffer),
);
show("a signature over four components, read and verified", () => {
  demand(module.readHttpSignature(...input, ...sent, 0, 0, space, signature) === 0);
  module.arenaReset();
  module.beginSignatureBase(4096);
  for (let index = 0; index < 3; index++) demand(module.putDerived(signature, index, request[0]) === 1);
  demand(module.putField(signature, 3, ...digest) === 1);
  demand(module.endSignatureBase(signature) === 1);
  module.hmac(key, module.composedStart(), module.composedLength(), derived);
});
