import fc from "fast-check";

// TLS and versions of HTTP, as policies have them. What runs the policies on this machine leaves them out.

const pair = { certificate: "mounted:/etc/tls/tls.crt", key: "mounted:/etc/tls/tls.key" };
const ca = "mounted:/etc/tls/ca.crt";

/** What a listener may have beside its address. */
export const LISTENER_TRANSPORT = {
  tls: fc.constantFrom(
    pair,
    { ...pair, clientCertificate: { ca } },
    { ...pair, clientCertificate: { ca, required: false } },
  ),
  protocols: fc.constantFrom(["http1"], ["http2"], ["http1", "http2"]),
};

/** What a service may have beside its address; with TLS always a name. */
export const serviceTransport = fc.constantFrom(
  {},
  { protocol: "http1" },
  { protocol: "http2" },
  { protocol: "auto", tls: { sni: "alpha.internal" } },
  { protocol: "http2", tls: { sni: "alpha.internal", ca } },
  { tls: { sni: "alpha.internal", ...pair } },
);
