import { execFileSync, spawnSync } from "node:child_process";
import { linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GOOD, type Row } from "./row.js";

const FRAGMENT = "apiVersion: sluice/v1\nkind: Fragment\n";

/** The good policy, with files that it includes. */
function including(...paths: string[]): string {
  return `${GOOD}include: ${JSON.stringify(paths)}\n`;
}

/** Writes files beside the policy. */
function files(contents: Readonly<Record<string, string | Uint8Array>>): (folder: string) => void {
  return (folder) => {
    for (const [path, text] of Object.entries(contents)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
}

/** Links beside the policy, by their names. */
function links(targets: Readonly<Record<string, string>>): (folder: string) => void {
  return (folder) => {
    for (const [name, target] of Object.entries(targets)) symlinkSync(target, join(folder, name));
  };
}

/** What a server leaves behind that had no time to tidy up. */
function socket(path: string): void {
  const program =
    'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  spawnSync(process.execPath, ["-e", program, path]);
  if (!statSync(path).isSocket()) throw new Error(`${path} is no socket`);
}

const PATHS = [
  ...[
    "../x.yaml",
    "a/../../x.yaml",
    "..",
    ".",
    "./",
    "a/",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "~/x.yaml",
    "~root/x",
  ],
  ...[
    "file:///etc/passwd",
    "http://127.0.0.1:1/x.yaml",
    "https://example.com/x.yaml",
    "ftp://x/y",
    "data:text/yaml,a: 1",
    "npm:x",
    "c:/x.yaml",
    "C:\\x.yaml",
    "..\\x.yaml",
    "\\\\server\\share",
  ],
  ...[
    "//example.com/x.yaml",
    "x.yaml\u0000.txt",
    "x.yaml\n",
    "%2e%2e/x.yaml",
    "..%2fx.yaml",
    "\uff0e\uff0e/x.yaml",
    "$HOME/x.yaml",
    "*.yaml",
    "{a,b}.yaml",
    "$(id)",
    "`id`",
    "-rf",
    "|id",
    "x.yaml ",
    " x.yaml",
  ],
  ...["a".repeat(256), `${"a/".repeat(500)}a`, "con", "nul", "__proto__", "constructor", "%REQ(x)%", "{{x}}"],
];

const ring = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `f${index}.yaml`,
      `${FRAGMENT}include: [f${(index + 1) % count}.yaml]\n`,
    ]),
  );

