import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the package, which may lie in that of another, and its name. */
const BUNDLED_FROM = /^(.*\bnode_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * What the licences of bundled packages ask to be handed on, in the order of the packages' names.
 *
 * @param root where node_modules is
 * @param inputs paths of the bundled files from there, such as `node_modules/zod/index.js`
 * @throws Error if a package says nothing about its licence
 */
export function notices(root, inputs) {
  const packages = new Map();
  for (const path of inputs) {
    const [, folder, name] = BUNDLED_FROM.exec(path) ?? [];
    if (name === undefined) continue;
    const known = packages.get(folder) ?? { name, files: [] };
    packages.set(folder, { name, files: [...known.files, join(root, path)] });
  }
  const parts = [...packages]
    .sort(([, one], [, other]) => (one.name < other.name ? -1 : 1))
    .map(([folder, { name, files }]) => noticeOf(name, join(root, folder), files));
  const about =
    "The files in compiler/ and modules/ contain these packages, or parts of them. The Apache License 2.0 is in LICENSE beside this folder.";
  return `${[about, ...parts].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

function noticeOf(name, folder, files) {
  const { version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = licenceFiles(folder);
  const heading = texts.length > 0 ? texts : heads(files.map((path) => readFileSync(path, "utf8")));
  const said = heading.length > 0 ? heading : byName(license, author);
  if (license === undefined || said.length === 0) throw new Error(`${name} says nothing about its licence`);
  return [`${name} ${version}: ${license}`, ...said].join("\n\n");
}

function licenceFiles(folder) {
  return readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice)(\.|$)/i.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8").trim());
}

/** Where a package has no such file, its sources begin with it. */
function heads(texts) {
  const found = texts.map((text) => /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? "").filter((head) => /copyright/i.test(head));
  return [...new Set(found)].sort().map((head) => head.replaceAll(/^\/\/ ?/gm, "").trim());
}

/** Texts of licences (SPDX) whose packages may come without one: the holder is who the package names. */
const TEXTS = {
  ISC: `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the
above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR
IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`,
};

function byName(license, author) {
  const holder = typeof author === "string" ? author : author?.name;
  const text = TEXTS[license];
  return text === undefined || holder === undefined ? [] : [`Copyright (c) ${holder} and contributors`, text];
}
