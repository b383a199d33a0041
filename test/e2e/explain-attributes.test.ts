import { afterAll, beforeAll, expect, test } from "vitest";
import { explainRequest } from "../../compiler/request/explain.js";
import { type Gateway, serve } from "./support/serve.js";

// Every attribute of a request, as explain reads it and as the guard reads it: the rule that fires tells the value.

const CONDITIONS = {
  query: 'request.query["q"] == "a b"',
  "query-empty": 'request.query["e"] == ""',
  "query-there": 'has(request.query["q"])',
  "query-other-there": 'has(request.query["absent"])',
  cookie: 'request.cookies["c"] == "1=2"',
  "cookie-there": 'has(request.cookies["c"])',
  "cookie-other-there": '"absent" in request.cookies',
  capture: 'route.params.id == "a/b"',
  "capture-there": "has(route.params.id)",
  size: "request.size > 10",
  "size-there": "has(request.size)",
  protocol: 'request.protocol == "HTTP/1.1"',
  "id-there": "has(request.id)",
  time: 'request.time > timestamp("2020-01-01T00:00:00Z")',
  address: 'cidr(source.ip, "127.0.0.0/8")',
  "port-there": "has(source.port)",
  host: 'request.host == "shop.test"',
  "host-there": "has(request.host)",
  header: 'request.headers["x-a"].lowerAscii() == "ab"',
  "header-there": 'has(request.headers["x-a"])',
  "header-like": 'request.headers["x-a"].matches("^[A-Z]b+$")',
};

const names = Object.keys(CONDITIONS);

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080, escapedSlashes: keep }
policies:
${Object.entries(CONDITIONS)
  .flatMap(([name, condition]) => [
    `  ${name}: { authorize: { rules: [{ name: it, allow: '${condition}' }] } }`,
    `  not-${name}: { authorize: { rules: [{ name: it, allow: '!(${condition})' }] } }`,
  ])
  .join("\n")}
routes:
${names
  .flatMap((name) => [name, `not-${name}`])
  .map((name) => `  - { name: ${name}, match: { path: "/${name}/{id}" }, respond: { status: 200 }, apply: [${name}] }`)
  .join("\n")}
`;

type Headers = [name: string, value: string][];

const requests: [end: string, headers: Headers][] = [
  ["7", []],
  ["a%2fb?q=a+b&e", [["x-a", "AB"]]],
  [
    "a%2Fb?q=a%20b&e=",
    [
      ["x-a", "Ab"],
      ["cookie", "b=1; c=1=2;d"],
    ],
  ],
  [
    "%ff?q=%ff&e=1",
    [
      ["cookie", "c=1=2"],
      ["cookie", "d=1"],
    ],
  ],
  ["%zz?q=%zz&e=&e=", [["cookie", "c=1; c=1=2"]]],
  ["x?%71=a+b", [["content-length", "11"]]],
  ["x?q=1&q=a+b", [["content-length", "9"]]],
  [
    "x?q",
    [
      ["x-a", "Ab"],
      ["x-a", "Ab"],
    ],
  ],
  ["x?Q=a+b", [["host", "shop.test:80"]]],
  ["x?&&q=a+b&=&", [["host", "shop.test.."]]],
  ["x", [["host", "shop.test,x"]]],
  ["x", [["host", ""]]],
  ["x", [["host", "x@shop.test"]]],
  ["x", [["host", "shop.test:x"]]],
  ["x", [["host", "shop%2etest"]]],
  ["x", [["host", "[shop.test]"]]],
  ["x", [["host", "SHOP.test."]]],
  ["x", [["content-length", "0"]]],
  ["x", [["transfer-encoding", "chunked"]]],
  ["x", [["x-a", ""]]],
  ["x", [["cookie", ""]]],
  ["x", [["cookie", "c"]]],
  ["x", [["cookie", "c="]]],
  [
    "x?%zz=1",
    [
      ["cookie", "a=1"],
      ["cookie", "b=1"],
    ],
  ],
  ["x?%ff=1&q=a+b", [["cookie", " c = 1=2"]]],
  ["x?a=%zz&q=a+b", [["cookie", "c= 1=2; d=1"]]],
  ["x?q=a%20b%23", [["cookie", "C=1=2;c=1=2 ;"]]],
  // A name that cannot be decoded, wherever it stands, may be any name.
  ["x?q=a+b&%zz", [["cookie", "c=1=2;d"]]],
  ["x?q=a+b&%c3=1", [["cookie", "c\t=1=2"]]],
  ["x?%c3%28&e=", [["cookie", "c=\t1=2"]]],
  ["x?q=a+b&%", [["cookie", "\tc=1=2\t; d = e"]]],
  ["x?q=a+b&%c3%a4=%zz", [["cookie", "c=1=2; c"]]],
  ["x?q=a+b&+%71=1&q%3d=1", [["cookie", "c; c=1=2"]]],
  ["x?q=a+b&%00=1", [["cookie", "c =1=2; c=1=2"]]],
  ["x?q=%c3", [["cookie", "=c; c=1=2; =1"]]],
  ["x?=q&q=a+b", [["cookie", "c= "]]],
  [
    "x?q=a%2bb",
    [
      ["cookie", "c=1=2"],
      ["cookie", "c=1=2"],
    ],
  ],
  [
    "x?e&q=a%20b",
    [
      ["cookie", ""],
      ["cookie", "c=1=2"],
    ],
  ],
];

let gateway: Gateway;
beforeAll(async () => {
  gateway = await serve(POLICY);
});
afterAll(() => gateway?.stop());

test.each(names.flatMap((name) => [name, `not-${name}`]))("explain and the guard agree on %s", async (name) => {
  const [listener] = gateway.plan.listeners;
  if (listener === undefined) throw new Error("there is no listener");
  for (const [end, given] of requests) {
    const target = `/${name}/${end}`;
    const sent: Headers = given.some(([header]) => header === "host") ? given : [["host", "shop.test"], ...given];
    const length = Number(given.find(([header]) => header === "content-length")?.[1] ?? 0);
    const isChunked = given.some(([header]) => header === "transfer-encoding");
    const { reply, decision } = await gateway.judged(() =>
      gateway.raw({ target, headers: sent, body: isChunked ? "0\r\n\r\n" : "x".repeat(length) }),
    );
    const explained = explainRequest(
      gateway.plan,
      listener,
      {
        method: "GET",
        target,
        host: sent.find(([header]) => header === "host")?.[1] ?? "",
        headers: sent.filter(([header]) => header !== "host"),
        source: "127.0.0.1",
        time: Date.now(),
      },
      { variables: {}, assumed: undefined },
    );
    const asked = [target, given];
    expect([...asked, explained.answer.status, explained.routed?.decision]).toEqual([
      ...asked,
      reply.status,
      decision.decision,
    ]);
  }
});