const chain = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}.yaml`, `${FRAGMENT}include: [f${index + 1}.yaml]\n`]),
  );

export const includes: readonly Row[] = [
  ...PATHS.map(
    (path): Row => ({
      name: `include ${JSON.stringify(path.length > 40 ? `${path.slice(0, 40)}…` : path)}`,
      policy: including(path),
    }),
  ),
  { name: "include a file outside by a link", policy: including("x.yaml"), beside: links({ "x.yaml": "/etc/passwd" }) },
  { name: "include a folder outside by a link", policy: including("x/passwd"), beside: links({ x: "/etc" }) },
  {
    name: "include a link to a link outside",
    policy: including("x.yaml"),
    beside: links({ "x.yaml": "y.yaml", "y.yaml": "../../../../etc/passwd" }),
  },
  { name: "include a link to itself", policy: including("x.yaml"), beside: links({ "x.yaml": "x.yaml" }) },
  { name: "include a link to nothing", policy: including("x.yaml"), beside: links({ "x.yaml": "y.yaml" }) },
  {
    name: "include a link to a device without end",
    policy: including("x.yaml"),
    beside: links({ "x.yaml": "/dev/zero" }),
  },
  { name: "include a link to standard input", policy: including("x.yaml"), beside: links({ "x.yaml": "/dev/stdin" }) },
  { name: "include the policy itself", policy: including("policy.yaml") },
  {
    name: "include the policy itself by a link",
    policy: including("x.yaml"),
    beside: links({ "x.yaml": "policy.yaml" }),
  },
  {
    name: "include the policy itself by a second name of the file",
    policy: including("x.yaml"),
    beside: (folder) => linkSync(join(folder, "policy.yaml"), join(folder, "x.yaml")),
  },
  { name: "include itself by ways around", policy: including("./a/../policy.yaml"), beside: files({ "a/x": "" }) },
  { name: "include in other letters", policy: including("X.YAML"), beside: files({ "x.yaml": FRAGMENT }) },
  { name: "include a file twice", policy: including("x.yaml", "./x.yaml"), beside: files({ "x.yaml": FRAGMENT }) },
  {
    name: "include a file twice by a second name of the file",
    policy: including("x.yaml", "y.yaml"),
    beside: (folder) => {
      files({ "x.yaml": FRAGMENT })(folder);
      linkSync(join(folder, "x.yaml"), join(folder, "y.yaml"));
    },
  },
  { name: "include in a ring", policy: including("f0.yaml"), beside: files(ring(20)) },
  { name: "include in a chain of 300", policy: including("f0.yaml"), beside: files(chain(300)) },
  {
    name: "include 10,000 files",
    policy: including(...Array.from({ length: 10_000 }, (_, index) => `f${index}.yaml`)),
  },
  {
    name: "include 255 files that are not there",
    policy: including(...Array.from({ length: 255 }, (_, index) => `f${index}.yaml`)),
  },
  {
    name: "include a pipe",
    policy: including("x.yaml"),
    beside: (folder) => execFileSync("mkfifo", [join(folder, "x.yaml")]),
  },
  { name: "include a socket", policy: including("x.yaml"), beside: (folder) => socket(join(folder, "x.yaml")) },
  { name: "include a folder", policy: including("x.yaml"), beside: files({ "x.yaml/y": "" }) },
  { name: "include a file below a file", policy: including("x.yaml/y.yaml"), beside: files({ "x.yaml": FRAGMENT }) },
  {
    name: "include 50 MiB",
    policy: including("x.yaml"),
    beside: files({ "x.yaml": Buffer.alloc(50 * 1024 * 1024, "a") }),
  },
  {
    name: "include six times 4 MiB",
    policy: including(..."abcdef"),
    beside: files(Object.fromEntries([..."abcdef"].map((name) => [name, `${FRAGMENT}#${"x".repeat(4_190_000)}\n`]))),
  },
  {
    name: "include four files of 150,000 keys",
    policy: including(..."abcd"),
    beside: files(
      Object.fromEntries(
        [..."abcd"].map((name) => [
          name,
          `${FRAGMENT}services:\n${Array.from({ length: 150_000 }, (_, index) => `  ${name}${index}: {}\n`).join("")}`,
        ]),
      ),
    ),
  },
  {
    name: "include bytes that are no text",
    policy: including("x.yaml"),
    beside: files({ "x.yaml": Buffer.from([0xff, 0xfe, 0x00]) }),
  },
  { name: "include an empty file", policy: including("x.yaml"), beside: files({ "x.yaml": "" }) },
  { name: "include a gateway", policy: including("x.yaml"), beside: files({ "x.yaml": GOOD }) },
  { name: "include a fragment that is a list", policy: including("x.yaml"), beside: files({ "x.yaml": "- a\n" }) },
  {
    name: "include sections of other types",
    policy: including("x.yaml"),
    beside: files({ "x.yaml": `${FRAGMENT}services: []\nroutes: {}\nconsumers: 1\npolicies: a\nlisteners: null\n` }),
  },
  {
    name: "include names of JavaScript",
    policy: including("x.yaml"),
    beside: files({
      "x.yaml": `${FRAGMENT}__proto__: {}\nservices: { constructor: { dns: "a:1" }, __proto__: { dns: "a:1" } }\n`,
    }),
  },
  {
    name: "include a file that leads out",
    policy: including("a/x.yaml"),
    beside: files({ "a/x.yaml": `${FRAGMENT}include: [../../x.yaml]\n` }),
  },
  {
    name: "include a file that leads back into the folder",
    policy: including("a/x.yaml"),
    beside: files({ "a/x.yaml": `${FRAGMENT}include: [../y.yaml]\n`, "y.yaml": FRAGMENT }),
  },
  { name: "include no list", policy: `${GOOD}include: x.yaml\n` },
  { name: "include numbers and mappings", policy: `${GOOD}include: [1, {}, [], null, "", true]\n` },
  {
    name: "include a file whose name has a colour of a terminal",
    policy: including("x\u202e.yaml"),
    beside: files({ "x\u202e.yaml": "a: [\n" }),
  },
];
