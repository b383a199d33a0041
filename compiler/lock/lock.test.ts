import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SourceFile } from "../syntax/source.js";
import { differences, type Found } from "./compare.js";
import { filesOf, type Lock, type LockInput, lockOf, readLock, textOf } from "./lock.js";

const facts = {
  sha256: "a".repeat(64),
  size: 7,
  abi: ["0.2.1"],
  imports: ["env.proxy_log"],
  exports: ["function malloc"],
  memories: [{ least: 8, most: 1024 }],
};

const input: LockInput = {
  sluice: "1.2.3",
  target: { name: "envoy", version: "1.40" },
  options: { modulesDir: "modules" },
  sources: [new SourceFile("shop/policy.yaml", "name: shop\n"), new SourceFile("shop/parts/a.yaml", "a\r\n")],
  files: [{ path: "envoy.yaml", contents: "é\n" }],
  modules: [{ path: "modules/guard.wasm", version: "1.2.3", facts, capabilities: ["proxy_log"] }],
};

const lock = lockOf(input);

describe("a lock", () => {
  it("is read as it was written", () => {
    expect(readLock(textOf(lock))).toEqual({ outcome: "read", lock });
    const logged = lockOf({ ...input, options: { modulesDir: "/m", accessLog: "-" } });
    expect(readLock(textOf(logged))).toEqual({ outcome: "read", lock: logged });
  });

  it("names files from the folder of the policy, wherever that is", () => {
    const moved = (folder: string) => ({
      ...input,
      sources: input.sources.map(({ path, text }) => new SourceFile(path.replace("shop", folder), text)),
    });
    for (const folder of [".", "/a/b c", "../../é", "../../../../../../../../../x"])
      expect(lockOf(moved(folder)).policy).toEqual(lock.policy);
    expect(lock.policy.files.map(({ path }) => path)).toEqual(["parts/a.yaml", "policy.yaml"]);
  });

  it("has the digest of the policy that sha256sum gives", () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-lock-"));
    try {
      writeFileSync(join(folder, "policy.yaml"), "name: shop\n");
      writeFileSync(join(folder, "a.yaml"), "a\r\n");
      const sources = [new SourceFile("policy.yaml", "name: shop\n"), new SourceFile("a.yaml", "a\r\n")];
      const said = execFileSync("sh", ["-c", "sha256sum a.yaml policy.yaml | sha256sum"], { cwd: folder }).toString();
      expect(`${lockOf({ ...input, sources }).policy.sha256}  -\n`).toBe(said);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("counts line ends and a byte order mark", () => {
    const digestOf = (text: string) => lockOf({ ...input, sources: [new SourceFile("p.yaml", text)] }).policy.sha256;
    expect(new Set(["a\n", "a\r\n", "\ufeffa\n", "a"].map(digestOf)).size).toBe(4);
  });

  const edited = (change: (lock: Lock) => object) => JSON.stringify(change(structuredClone(lock)));
  const file = (path: string) => edited((one) => ({ ...one, files: [{ ...one.files[0], path }] }));

  it.each([
    ["no JSON", "{", /^it is no JSON: /],
    ["another version", '{ "lockVersion": 2 }', "its lockVersion is 2, and this version of sluice reads 1"],
    ["another document", "[]", /^the document: /],
    ["a key that is unknown", edited((one) => ({ ...one, extra: 1 })), /^the document: .*extra/],
    [
      "a digest in capital letters",
      textOf(lock).replace("a".repeat(64), "A".repeat(64)),
      /^modules\.0\.sha256: a SHA-256 has/,
    ],
    ["no file", edited((one) => ({ ...one, files: [], modules: [] })), "files: a compilation writes at least one file"],
    ["an absolute path", file("/etc/passwd"), "files.0.path: a path begins in the folder of the lock file"],
    ["a path out of the folder", file("a/../../x"), "files.0.path: a path stays in the folder"],
    ["the folder above", file(".."), "files.0.path: a path stays in the folder"],
    ["a backslash", file("a\\..\\x"), "files.0.path: a path has no control characters and no backslashes"],
  ])("is refused with %s", (_, text, reason) => {
    const read = readLock(text);
    expect(read.outcome === "damaged" ? read.reason : "read").toMatch(reason);
  });

  it("of any text is read or refused, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readLock(text).outcome).toBe("damaged");
      }),
    );
    const texts = fc.record({ at: fc.nat({ max: textOf(lock).length }), put: fc.string({ maxLength: 3 }) });
    fc.assert(
      fc.property(texts, ({ at, put }) => {
        readLock(textOf(lock).slice(0, at) + put + textOf(lock).slice(at + 1));
      }),
    );
  });
});

