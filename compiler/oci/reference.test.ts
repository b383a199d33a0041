import { describe, expect, it } from "vitest";
import { isLoopback, pinnedUrl, readReference } from "./reference.js";

const DIGEST = `sha256:${"0a".repeat(32)}`;

describe("a reference", () => {
  it.each([
    ["registry.example.com/sluice/guard:1.0", "registry.example.com", "sluice/guard", "1.0", undefined],
    ["oci://registry.example.com/guard", "registry.example.com", "guard", undefined, undefined],
    ["localhost/a/b-c__d.e:V_1", "localhost", "a/b-c__d.e", "V_1", undefined],
    ["localhost:5000/a", "localhost:5000", "a", undefined, undefined],
    ["[::1]:5000/a:b", "[::1]:5000", "a", "b", undefined],
    [`registry.example.com/guard:1@${DIGEST}`, "registry.example.com", "guard", "1", DIGEST],
    [`registry.example.com/guard@${DIGEST}`, "registry.example.com", "guard", undefined, DIGEST],
  ])("%s is read", (text, registry, repository, tag, digest) => {
    const expected = {
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    };
    expect(readReference(text)).toEqual({ outcome: "read", reference: expected });
  });

  const HOST = "it does not begin with the host of a registry, as registry.example.com/sluice/guard:1.0 does";
  it.each([
    ["guard", HOST],
    ["sluice/guard:1", HOST],
    ["https://registry.example.com/guard", HOST],
    ["user@registry.example.com/guard", HOST],
    ["registry.example.com/Guard", '"Guard" is no repository: those have small letters, digits, and . _ - / between'],
    ["registry.example.com/../guard", '"../guard" is no repository'],
    ["registry.example.com/", '"" is no repository'],
    ["registry.example.com/guard:", '"" is no tag: those have up to 128 letters, digits, and . _ -'],
    ["registry.example.com/guard:a/b", '"a/b" is no tag'],
    ["registry.example.com/guard@sha256:ab", '"sha256:ab" is no digest: those are sha256: and 64 hexadecimal digits'],
    ["registry.example.com/guard\n:1", '"guard\\n" is no repository'],
  ])("%j is none", (text, reason) => {
    expect(readReference(text)).toEqual({ outcome: "wrong", reason: expect.stringContaining(reason) });
  });

  it("with a digest is what a cluster takes", () => {
    expect(pinnedUrl({ registry: "registry.example.com", repository: "sluice/guard", tag: "1" }, DIGEST)).toBe(
      `oci://registry.example.com/sluice/guard@${DIGEST}`,
    );
  });

  it("may be of this machine", () => {
    const hosts = ["localhost", "localhost:5000", "127.0.0.1:80", "127.1.2.3", "[::1]:5000"];
    expect(hosts.filter((host) => !isLoopback(host))).toEqual([]);
    expect(["127.0.0.1.example.com", "10.0.0.1:5000", "localhost.example.com", "[::2]"].filter(isLoopback)).toEqual([]);
  });
});
