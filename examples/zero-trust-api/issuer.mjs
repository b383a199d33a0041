// Stands in for an identity provider, to try the example with: makes a key once, publishes it in jwks.json, and prints a token.
//   node issuer.mjs '{"sub":"alice","scope":"orders:read"}'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const KEY = "issuer.key";
if (!existsSync(KEY)) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(KEY, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const { kty, n, e } = createPublicKey(privateKey).export({ format: "jwk" });
  writeFileSync(
    "jwks.json",
    `${JSON.stringify({ keys: [{ kid: "try", kty, alg: "RS256", use: "sig", n, e }] }, null, 2)}\n`,
  );
}
const now = Math.floor(Date.now() / 1000);
const claims = {
  iss: "https://id.shop.example/",
  aud: "shop-api",
  iat: now,
  exp: now + 600,
  ...JSON.parse(process.argv[2]),
};
const text = [{ alg: "RS256", typ: "JWT", kid: "try" }, claims]
  .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
  .join(".");
const signature = sign("sha256", Buffer.from(text), createPrivateKey(readFileSync(KEY)));
console.log(`${text}.${signature.toString("base64url")}`);
