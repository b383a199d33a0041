import { createHash } from "node:crypto";

// A third of the gateways also have an outbound listener, with routes and a service of its own. It follows from the rest of the file,
// so that a seed stands for the same policy otherwise as without it.

const OUTBOUND = [
  { address: "127.0.0.1:0", direction: "outbound", capture: true },
  { address: "[::1]:0", direction: "outbound" },
] as const;

const INBOUND = { direction: "inbound", capture: false } as const;

/** Kinds whose policies fit any route. */
const FITTING = /-(bodylimit|compress|ipaccess)$/;

interface SidecarParts {
  readonly listeners: Readonly<Record<string, unknown>>;
  readonly services: Readonly<Record<string, unknown>>;
  readonly policies: Readonly<Record<string, unknown>>;
  readonly routes: readonly Readonly<Record<string, unknown>>[];
  readonly mandatory?: { readonly apply: readonly string[] };
  readonly defaults?: { readonly apply: readonly string[] };
}

export function withSidecar<File extends SidecarParts>(file: File): File {
  const lot = JSON.stringify(file.routes).length;
  if (lot % 3 !== 0) return file;
  const { listeners, services, policies, routes, mandatory, defaults } = file;
  const outbound = Object.keys(policies).filter((name) => FITTING.test(name));
  const [one, ...others] = outbound;
  const [first = ""] = Object.keys(listeners);
  return {
    ...file,
    listeners: {
      ...listeners,
      [first]: { ...Object(listeners[first]), ...INBOUND, ...(lot % 2 === 0 ? { capture: true } : {}) },
      ...(lot % 2 === 0 ? { behind: { address: addressOf(file), capturedBy: first } } : {}),
      outside: OUTBOUND[lot % OUTBOUND.length],
    },
    services: { ...services, gamma: { endpoints: ["127.0.0.1:9003"], hosts: ["gamma", "*.example.com"] } },
    ...(one === undefined ? {} : { mandatory: { ...{ apply: [] }, ...mandatory, outbound: [one] } }),
    ...(others.length === 0 ? {} : { defaults: { ...{ apply: [] }, ...defaults, outbound: others.slice(0, 1) } }),
    routes: [
      ...routes.map((route, index) => (index % 4 === 3 ? { ...route, listeners: [first] } : route)),
      { name: "out", listeners: ["outside"], match: { host: "gamma", path: "/a/**" }, to: "gamma", timeout: "1m" },
    ],
  };
}

/** Gateways that share an Envoy must not share an address that nobody is bound to. */
function addressOf(file: SidecarParts): string {
  const [a = 0, b = 0, c = 0, d = 0] = createHash("sha256").update(JSON.stringify(file)).digest();
  return `127.${a}.${b}.${c}:${15_000 + d}`;
}
