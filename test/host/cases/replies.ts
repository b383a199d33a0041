import type { ProbeCase } from "../support/case.js";

const grpc: readonly (readonly [string, string])[] = [["content-type", "application/grpc"]];
const sees =
  "response-headers pairs 2;response-headers property response/code;response-headers property response/code_details;log property response/code_details;log property response/code";

export const replyCases: Readonly<Record<string, ProbeCase>> = {
  "a local reply": {
    script: `request-headers reply 403 denied the%20details -1 x-a=1 X-B=2 x-a=3;request-headers return 4;${sees};response-body body 1 0 100`,
  },
  "a local reply and Continue": {
    script: `request-headers reply 403 denied details -1;request-headers return 0;${sees}`,
  },
  "a local reply without a body": { script: `request-headers reply 401  details -1 www-authenticate=Basic;${sees}` },
  "a local reply without details": { script: `request-headers reply 403 body  -1;${sees}` },
  "a local reply to HEAD": { script: `request-headers reply 403 denied details -1 x-a=1;${sees}`, method: "HEAD" },
  "a local reply with a type and a length": {
    script: `request-headers reply 403 {} details -1 content-type=application/json content-length=77;${sees}`,
  },
  "a local reply of other headers": {
    script: `request-headers reply 403 x details -1 :status=500 set-cookie=a set-cookie=b location=1 location=2 content-type=a content-type=b;${sees}`,
  },
  "a local reply of 204 with a body": { script: `request-headers reply 204 body details -1;${sees}` },
  "a local reply of 200": { script: `request-headers reply 200 body details -1;${sees}` },
  "a local reply to gRPC": {
    script: `request-headers reply 403 not%20%e9%25allowed details -1 x-a=1;${sees}`,
    headers: grpc,
    method: "POST",
  },
  "a local reply to gRPC with a status": {
    script: `request-headers reply 403  details 7;${sees}`,
    headers: grpc,
    method: "POST",
  },
  "a local reply to gRPC with status 0": {
    script: `request-headers reply 403  details 0;${sees}`,
    headers: grpc,
    method: "POST",
  },
  "a local reply to gRPC of 401": {
    script: `request-headers reply 401  details -1;${sees}`,
    headers: grpc,
    method: "POST",
  },
  "a local reply to gRPC of 429": {
    script: `request-headers reply 429  details -1;${sees}`,
    headers: grpc,
    method: "POST",
  },
  "a local reply with a gRPC status to others": { script: `request-headers reply 403 x details 7;${sees}` },
  "two local replies": {
    script: `request-headers reply 403 first one -1;request-headers reply 429 second two -1;${sees}`,
  },
  "a local reply changed on its way": {
    script:
      "request-headers reply 403 denied details -1;response-headers add 2 x-late yes;response-headers replace 2 :status 418;response-body set-body 1 0 100 changed;log property response/code",
  },
  "a local reply to a request with a body": {
    script: `request-headers reply 403 denied details -1;${sees}`,
    method: "POST",
    body: "body",
  },
  "a local reply in the body": {
    script: `request-body reply 403 denied details -1;${sees}`,
    method: "POST",
    body: "body",
  },
  "a local reply in the trailers": {
    script: `request-trailers reply 403 denied details -1;${sees}`,
    method: "POST",
    chunked: { body: "body", trailers: [["x-t", "1"]] },
  },
  "a local reply in the answer's headers": {
    script: `response-headers reply 403 denied details -1 x-a=1;log property response/code;log property response/code_details;log pairs 2`,
  },
  "a local reply in the answer's body": {
    script: "response-body reply 403 denied details -1;log property response/code_details",
  },
  "a local reply in the answer's trailers": {
    script: "response-trailers reply 403 denied details -1;log property response/code_details",
    service: { body: "up", trailers: [["x-t", "1"]] },
  },
  "a local reply while the answer's headers are held": {
    listener: "held",
    script: `response-headers return 1;response-body reply 403 denied details -1;log property response/code;log property response/code_details`,
  },
  "a local reply to a request whose headers are held": {
    listener: "held",
    method: "POST",
    body: "body",
    script: `request-headers return 1;request-body reply 403 denied details -1;${sees}`,
  },
  "a closed stream": { script: "request-headers close 0;request-headers return 4;log property response/code_details" },
  "a stream closed in the answer": { script: "response-headers close 1;log property response/code_details" },
  "a trap": { listener: "trapping", vmDies: true, script: "request-headers trap" },
  "a stream after a trap": { listener: "trapping", vmDies: true, script: "request-headers pairs 0" },
  "streams that are not there": {
    script: [
      "continue 2",
      "continue 3",
      "continue 4",
      "close 4",
      "continue 99",
      "effective 4711",
      "effective root",
      "effective stream",
    ]
      .map((call) => `request-headers ${call}`)
      .join(";"),
  },
};
