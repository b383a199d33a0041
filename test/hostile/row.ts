/** A policy file that somebody could hand in. What `sluice` says of it stands in `findings/`. */
export interface Row {
  name: string;
  policy: string | Uint8Array | (() => string | Uint8Array);
  /** Puts files beside it. */
  beside?: (folder: string) => void;
}

/** A good policy with a value of every sort, to be spoilt. */
export const GOOD = `apiVersion: sluice/v1
kind: Gateway
name: shop
description: a shop
listeners:
  public: { address: 127.0.0.1:8080, trustedHops: 1 }
services:
  orders: { endpoints: [127.0.0.1:9001], connectTimeout: 5s }
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  keys: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  access: { authorize: { rules: [{ name: readers, allow: 'request.method == "GET"' }] } }
  limit: { rateLimit: { key: [source.ip], rate: 10/minute } }
routes:
  - name: orders
    match: { host: api.example.com, path: /orders/**, methods: [GET], headers: { x-version: "2" } }
    to: orders
    timeout: 2s
    apply: [keys, access, limit]
  - name: hello
    match: { path: /hello }
    respond: { status: 200, body: hello, headers: { x-from: sluice } }
  - name: old
    match: { path: /old }
    redirect: { path: /new }
`;

/** The good policy with one part written otherwise; each pair is a part and what stands there instead. */
export function spoilt(...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`${from} does not stand once in the policy`);
    return text.replace(from, () => to);
  }, GOOD);
}
