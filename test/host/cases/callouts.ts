import type { ProbeCase } from "../support/case.js";

const CALL = "call callout ping 1000 | :method=POST :path=/check :authority=callout.test x-a=1";
const waits = `request-headers ${CALL};request-headers return 4`;
const looks = [
  "get 0 x-script",
  "property request/path",
  "pairs 6",
  "pairs 7",
  "size 6",
  "get 6 :status",
  "get 6 x-b",
  "get 6 x-absent",
  "body 4 0 100",
  "body-status 4",
  "add 6 x-c 1",
  "status",
].map((call) => `answer ${call}`);

export const calloutCases: Readonly<Record<string, ProbeCase>> = {
  "a call and its answer": {
    script: [
      waits,
      ...looks,
      "answer effective stream",
      "answer get 0 host",
      "answer property request/path",
      "answer get 6 x-b",
      "answer replace 0 x-checked yes",
      "answer continue 0",
      "answer get 0 host",
    ].join(";"),
    callout: {
      status: 202,
      headers: [
        ["x-b", "1"],
        ["X-B", "2"],
      ],
      body: "pong",
    },
  },
  "a call with trailers in its answer": {
    script: [waits, ...looks, "answer effective stream", "answer continue 0"].join(";"),
    callout: { body: "pong", trailers: [["x-t", "1"]] },
  },
  "a call and a local reply": {
    script: `${waits};answer reply 400 root root -1;answer effective stream;answer reply 403 denied details -1 x-a=1;response-headers pairs 2`,
    callout: {},
  },
  "a call of a request with a body": {
    method: "POST",
    body: "request",
    script: `${waits};answer effective stream;answer continue 0;request-body body 0 0 100`,
  },
  "a call of a request with a body and trailers": {
    method: "POST",
    chunked: { body: "request", trailers: [["x-t", "1"]] },
    script: `${waits};answer effective stream;answer continue 0;request-body body 0 0 100`,
  },
  "a call from the body": {
    method: "POST",
    body: "request",
    script: `request-body.2 ${CALL};request-body.1 return 1;request-body.2 return 1;answer effective stream;answer body 0 0 100;answer set-body 0 0 100 checked;answer continue 0;request-headers remove 0 content-length`,
  },
  "a call from the answer": {
    script: `response-headers ${CALL};response-headers return 4;answer effective stream;answer get 2 :status;answer add 2 x-checked yes;answer get 0 host;answer continue 1`,
  },
  "a call that is refused": {
    script:
      "request-headers call dead  1000 | :method=GET :path=/ :authority=d;request-headers return 4;answer pairs 6;answer body 4 0 100;answer status;answer effective stream;answer continue 0",
  },
  "a call that takes too long": {
    script:
      "request-headers call callout  50 | :method=GET :path=/ :authority=c;request-headers return 4;answer pairs 6;answer body 4 0 100;answer status;answer effective stream;answer continue 0",
    callout: "never",
  },
  "a call whose client left": {
    clientLeaves: "callout",
    callout: "never",
    script: `${waits};answer effective stream;answer get 0 host;answer property request/path;answer continue 0;answer reply 403 x y -1`,
  },
  "a call whose client leaves in the turn of its answer": {
    clientLeaves: "callout",
    inOneTurn: true,
    callout: "never",
    script: `${waits};answer effective stream;answer get 0 host;answer property request/path`,
  },
  "a request that is not over": {
    script: `${waits};answer effective stream;answer property request/duration;answer continue 0`,
  },
  ...Object.fromEntries(
    (["breaks before", "breaks", "hangs"] as const).map((ends): [string, ProbeCase] => [
      `a call whose answer ${ends}`,
      {
        script: [
          "request-headers call callout  50 | :method=GET :path=/ :authority=c",
          "request-headers return 4",
          ...looks,
          "answer effective stream",
          "answer continue 0",
          "answer status",
          "log status",
        ].join(";"),
        callout: { body: "po", ends },
      },
    ]),
  ),
  "a call after one that broke": { script: `${waits};answer status;answer effective stream;answer continue 0` },
  "a call from the answer's body": {
    script: `response-body.1 ${CALL};response-body return 1;answer effective stream;answer body 1 0 100;answer set-body 1 0 100 ok;answer continue 1`,
  },
  "a call from the answer's trailers": {
    script: `response-trailers ${CALL};response-trailers return 1;answer effective stream;answer get 3 x-t;answer add 3 x-u 2;answer continue 1`,
    service: { body: "up", trailers: [["x-t", "1"]] },
  },
  "a call nobody waits for": { callsLast: true, script: `log ${CALL};answer effective stream;answer status` },
  "a stream closed while a call is under way": {
    script: `${waits};answer effective stream;answer close 0;log property response/code_details`,
  },
  "calls that cannot be made": {
    script: [
      "call nobody  1000 | :method=GET :path=/ :authority=d",
      "call callout  1000 | :path=/ :authority=d",
      "call callout  1000 | :method=GET :authority=d",
      "call callout  1000 | :method=GET :path=/",
      "call callout  -1 | :method=GET :path=/ :authority=d",
    ]
      .map((call) => `request-headers ${call}`)
      .join(";"),
  },
  "one call after another": {
    script: `${waits};answer.1 ${CALL};answer.2 effective stream;answer.2 continue 0`,
  },
  "a stream continued twice": { script: `${waits};answer effective stream;answer continue 0;answer continue 0` },
};
