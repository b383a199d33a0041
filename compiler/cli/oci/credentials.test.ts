import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { challengeIn } from "./challenge.js";
import { credentialsFor } from "./credentials.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-credentials-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HOST = "registry.example.com";
const base64 = (text: string) => Buffer.from(text).toString("base64");

function found(config: unknown, registry = HOST) {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  writeFileSync(join(folder, "config.json"), text);
  return credentialsFor(registry, { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` });
}

/** A program as `docker login` uses them, that knows one key. */
function helper(name: string, script: string): void {
  const path = join(folder, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\n[ "$1" = get ] || exit 9\nread -r key\n${script}\n`);
  chmodSync(path, 0o755);
}

describe("the file of Docker", () => {
  it("has a name and a password, in one text or in two", async () => {
    const expected = { kind: "password", username: "ann", password: "a:b" };
    expect(await found({ auths: { [HOST]: { auth: base64("ann:a:b") } } })).toEqual(expected);
    expect(await found({ auths: { [HOST]: { username: "ann", password: "a:b" } } })).toEqual(expected);
  });

  it("names a registry by its host, or as older versions did", async () => {
    for (const key of [HOST, `https://${HOST}`, `https://${HOST}/v1/`, `https://${HOST}/v2/`])
      expect(await found({ auths: { [key]: { auth: base64("ann:b") } } }), key).toMatchObject({ username: "ann" });
    const auths = { [`${HOST}:5000`]: { auth: base64("ann:b") } };
    expect(await found({ auths }, `${HOST}:5000`)).toMatchObject({ username: "ann" });
    expect(await found({ auths })).toBeUndefined();
  });

  it("has tokens in place of passwords", async () => {
    expect(await found({ auths: { [HOST]: { identitytoken: "t-1" } } })).toEqual({ kind: "identity", token: "t-1" });
    expect(await found({ auths: { [HOST]: { registrytoken: "t-2" } } })).toEqual({ kind: "bearer", token: "t-2" });
  });

  it("may be missing, or know nothing", async () => {
    expect(await credentialsFor(HOST, { DOCKER_CONFIG: join(folder, "nowhere") })).toBeUndefined();
    expect(await credentialsFor(HOST, { HOME: folder })).toBeUndefined();
    expect(await found({ auths: { "other.example.com": { auth: base64("ann:b") } } })).toBeUndefined();
    expect(await found({ auths: { [HOST]: {} } })).toBeUndefined();
  });

  it("is in .docker of the home", async () => {
    mkdirSync(join(folder, ".docker"));
    writeFileSync(
      join(folder, ".docker/config.json"),
      JSON.stringify({ auths: { [HOST]: { auth: base64("ann:b") } } }),
    );
    expect(await credentialsFor(HOST, { HOME: folder })).toMatchObject({ username: "ann" });
  });

  it("is not shown where it is damaged", async () => {
    const fix = "write it anew by `docker login`";
    await expect(found('{"auths": secret-7')).rejects.toThrow(`${folder}/config.json: this is not JSON; ${fix}`);
    const wrong = { auths: { [HOST]: { auth: 7, note: "secret-7" } } };
    const message = `${folder}/config.json: auths.${HOST} is not what Docker writes; ${fix}`;
    await expect(found(wrong)).rejects.toThrow(message);
    await expect(found({ auths: { [HOST]: { auth: base64("secret-7") } } })).rejects.toThrow(
      `${folder}/config.json: an \`auth\` is not a name and a password; ${fix}`,
    );
  });
});

describe("a credential helper", () => {
  const answer = (key: string, name: string) =>
    `[ "$key" = "${key}" ] && echo '{"ServerURL":"x","Username":"${name}","Secret":"s-1"}' && exit 0\necho credentials not found in native keychain; exit 1`;

  it("of one registry is asked before that of all", async () => {
    helper("one", answer(HOST, "ann"));
    helper("all", answer("other.example.com", "bob"));
    const config = { credHelpers: { [HOST]: "one" }, credsStore: "all" };
    expect(await found(config)).toEqual({ kind: "password", username: "ann", password: "s-1" });
    expect(await found(config, "other.example.com")).toMatchObject({ username: "bob" });
  });

  it("gives a token by a name that says so", async () => {
    helper("all", answer(`https://${HOST}/v1/`, "<token>"));
    expect(await found({ credsStore: "all" })).toEqual({ kind: "identity", token: "s-1" });
  });

  it("that knows nothing leaves the file", async () => {
    helper("all", answer("other.example.com", "bob"));
    const auths = { [HOST]: { auth: base64("ann:b") } };
    expect(await found({ credsStore: "all", auths })).toMatchObject({ username: "ann" });
    expect(await found({ credsStore: "all" })).toBeUndefined();
  });

  it("that fails, is not there or says something else is named, and what it said is not", async () => {
    helper("locked", "echo the keychain is locked, secret-7; exit 1");
    await expect(found({ credsStore: "locked" })).rejects.toThrow(
      `docker-credential-locked failed, so there are no credentials for ${HOST}; try: echo ${HOST} | docker-credential-locked get`,
    );
    await expect(found({ credsStore: "absent" })).rejects.toThrow(
      "docker-credential-absent, which the Docker configuration names, cannot be started: ",
    );
    helper("odd", 'echo \'{"Secret":"secret-7"}\'');
    await expect(found({ credsStore: "odd" })).rejects.toThrow(
      "docker-credential-odd gave something else than a name and a secret",
    );
    await expect(found({ credsStore: "../x" })).rejects.toThrow("has no name that a program can have");
  });
});

describe("a challenge", () => {
  it.each([
    ['Basic realm="x"', { scheme: "basic" }],
    [
      'Bearer realm="https://tokens.example.com/t",service="registry",scope="a"',
      { scheme: "bearer", realm: "https://tokens.example.com/t", service: "registry" },
    ],
    [
      'basic realm="x", bearer Realm="https://a.example.com/\\"q\\""',
      { scheme: "bearer", realm: 'https://a.example.com/"q"' },
    ],
    ["Negotiate", undefined],
    ['Bearer service="x"', undefined],
  ])("%s", (header, expected) => {
    expect(challengeIn(header)).toEqual(expected);
  });
});