describe("what differs", () => {
  const folder: Found = {
    lock: textOf(lock),
    digests: new Map(filesOf(lock).map(({ path, sha256 }) => [path, sha256])),
  };
  const changed = (more: Partial<LockInput>) => lockOf({ ...input, ...more });
  const withDigest = (path: string, sha256?: string): Found => {
    const digests = new Map(folder.digests);
    if (sha256 === undefined) digests.delete(path);
    else digests.set(path, sha256);
    return { ...folder, digests };
  };
  const told = (wanted: Lock, found: Found) =>
    differences(wanted, found).map(({ path, kind, reason }) => `${path} ${kind}: ${reason}`);

  it("is nothing after the compilation", () => {
    expect(told(lock, folder)).toEqual([]);
  });

  it("of a folder that nothing was compiled into is everything", () => {
    expect(differences(lock, { digests: new Map() }).map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "envoy.yaml missing",
      "modules/guard.wasm missing",
      "sluice.lock.json missing",
    ]);
  });

  const sources = [new SourceFile("policy.yaml", "name: shop\n# c\n"), new SourceFile("parts/b.yaml", "")];
  const other = { ...facts, sha256: "b".repeat(64) };
  it.each([
    [
      "policy",
      { sources },
      "policy.yaml has changed; parts/b.yaml has joined the policy; parts/a.yaml has left the policy",
    ],
    ["compiler", { sluice: "1.3.0" }, "sluice 1.2.3 has compiled it, and this is 1.3.0"],
    [
      "target",
      { target: { name: "envoy", version: "1.41" } },
      "it was compiled for envoy 1.40, and now for envoy 1.41",
    ],
    [
      "options",
      { options: { modulesDir: "/m", accessLog: "-" } },
      "it was compiled without --access-log, and now with --access-log -; it was compiled with --modules-dir modules, and now with --modules-dir /m",
    ],
  ])("by another %s is told with the reason", (_, more, reason) => {
    const contents = [{ path: "envoy.yaml", contents: "other" }];
    expect(told(changed({ ...more, files: contents }), folder)).toEqual([
      `envoy.yaml outdated: ${reason}`,
      `sluice.lock.json outdated: ${reason}`,
    ]);
    // Also where not a byte of the configuration differs: the lock does.
    expect(told(changed(more), folder)).toEqual([`sluice.lock.json outdated: ${reason}`]);
  });

  it("by another module is told for the module and the lock", () => {
    const modules = [{ path: "modules/guard.wasm", version: "1.2.3", facts: other, capabilities: ["proxy_log"] }];
    const reason = "sluice 1.2.3 has another modules/guard.wasm: bbbbbbbbbbbb… instead of aaaaaaaaaaaa…";
    expect(told(changed({ modules }), folder)).toEqual([
      `modules/guard.wasm outdated: ${reason}`,
      `sluice.lock.json outdated: ${reason}`,
    ]);
  });

  it("by hand is told apart, also if the policy has changed too", () => {
    const found = withDigest("envoy.yaml", "c".repeat(64));
    const line = `envoy.yaml edited: its SHA-256 is cccccccccccc…, and sluice.lock.json has ${lock.files[0]?.sha256.slice(0, 12)}…`;
    expect(told(lock, found)).toEqual([line]);
    expect(told(changed({ sources }), found)[0]).toBe(line);
    expect(told(lock, withDigest("modules/guard.wasm"))).toEqual(["modules/guard.wasm missing: it was removed"]);
  });

  it("in the lock by hand is told at the lock", () => {
    const reason = "sluice.lock.json edited: it is not what the compilation that it names has written";
    const forged = lockOf({ ...input, files: [{ path: "envoy.yaml", contents: "forged" }] });
    expect(told(lock, { ...folder, lock: textOf(forged) })).toEqual([reason]);
    expect(told(lock, { ...folder, lock: JSON.stringify(lock) })).toEqual([reason]);
    expect(told(lock, { ...folder, lock: "{" })[0]).toMatch(/^sluice\.lock\.json unreadable: it is no JSON/);
  });

  it("by another build of the same version is told so", () => {
    const wanted = changed({ files: [{ path: "envoy.yaml", contents: "other" }] });
    expect(told(wanted, folder)).toEqual([
      expect.stringMatching(/^envoy\.yaml outdated: its SHA-256 is \w{12}…, and would be \w{12}…$/),
      "sluice.lock.json outdated: another build of sluice 1.2.3 has written it",
    ]);
  });

  it("by a file that would not be written is told, with who wrote it", () => {
    const less = changed({ modules: [] });
    expect(told(less, folder)).toContain(
      "modules/guard.wasm outlived: an earlier compilation wrote it, and this one does not",
    );
    expect(told(less, withDigest("modules/guard.wasm", "c".repeat(64)))).toContain(
      "modules/guard.wasm stray: an earlier compilation wrote it, and it was changed since",
    );
    expect(told(lock, withDigest("x.wasm", "c".repeat(64)))).toEqual([
      "x.wasm stray: no sluice.lock.json names it, and Envoy could be told to load it",
    ]);
  });

  it("in hundreds of files of the policy stays a line", () => {
    const many = Array.from({ length: 300 }, (_, index) => new SourceFile(`shop/${index}.yaml`, ""));
    const [only] = told(changed({ sources: [...input.sources, ...many] }), folder);
    expect(only).toMatch(/ and 295 more have joined the policy$/);
    expect(only?.length).toBeLessThan(200);
  });
});
