import { createPublicKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { compileModule } from "../../compiler/host/engine.js";
import { Host, pluginOf } from "../../compiler/host/host.js";
import { startEnvoy } from "../../compiler/runtime/process.js";
import { compileAssembly } from "../support/assembly.js";
import { listener, staticBootstrap } from "../support/bootstrap.js";
import { requireEnvoy } from "../support/envoy.js";
import { ALGORITHMS, type Algorithm } from "../support/tokens.js";
import { wycheproofGroups } from "../support/wycheproof.js";

// Signatures of Wycheproof for each algorithm of tokens. They can be no tokens: what they sign is some bytes, mostly "Test" or "123400", and not base64url of a header,
// a point and base64url of claims; nobody has the private keys to sign it anew. So the code of the filters that judges the signature of a token is compiled to a
// module of its own, which gets them without a token around: what reads keys, what turns r and s into DER, what asks the host, what makes tags.

interface Vector {
  name: string;
  algorithm: Algorithm;
  /** A set of keys, or a secret. */
  key: Uint8Array;
  text: Uint8Array;
  signature: Uint8Array;
  right: boolean;
}

const hex = z.string().transform((digits) => Buffer.from(digits, "hex"));
/** "acceptable" is a signature without the NULL that PKCS#1 asks for. */
const result = z.enum(["valid", "invalid", "acceptable"]);
const Signed = z.object({
  publicKeyDer: hex,
  tests: z.array(z.object({ tcId: z.number(), msg: hex, sig: hex, result })),
});
const Tagged = z.object({ tests: z.array(z.object({ tcId: z.number(), key: hex, msg: hex, tag: hex, result })) });

function signedVectors(file: string, total: number, algorithm: Algorithm): Vector[] {
  return wycheproofGroups(file, total, Signed).flatMap(({ publicKeyDer, tests }) => {
    const jwk = createPublicKey({ key: publicKeyDer, format: "der", type: "spki" }).export({ format: "jwk" });
    const key = Buffer.from(JSON.stringify({ keys: [jwk] }));
    return tests.map(({ tcId, msg, sig, result }) => {
      return { name: `${file} ${tcId}`, algorithm, key, text: msg, signature: sig, right: result === "valid" };
    });
  });
}

/** Tags that were cut are right as far as they go, and are not taken. */
function taggedVectors(file: string, total: number, algorithm: Algorithm, bytes: number): Vector[] {
  return wycheproofGroups(file, total, Tagged).flatMap(({ tests }) =>
    tests.map(({ tcId, key, msg, tag, result }) => {
      const right = result === "valid" && tag.length === bytes;
      return { name: `${file} ${tcId}`, algorithm, key, text: msg, signature: tag, right };
    }),
  );
}

const vectors = [
  ...signedVectors("rsa-signature-2048-sha256", 259, "RS256"),
  ...signedVectors("rsa-signature-2048-sha512", 259, "RS512"),
  ...signedVectors("ecdsa-secp256r1-sha256-p1363", 262, "ES256"),
  ...taggedVectors("hmac-sha256", 174, "HS256", 32),
  ...taggedVectors("hmac-sha512", 174, "HS512", 64),
];

/** As the module reads them. */
function configurationOf(all: readonly Vector[]): string {
  const parts = all.flatMap(({ algorithm, key, text, signature }) => {
    const counts = [ALGORITHMS.indexOf(algorithm), key.length, text.length, signature.length];
    return [Buffer.from(Int32Array.from(counts).buffer), key, text, signature];
  });
  return Buffer.concat(parts).toString("base64");
}

/** The names of those of which a module says something else than Wycheproof, for each time that it said it. */
function wrongIn(lines: string): string[][] {
  return [...lines.matchAll(/verified ([01]+)/g)].map(([, verdicts = ""]) => {
    expect(verdicts).toHaveLength(vectors.length);
    return vectors.flatMap(({ name, right }, index) => (right === (verdicts[index] === "1") ? [] : [name]));
  });
}

describe("signatures of Wycheproof, by the code that judges tokens", () => {
  let module: Uint8Array;
  beforeAll(async () => {
    module = await compileAssembly("filters/authenticate/assembly/signature-probe.ts");
  });

  it("are as many as they say, right ones and wrong ones by each algorithm", () => {
    expect(vectors).toHaveLength(259 + 259 + 262 + 174 + 174);
    for (const algorithm of ["RS256", "RS512", "ES256", "HS256", "HS512"])
      for (const right of [true, false])
        expect(vectors.some((vector) => vector.algorithm === algorithm && vector.right === right)).toBe(true);
  });

  it("are judged as they say in the embedded host", () => {
    const host = new Host();
    const vm = host.start(compileModule(module));
    vm.configure(pluginOf({ name: "probe", configuration: configurationOf(vectors) }));
    expect(wrongIn(host.log.map(({ text }) => text).join("\n"))).toEqual([[]]);
  });

  it("are judged as they say in Envoy, by each of its VMs", async () => {
    const workDir = await mkdtemp(join(tmpdir(), "sluice-signatures-"));
    try {
      await writeFile(join(workDir, "probe.wasm"), module);
      const wasm = { file: "probe.wasm", configuration: configurationOf(vectors) };
      const configText = staticBootstrap(listener({ wasm }));
      const envoy = await startEnvoy({ envoy: await requireEnvoy(), workDir, concurrency: 2, configText });
      try {
        // One VM for each worker, one for the main thread, and one that is thrown away.
        expect(wrongIn(envoy.logText())).toEqual([[], [], [], []]);
      } finally {
        await envoy.stop();
      }
    } finally {
      await rm(workDir, { recursive: true });
    }
  });
});
