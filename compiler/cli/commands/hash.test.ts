import { spawnSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { isVerifierOf, VERIFIER, verifierOf } from "../../plan/verifier.js";
import { packageRoot } from "../files.js";
import { askedTwice } from "./hash.js";

const MAIN = join(packageRoot(), "dist/compiler/cli/main.js");

function hash(input: string | Uint8Array, ...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "hash", ...options], { input });
  return { status, out: stdout.toString(), errors: stderr.toString() };
}

describe("sluice hash", () => {
  it.each([
    ["a word", "correct horse"],
    ["other letters", "pässwörd €"],
    ["colons", "a:b:c"],
    ["1,024 bytes", "p".repeat(1024)],
  ])("prints a verifier of %s, with a salt of its own each time", (_, password) => {
    const [first, second] = [hash(password), hash(`${password}\n`)];
    for (const { status, out, errors } of [first, second]) {
      expect([status, errors]).toEqual([0, ""]);
      expect(out).toMatch(/^pbkdf2-sha256\$2000\$[\w-]{22}\$[\w-]{43}\n$/);
      expect(out.trimEnd()).toMatch(VERIFIER);
      expect(isVerifierOf(out.trimEnd(), Buffer.from(password))).toBe(true);
      expect(isVerifierOf(out.trimEnd(), Buffer.from(`${password} `))).toBe(false);
    }
    expect(first.out).not.toBe(second.out);
  });

  it("takes more rounds, within bounds", () => {
    expect(hash("secret", "--rounds", "20000").out).toMatch(/^pbkdf2-sha256\$20000\$/);
    for (const rounds of ["1999", "20001", "0", "-1", "2e3", "many"]) {
      const { status, out, errors } = hash("secret", "--rounds", rounds);
      expect([status, out]).toEqual([3, ""]);
      expect(errors).toContain("a whole number from 2000 to 20000 is needed");
    }
  });

  it.each([
    ["nothing", "", "the password is empty"],
    ["an empty line", "\n", "the password is empty"],
    ["two lines", "one\ntwo\n", "the password has a control character"],
    ["1,025 bytes", "p".repeat(1025), "the password is longer than 1024 bytes"],
    ["bytes that are not UTF-8", Uint8Array.of(0x70, 0xff), "the password is not UTF-8"],
  ])("refuses %s", (_, input, message) => {
    const { status, out, errors } = hash(input);
    expect([status, out]).toEqual([3, ""]);
    expect(errors).toContain(message);
  });

  it("takes no password as an argument, and does not repeat it", () => {
    const { status, out, errors } = hash("", "s3cr3t-word");
    expect([status, out]).toEqual([3, ""]);
    expect(errors).not.toContain("s3cr3t-word");
  });
});

describe("at a terminal", () => {
  function terminal() {
    const shown = new PassThrough();
    return { keys: new PassThrough(), shown, text: () => String(shown.read() ?? "") };
  }

  it("asks twice and shows nothing", async () => {
    const { keys, shown, text } = terminal();
    const asked = askedTwice(keys, shown);
    keys.write("hunteR\u007fr2\rhunter2\r");
    expect(await asked).toBe("hunter2");
    expect(text()).toBe("Password: \nOnce more: \n");
  });

  it("refuses two that differ, one that is empty, and an end", async () => {
    for (const [typed, message] of [
      ["one\rtwo\r", "the two passwords differ"],
      ["\r", "the password is empty"],
      ["one\r\u0003", "no password was given"],
      ["\u0004", "no password was given"],
    ]) {
      const { keys, shown } = terminal();
      const asked = askedTwice(keys, shown);
      keys.write(typed);
      await expect(asked).rejects.toThrow(message);
    }
  });
});

it("derives what PBKDF2 of Node's own gives", () => {
  const salt = Uint8Array.from({ length: 16 }, (_, index) => index);
  const hash = pbkdf2Sync("secret", salt, 2000, 32, "sha256").toString("base64url");
  expect(verifierOf("secret", 2000, salt)).toBe(`pbkdf2-sha256$2000$AAECAwQFBgcICQoLDA0ODw$${hash}`);
});
