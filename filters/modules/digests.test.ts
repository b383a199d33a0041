import { createHash, randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Pairs } from "../../compiler/host/pairs.js";
import type { Stream } from "../../compiler/host/stream.js";
import { type CompiledModule, type HostOptions, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { PUBLISHED_REQUEST } from "../../test/support/signatures.js";

// body.wasm where it compares bodies with `content-digest`: what it holds, lets go and answers, whatever comes in which parts.

let module: CompiledModule;
beforeAll(async () => {
  module = await loadModule("body");
});

const MOST = 64;

function vmOf(options: HostOptions = {}): ModuleVm {
  const vm = new ModuleVm(module, options);
  const document = {
    version: 1,
    policies: [
      { name: "signed", authenticate: { contentDigest: { maxBody: MOST } } },
      { name: "large", authenticate: { contentDigest: { maxBody: 1 << 20 } } },
    ],
  };
  expect(vm.configure(document), vm.lastError).toBe(true);
  return vm;
}

const ROUTE = "xds.route_metadata.filter_metadata.sluice.digest";

interface Sent {
  /** Of the metadata of the route; null if there is none. */
  policy?: string | null;
  /** Lines of the field. */
  digest?: readonly string[];
  headers?: Pairs;
  /** Parts of the body; none: the request ends with its headers. */
  body?: readonly (string | Uint8Array)[];
  trailers?: boolean;
}

function send(
  vm: ModuleVm,
  { policy = "signed", digest = [], headers = [], body = [], trailers = false }: Sent,
): Stream {
  const stream = vm.open({ [ROUTE]: policy ?? undefined, "xds.route_name": "r" });
  const fields: Pairs = digest.map((value) => ["content-digest", value] as const);
  const head: Pairs = [[":method", "POST"], [":path", "/"], [":authority", "shop"], ...headers, ...fields];
  stream.requestHeaders(head, body.length === 0 && !trailers);
  for (const [index, part] of body.entries()) {
    if (stream.localReply !== undefined) break;
    stream.requestData(Buffer.from(part), index === body.length - 1 && !trailers);
  }
  if (trailers && stream.localReply === undefined) stream.requestTrailers([["x-checksum", "1"]]);
  return stream;
}

/** The body that went on; undefined if nothing of the request did. */
function passed({ request }: Stream): string | undefined {
  if (!request.ended) return undefined;
  return Buffer.concat(request.body).toString("latin1");
}

function refused(stream: Stream) {
  const { answer, filterState } = stream;
  expect([stream.request.headers, stream.request.body]).toEqual([undefined, []]);
  return [
    Number(answer.headers?.get(":status")),
    Buffer.from(filterState.get("sluice.decision") ?? "").toString(),
    Buffer.concat(answer.body).toString(),
  ];
}

const digestOf = (body: string | Uint8Array, algorithm: "sha-256" | "sha-512" = "sha-256") =>
  `${algorithm}=:${createHash(algorithm.replace("-", "")).update(body).digest("base64")}:`;

const MISMATCH = [
  400,
  "signed denied content-digest",
  '{"type":"about:blank","title":"Bad Request","status":400,"detail":"The content-digest is not that of the body."}',
];
const TOO_LARGE = [
  413,
  "signed denied body-too-large",
  '{"type":"about:blank","title":"Content Too Large","status":413}',
];

const HELLO = '{"hello": "world"}';

describe("published digests", () => {
  test("of RFC 9421, appendix B.2, and RFC 9530, appendices B and D", () => {
    const { fields } = PUBLISHED_REQUEST;
    const cases: readonly (readonly [string, string])[] = [
      [fields["content-digest"] ?? "", HELLO],
      ["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", HELLO],
      ["sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", '{"hello": "world"}\n'],
      [
        "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:",
        '{"hello": "world"}\n',
      ],
      ["sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", ""],
    ];
    for (const [digest, body] of cases) {
      const parts = body === "" ? [] : [body];
      expect(passed(send(vmOf(), { digest: [digest], body: parts })), digest).toBe(body);
    }
  });
});

describe("a body and its digest", () => {
  const body = "0123456789abcdef";
  const good: readonly (readonly [string, readonly string[]])[] = [
    ["SHA-256", [digestOf(body)]],
    ["SHA-512", [digestOf(body, "sha-512")]],
    ["both", [`${digestOf(body)}, ${digestOf(body, "sha-512")}`]],
    ["both, in two lines", [digestOf(body), digestOf(body, "sha-512")]],
    ["one that is known among others", [`md5=:AAAA:, ${digestOf(body)}, crc32c=:AAAA:`]],
    ["parameters", [`${digestOf(body)};a=1`]],
  ];
  test.each(good)("go together: %s", (_, digest) => {
    expect(passed(send(vmOf(), { digest, body: [body] }))).toBe(body);
    for (const trailers of [false, true])
      expect(passed(send(vmOf(), { digest, body: [...body], trailers })), "byte by byte").toBe(body);
  });

  const bad: readonly (readonly [string, readonly string[]])[] = [
    ["another body", [digestOf(`${body}0`)]],
    ["another body, by SHA-512", [digestOf("", "sha-512")]],
    ["one is right, the other is not", [`${digestOf(body)}, ${digestOf("", "sha-512")}`]],
    ["the other is right, the first is not", [`${digestOf("")}, ${digestOf(body, "sha-512")}`]],
    ["the same twice", [`${digestOf(body)}, ${digestOf(body)}`]],
    ["the same in two lines", [digestOf(body), digestOf(body)]],
    ["a wrong one in a second line", [digestOf(body), digestOf("", "sha-512")]],
    ["an unknown one", ["md5=:AAAA:"]],
    ["an empty field", [""]],
    ["no dictionary", ["sha-256"]],
    ["no bytes", [`sha-256=${createHash("sha256").update(body).digest("hex")}`]],
    ["a text", [`sha-256="${createHash("sha256").update(body).digest("base64")}"`]],
    ["without padding", [digestOf(body).replace("=:", ":")]],
    ["cut off", [`sha-256=:${createHash("sha256").update(body).digest("base64").slice(0, 40)}:`]],
    ["in capital letters", [digestOf(body).toUpperCase()]],
    ["SHA-512 under the name of SHA-256", [digestOf(body, "sha-512").replace("512", "256")]],
    ["a field that is too long", [`${"a,".repeat(600)}${digestOf(body)}`]],
  ];
  test.each(bad)("do not: %s", (_, digest) => {
    expect(refused(send(vmOf(), { digest, body: [body] }))).toEqual(MISMATCH);
    expect(refused(send(vmOf(), { digest, body: [...body] }))).toEqual(MISMATCH);
    expect(refused(send(vmOf(), { digest, body: [...body], trailers: true }))).toEqual(MISMATCH);
  });

  test("an empty body is compared too", () => {
    const vm = vmOf();
    for (const trailers of [false, true]) {
      expect(passed(send(vm, { digest: [digestOf("")], trailers }))).toBe("");
      expect(refused(send(vm, { digest: [digestOf("x")], trailers }))).toEqual(MISMATCH);
      expect(passed(send(vm, { digest: [digestOf("")], body: [""], trailers }))).toBe("");
      expect(refused(send(vm, { digest: [digestOf("x")], body: ["", ""], trailers }))).toEqual(MISMATCH);
    }
  });

  test("nothing of it goes on before all of it is there", () => {
    const vm = vmOf();
    const stream = vm.open({ [ROUTE]: "signed" });
    stream.requestHeaders(
      [
        [":method", "POST"],
        ["content-digest", digestOf("abc")],
      ],
      false,
    );
    for (const part of ["a", "b"]) {
      stream.requestData(Buffer.from(part), false);
      expect([stream.isHeld("request"), stream.request.headers, stream.request.body]).toEqual([true, undefined, []]);
    }
    stream.requestData(Buffer.from("c"), true);
    expect(passed(stream)).toBe("abc");
  });

  test("a body without the field is not held, whatever its size", () => {
    const stream = vmOf().open({ [ROUTE]: "signed" });
    stream.requestHeaders([[":method", "POST"]], false);
    expect(stream.isHeld("request")).toBe(false);
    for (let part = 0; part < 3; part++) {
      stream.requestData(new Uint8Array(MOST), part === 2);
      expect(stream.isHeld("request")).toBe(false);
    }
    expect(passed(stream)?.length).toBe(3 * MOST);
    expect(passed(send(vmOf(), {}))).toBe("");
    expect(passed(send(vmOf(), { body: ["a"], trailers: true }))).toBe("a");
  });

  test("the bound is that of the policy, to the byte, and is told before the end", () => {
    const vm = vmOf();
    const whole = (size: number, parts: number) => {
      const bytes = randomBytes(size);
      const step = Math.ceil(size / parts);
      const body = Array.from({ length: parts }, (_, index) => bytes.subarray(index * step, (index + 1) * step));
      return send(vm, { digest: [digestOf(bytes)], body });
    };
    for (const parts of [1, 7]) {
      expect(passed(whole(MOST - 1, parts))?.length).toBe(MOST - 1);
      expect(passed(whole(MOST, parts))?.length).toBe(MOST);
      expect(refused(whole(MOST + 1, parts))).toEqual(TOO_LARGE);
    }
    // What is taken by another policy of the module does not matter.
    const stream = vm.open({ [ROUTE]: "signed", "xds.route_name": "r" });
    stream.requestHeaders(
      [
        [":method", "POST"],
        ["content-digest", digestOf("")],
      ],
      false,
    );
    stream.requestData(new Uint8Array(MOST + 1), false);
    expect(refused(stream)).toEqual(TOO_LARGE);
  });

  test("a byte at a time, 64 KiB of it", () => {
    const bytes = randomBytes(65_536);
    const stream = send(vmOf(), {
      policy: "large",
      digest: [digestOf(bytes)],
      body: [...bytes].map((byte) => Uint8Array.of(byte)),
    });
    expect(passed(stream)).toBe(bytes.toString("latin1"));
  });

  test("gRPC is told in its own words", () => {
    const headers: Pairs = [["content-type", "application/grpc"]];
    const statusOf = (sent: Sent) => send(vmOf(), { headers, ...sent }).answer.headers?.get("grpc-status");
    expect(statusOf({ digest: [digestOf("x")], body: ["y"] })).toBe("3");
    expect(statusOf({ digest: [digestOf("x")], body: ["x".repeat(MOST + 1)] })).toBe("8");
  });

  test("what is refused is counted", () => {
    const vm = vmOf();
    send(vm, { digest: [digestOf("x")], body: ["y"] });
    send(vm, { digest: [digestOf("x")], body: ["x".repeat(MOST + 1)] });
    send(vm, { digest: [digestOf("x")], body: ["x"] });
    expect(vm.metrics.get("sluice.authenticate.signed.denied")).toBe(2);
    expect(vm.metrics.get("sluice_denials.signed.content-digest.r")).toBe(1);
    expect(vm.metrics.get("sluice_denials.signed.body-too-large.r")).toBe(1);
    expect(vm.metrics.get("sluice.authenticate.signed.allowed")).toBe(0);
  });
});

describe("where something is missing", () => {
  test("a route that names no policy of the module lets nothing with a digest pass", () => {
    for (const policy of [null, "other"]) {
      const stream = send(vmOf(), { policy, digest: [digestOf("x")], body: ["x"] });
      expect(refused(stream).slice(0, 2)).toEqual([403, "sluice denied unknown-route"]);
    }
  });

  test.each([
    ["headers", "proxy_get_header_map_pairs"],
    ["a body", "proxy_get_buffer_bytes"],
  ])("a host that gives no %s is a failure, and nothing passes", (_, call) => {
    const failing = new Map<string, number>();
    const vm = vmOf({ failing });
    failing.set(call, 10);
    const stream = send(vm, { digest: [digestOf("x")], body: ["x"] });
    expect(refused(stream).slice(0, 2)).toEqual([503, "sluice denied host-failure"]);
  });

  test.each([
    ["no bound", { contentDigest: {} }],
    ["a bound of 0", { contentDigest: { maxBody: 0 } }],
    ["a bound beyond 16 MiB", { contentDigest: { maxBody: 16_777_217 } }],
    ["another member", { contentDigest: { maxBody: 1 }, anyOf: [] }],
    ["nothing", {}],
  ])("a configuration with %s is refused", (_, authenticate) => {
    expect(new ModuleVm(module).configure({ version: 1, policies: [{ name: "a", authenticate }] })).toBe(false);
  });

  test("two policies of a name, and one that converts beside one that compares, are refused", () => {
    const one = { name: "a", authenticate: { contentDigest: { maxBody: 1 } } };
    const configure = (...policies: unknown[]) => new ModuleVm(module).configure({ version: 1, policies });
    expect([configure(one), configure(one, one), configure(one, { name: "b", soap: {} })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
