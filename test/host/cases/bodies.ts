import type { ProbeCase } from "../support/case.js";

const post = { method: "POST", body: "request" } as const;
const trailing = {
  method: "POST",
  chunked: {
    body: "request",
    trailers: [
      ["x-t", "1"],
      ["X-U", "2"],
      ["x-t", "3"],
    ],
  },
} as const;
const looks = (callback: string, type: number): string =>
  ["body-status T", "body T 0 100", "body T 2 3", "body T 5 100", "body T 99 1", "body T 0 0"]
    .map((call) => `${callback} ${call.replace("T", String(type))}`)
    .join(";");

export const bodyCases: Readonly<Record<string, ProbeCase>> = {
  "a body as it comes": { ...post, script: looks("request-body", 0) },
  "a body outside of its callback": {
    ...post,
    script: `${looks("request-headers", 0)};${looks("response-headers", 0)};${looks("log", 0)}`,
  },
  "a body that is held": {
    ...post,
    script: `request-body.1 return 1;request-body.2 return 1;request-body.2 return 0;${looks("request-body", 0)}`,
  },
  "a body changed in its first part": {
    ...post,
    script:
      "request-body.1 set-body 0 0 7 changed!;request-body.1 body 0 0 100;request-headers remove 0 content-length",
  },
  "a body changed as a whole": {
    ...post,
    script:
      "request-headers remove 0 content-length;request-body.1 return 1;request-body.2 set-body 0 0 100 all%20new;request-body.2 return 0;request-body.2 body 0 0 100",
  },
  "a body begun and ended": {
    ...post,
    script: [
      "request-headers remove 0 content-length",
      "request-body.1 set-body 0 0 0 <",
      "request-body.1 set-body 0 100 0 >",
      "request-body.1 set-body 0 0 3 no",
      "request-body.1 set-body 0 2 1 no",
      "request-body.1 set-body 0 9 0 +",
      "request-body.1 body 0 0 100",
    ].join(";"),
  },
  "a body that is dropped": { ...post, script: "request-headers remove 0 content-length;request-body.1 return 3" },
  "a body under watermarks": { ...post, script: "request-body.1 return 2" },
  "a body never let go": { ...post, script: "request-body return 1;request-body.2 reply 403 denied details -1" },
  "headers held until the body": {
    ...post,
    listener: "held",
    script:
      "request-headers return 1;request-body.1 return 1;request-body.2 replace 0 x-late yes;request-body.2 get 0 x-late;request-body.2 return 0",
  },
  "headers held and not allowed": {
    ...post,
    script:
      "request-headers return 1;request-headers call callout  1000 | :method=GET :path=/ :authority=c;answer effective stream;answer replace 0 x-late yes;answer continue 0",
  },
  "headers changed after they went": {
    ...post,
    script: "request-body.1 replace 0 x-late yes;request-body.1 get 0 x-script;request-body.1 pairs 0",
  },
  "a body over the limit": {
    listener: "small",
    method: "POST",
    body: "b".repeat(5000),
    script: "request-body return 1;request-headers get 0 host",
  },
  "trailers of a request": {
    ...trailing,
    script:
      "request-headers get 1 x-t;request-body get 1 x-t;request-trailers pairs 1;request-trailers get 1 x-u;request-trailers size 1;request-trailers add 1 x-new 1;request-trailers replace 1 x-t 9;request-trailers pairs 1",
  },
  "trailers and a held body": {
    ...trailing,
    script: "request-body return 1;request-trailers body 0 0 100;request-trailers body-status 0",
  },
  "trailers that are held": {
    ...trailing,
    script:
      "request-trailers return 1;request-trailers call callout  1000 | :method=GET :path=/ :authority=c;answer effective stream;answer continue 0",
  },
  "trailers made by the module": {
    ...post,
    script: "request-headers remove 0 content-length;request-body.2 add 1 x-made yes;request-body.2 pairs 1",
  },
  "a body of an answer": { script: looks("response-body", 1) },
  "a body of an answer that is held": { script: `response-body.1 return 1;${looks("response-body", 1)}` },
  "a body of an answer changed": {
    script:
      "response-headers remove 2 content-length;response-body.1 return 1;response-body.2 set-body 1 0 100 changed;response-body.2 return 0",
  },
  "a body of an answer and headers held": {
    listener: "held",
    script:
      "response-headers return 1;response-body.1 return 1;response-body.2 replace 2 x-late yes;response-body.2 set-body 1 0 9 new;response-body.2 replace 2 content-length 3",
  },
  "a body of an answer over the limit": {
    listener: "small",
    service: { body: "b".repeat(5000) },
    script: "response-body return 1",
  },
  "trailers of an answer": {
    script: "response-trailers pairs 3;response-trailers add 3 x-new 1;log pairs 3;log get 3 x-t",
    service: { body: "up", trailers: [["x-t", "1"]] },
  },
  "a request that ends with its headers, with a body read": {
    script:
      "request-headers body 0 0 9;request-headers body-status 0;request-headers set-body 0 0 9 made;request-headers get 1 x-a",
  },
  "a request that ends with its headers, with a body and trailers written": {
    script:
      "request-headers set-body 0 0 0 made;request-headers add 1 x-t 1;request-headers pairs 1;request-headers size 1;request-headers replace 1 x-t 2",
  },
  "an answer that ends with its headers, with a body and trailers": {
    script:
      "response-headers body 1 0 9;response-headers body-status 1;response-headers set-body 1 0 9 made;response-headers add 3 x-t 1;response-headers pairs 3",
    service: { status: 204 },
  },
  "an answer to HEAD, with a body": {
    method: "HEAD",
    script: "response-headers body-status 1;response-headers set-body 1 0 9 made;response-headers add 3 x-t 1",
  },
  "trailers of an answer made by the module": {
    script:
      "response-headers remove 2 content-length;response-body.2 add 3 x-made yes;response-body.2 pairs 3;log pairs 3",
  },
};
