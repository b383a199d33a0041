import type { ProbeCase } from "../support/case.js";

const REQUEST = [
  "path",
  "url_path",
  "host",
  "scheme",
  "method",
  "referer",
  "useragent",
  "id",
  "protocol",
  "query",
  "size",
  "total_size",
];
const RESPONSE = ["code", "code_details", "flags", "grpc_status", "size", "total_size"];
const CONNECTION = [
  "mtls",
  "requested_server_name",
  "tls_version",
  "subject_peer_certificate",
  "termination_details",
  "uri_san_peer_certificate",
];
const XDS = ["route_name", "cluster_name", "virtual_host_name", "filter_chain_name", "listener_direction", "node/id"];

const all = (callback: string): string =>
  [
    ...REQUEST.map((name) => `request/${name}`),
    ...["request/headers/x-twice", "request/headers/X-Twice", "request/headers/x-absent", "request/headers/host"],
    ...[
      "request/absent",
      "request",
      "absent",
      "",
      "request/path/x",
      "route_name",
      "cluster_name",
      "node",
      "listener_direction",
    ],
    ...RESPONSE.map((name) => `response/${name}`),
    ...["response/headers/x-a", "response/headers/:status", "response/trailers/x-t", "response"],
    ...CONNECTION.map((name) => `connection/${name}`),
    ...XDS.map((name) => `xds/${name}`),
    ...[
      "source/absent",
      "destination/absent",
      "upstream/absent",
      "metadata",
      "filter_state",
      "plugin_name",
      "plugin_root_id",
      "plugin_vm_id",
    ],
    ...["xds/route_metadata", "xds/cluster_metadata", "xds/listener_metadata"],
  ]
    .map((path) => `${callback} property ${path}`)
    .join(";");

export const propertyCases: Readonly<Record<string, ProbeCase>> = {
  "properties of a request": {
    script: all("request-headers"),
    target: "/up/x?q=1&r=2",
    headers: [
      ["user-agent", "agent/1"],
      ["referer", "http://from"],
      ["x-request-id", "id-1"],
      ["x-twice", "1"],
      ["x-twice", "2"],
    ],
  },
  "properties of a request without them": { script: all("request-headers"), target: "/up" },
  "properties of a request with a body": {
    script:
      "request-headers property request/size;request-body property request/size;log property request/size;log property request/total_size",
    method: "POST",
    body: "body",
  },
  "properties of an answer": {
    script: all("response-headers"),
    service: {
      headers: [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      body: "up",
    },
  },
  "properties in the log": { script: all("log"), service: { headers: [["x-a", "1"]], body: "up" } },
  "properties of a direct response": { script: all("response-headers"), target: "/direct" },
  "properties when a stream is done": {
    script:
      "done property request/path;delete property request/path;done property own;request-headers set-property own x",
  },
  "filter state": {
    script: [
      "request-headers property own",
      "request-headers set-property own value",
      "request-headers property own",
      "request-headers property own/x",
      "request-headers set-property own",
      "request-headers property own",
      "request-headers set-property own second",
      "request-headers property wasm.own",
      "request-headers property filter_state/wasm.own",
      "request-headers property filter_state/own",
      "request-headers set-property a.b dotted",
      "request-headers property a.b",
      "request-headers set-property request mine",
      "request-headers property request/path",
      "request-headers set-property  nameless",
      "request-headers set-property bytes %00%ff",
      "response-headers property own",
      "response-headers set-property late x",
      "log property own",
      "log property late",
      "log property bytes",
      "log set-property logged x",
      "log property logged",
      "delete property own",
    ].join(";"),
  },
};
