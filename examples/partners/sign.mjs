// Signs an order as a partner does (RFC 9421, RFC 9530), and sends it.
//   ACME_SECRET=... node sign.mjs http://127.0.0.1:8080/orders '{"hats":3}'
import { createHash, createHmac, randomUUID } from "node:crypto";

const [address, body] = process.argv.slice(2);
const { pathname, search } = new URL(address);
const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
const input = `("@method" "@path" "@query" "content-digest");created=${Math.floor(Date.now() / 1000)};keyid="acme-2026";nonce="${randomUUID()}"`;
const base = [
  '"@method": POST',
  `"@path": ${pathname}`,
  `"@query": ${search === "" ? "?" : search}`,
  `"content-digest": ${digest}`,
  `"@signature-params": ${input}`,
].join("\n");
const signature = createHmac("sha256", process.env.ACME_SECRET).update(base).digest("base64");
const response = await fetch(address, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "content-digest": digest,
    "signature-input": `sig=${input}`,
    signature: `sig=:${signature}:`,
  },
  body: process.env.TAMPER ?? body,
});
console.log(response.status, (await response.text()).trim());
