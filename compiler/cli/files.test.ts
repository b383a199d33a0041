import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatSpan } from "../syntax/source.js";
import { checkableFiles, checkFile, distinct, policyFile, policyFiles, strayFragments, writeAll } from "./files.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("names what is neither a file nor a folder, and does not wait for it", async () => {
  const pipe = join(folder, "pipe.yaml");
  execFileSync("mkfifo", [pipe]);
  const socket = join(folder, "socket.yaml");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    for (const path of [pipe, socket, "/dev/null"])
      for (const read of [policyFile, checkFile, (one: string) => policyFiles([one])])
        expect(() => read(path)).toThrow(`${path}: neither a file nor a folder`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it("names it in a folder too", () => {
  writeFileSync(join(folder, "a.yaml"), "apiVersion: sluice/v1\n");
  expect(policyFiles([folder])).toEqual([join(folder, "a.yaml")]);
  execFileSync("mkfifo", [join(folder, "b.yaml")]);
  expect(() => policyFiles([folder])).toThrow("b.yaml: neither a file nor a folder");
});

describe("fragments in a folder", () => {
  const head = "apiVersion: sluice/v1\nkind: ";
  beforeEach(() => {
    writeFileSync(join(folder, "policy.yaml"), `${head}Gateway\ninclude: [used.yaml]\n`);
    writeFileSync(join(folder, "used.yaml"), `${head}Fragment\n`);
    writeFileSync(join(folder, "stray.yaml"), `${head}Fragment\n`);
  });

  it("are read through the gateway that includes them", () => {
    expect(policyFile(folder)).toBe(join(folder, "policy.yaml"));
    rmSync(join(folder, "policy.yaml"));
    expect(() => policyFile(folder)).toThrow("the folder holds fragments only, and no gateway that includes them");
  });

  it("that nobody includes are warned of, also behind a link", () => {
    symlinkSync("used.yaml", join(folder, "linked.yaml"));
    const { files } = checkFile(folder);
    const found = strayFragments(folder, files, []);
    expect(found.map(({ code, span }) => `${code} ${formatSpan(span)}`)).toEqual([
      `SL0709 ${join(folder, "stray.yaml")}:2:7`,
    ]);
    expect(strayFragments(join(folder, "policy.yaml"), files, [])).toEqual([]);
  });

  it("are not called stray while a gateway has errors that may hide that it includes them", () => {
    mkdirSync(join(folder, "parts"));
    writeFileSync(join(folder, "parts/deep.yaml"), `${head}Fragment\n`);
    const strays = (...doubtful: string[]) =>
      strayFragments(folder, [], doubtful).map(({ span }) => relative(folder, span.source.path));
    expect(strays(join(folder, "policy.yaml"))).toEqual([]);
    mkdirSync(join(folder, "parts-of-others"));
    writeFileSync(join(folder, "parts-of-others/policy.yaml"), "");
    writeFileSync(join(folder, "parts/policy.yaml"), "");
    expect(strays(join(folder, "parts-of-others/policy.yaml"), join(folder, "parts/policy.yaml"))).toEqual([
      "stray.yaml",
      "used.yaml",
    ]);
  });

  it("have each finding once, though two gateways include them", () => {
    writeFileSync(join(folder, "used.yaml"), `${head}Fragment\nroutes: 7\n`);
    const { diagnostics } = checkFile(join(folder, "policy.yaml"));
    const again = checkFile(join(folder, "policy.yaml")).diagnostics;
    expect(distinct([...diagnostics, ...again])).toEqual(diagnostics);
  });
});

describe("what `sluice check` finds in a folder", () => {
  const VERSION = "apiVersion: sluice/v1\n";

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  const found = () => checkableFiles(folder).map((path) => relative(folder, path));

  it("are its own, and those below that name the language", () => {
    write({
      "policy.yaml": "nothing of the kind",
      "policy.test.yaml": "",
      "other.yaml": VERSION,
      "forgetful.yaml": "kind: Gateway\nname: shop\n",
      "shop.policy.yml": "",
      "gateway.yaml": "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n",
      "docker-compose.yaml": "services: {}\n",
      "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
      ".gitlab-ci.yml": "variables: {}\n",
      ".pre-commit-config.yaml": "repos: []\n",
      "b/policy.yaml": VERSION,
      "b/policy.test.yml": `# tests\r\n"apiVersion": 'sluice/v2'\r\n`,
      "b/deep/er/flow.yaml": "{ kind: Gateway, apiVersion: sluice/v1 }",
      "b/deep/er/part.yaml": `${VERSION}kind: Fragment\n`,
      "b/envoy.yaml": "static_resources: {}\n",
      "b/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: { name: sluice }\n",
      "b/notes.md": VERSION,
      "a/policy.yaml": VERSION,
    });
    expect(found()).toEqual([
      "forgetful.yaml",
      "other.yaml",
      "policy.yaml",
      "shop.policy.yml",
      "policy.test.yaml",
      "a/policy.yaml",
      "b/policy.test.yml",
      "b/policy.yaml",
      "b/deep/er/flow.yaml",
    ]);
  });

  it("are none of packages, of what was built and of tools, nor behind a link to a folder", () => {
    write({
      "a/policy.yaml": VERSION,
      "node_modules/a/policy.yaml": VERSION,
      "a/node_modules/a/policy.yaml": VERSION,
      "dist/policy.yaml": VERSION,
      ".cache/policy.yaml": VERSION,
    });
    symlinkSync("..", join(folder, "a/up"));
    symlinkSync("policy.yaml", join(folder, "a/same.yaml"));
    symlinkSync("nowhere", join(folder, "a/broken.yaml"));
    execFileSync("mkfifo", [join(folder, "a/pipe.yaml")]);
    expect(found()).toEqual(["a/policy.yaml", "a/same.yaml"]);
    expect(checkableFiles(join(folder, "dist"))).toEqual([join(folder, "dist/policy.yaml")]);
  });

  it("may be nothing, which is told", () => {
    write({ "a/envoy.yaml": "static_resources: {}\n" });
    expect(found).toThrow(/: neither the folder nor those below it hold a \.yaml file with `apiVersion: sluice\/v1`$/);
    write({ "a/part.yaml": `${VERSION}kind: Fragment\n` });
    expect(found).toThrow("the folder holds fragments only, and no gateway that includes them");
  });

  it("does not make a folder stand for one policy where one is asked for", () => {
    write({ "a/policy.yaml": VERSION });
    expect(() => policyFile(folder)).toThrow("the folder holds no policy.yaml, and no .yaml file with");
  });
});

describe("files of one compilation", () => {
  const tree = () =>
    Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => [
          relative(folder, join(entry.parentPath, entry.name)),
          readFileSync(join(entry.parentPath, entry.name), "utf8"),
        ]),
    );

  beforeEach(async () => {
    await writeAll(folder, [
      { path: "envoy.yaml", contents: "old" },
      { path: "modules/old.wasm", contents: "old" },
    ]);
  });

  const next = [
    { path: "modules/new.wasm", contents: "new" },
    { path: "envoy.yaml", contents: "new" },
  ];

  it("are replaced together, and what is no longer wanted goes with them", async () => {
    await writeAll(folder, next, ["modules/old.wasm"]);
    expect(tree()).toEqual({ "envoy.yaml": "new", "modules/new.wasm": "new" });
  });

  it("are all as they were if the last step fails", async () => {
    const before = tree();
    // By then every file has been renamed into its place.
    await expect(writeAll(folder, next, ["modules/old.wasm", "modules/gone.wasm"])).rejects.toThrow(
      `cannot write to ${folder}: ENOENT`,
    );
    expect(tree()).toEqual(before);
  });

  it("are all as they were if one cannot be written", async () => {
    const before = tree();
    mkdirSync(join(folder, "lock"));
    await expect(writeAll(folder, [...next, { path: "lock", contents: "" }])).rejects.toThrow("lock is a folder");
    await expect(writeAll(folder, [...next, { path: `${"x".repeat(300)}`, contents: "" }])).rejects.toThrow(
      "ENAMETOOLONG",
    );
    expect(tree()).toEqual(before);
  });
});
