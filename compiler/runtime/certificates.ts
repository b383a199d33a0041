import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { EnvironmentError } from "./environment-error.js";

/** A certificate with its private key, both PEM. */
export interface KeyedCertificate {
  certificate: string;
  key: string;
}

export interface Wanted {
  /** Common name; what checks a certificate looks at `names`. */
  name: string;
  /** Host names, IP addresses and URIs that it is for. */
  names: readonly string[];
  usage: "server" | "client";
}

const AUTHORITY_DAYS = 3650;
/** As long as browsers take a certificate for. */
const CERTIFICATE_DAYS = 397;
const TIMEOUT_MS = 30_000;

/**
 * An authority of its own, for development: P-256, signed by itself, for ten years.
 * @throws EnvironmentError if there is no `openssl` on PATH, or it fails
 */
export function makeAuthority(name: string): Promise<KeyedCertificate> {
  return inFolder(async (folder) => {
    const key = privateKey();
    const files = { "own.key": key, "own.cnf": authorityRequest(name) };
    await openssl(folder, files, [
      ...["req", "-new", "-x509", "-sha256", "-config", "own.cnf", "-key", "own.key"],
      ...["-set_serial", serial(), "-days", String(AUTHORITY_DAYS), "-out", "own.crt"],
    ]);
    return { certificate: await readFile(join(folder, "own.crt"), "utf8"), key };
  });
}

/**
 * A certificate that the authority signs: P-256, for 397 days.
 * @throws EnvironmentError as `makeAuthority`
 */
export function issue(authority: KeyedCertificate, wanted: Wanted): Promise<KeyedCertificate> {
  return inFolder(async (folder) => {
    const key = privateKey();
    const files = { "own.key": key, "own.cnf": request(wanted.name), "own.ext": extensions(wanted) };
    await openssl(folder, files, [
      "req",
      "-new",
      "-sha256",
      "-config",
      "own.cnf",
      "-key",
      "own.key",
      "-out",
      "own.csr",
    ]);
    await openssl(folder, { "ca.crt": authority.certificate, "ca.key": authority.key }, [
      ...["x509", "-req", "-sha256", "-in", "own.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", serial()],
      ...["-days", String(CERTIFICATE_DAYS), "-extfile", "own.ext", "-out", "own.crt"],
    ]);
    return { certificate: await readFile(join(folder, "own.crt"), "utf8"), key };
  });
}

/** What the machine's own openssl.cnf says is not asked for. */
function request(name: string): string {
  return `[req]\nprompt = no\ndistinguished_name = subject\n[subject]\nCN = ${name}\n`;
}

function authorityRequest(name: string): string {
  const own = "basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign";
  return `${request(name).replace("[req]", "[req]\nx509_extensions = own")}[own]\n${own}\nsubjectKeyIdentifier = hash\n`;
}

function extensions({ names, usage }: Wanted): string {
  const alternatives = names.map((name) => `${sortOf(name)}:${name}`);
  return [
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    `extendedKeyUsage = ${usage}Auth`,
    ...(alternatives.length === 0 ? [] : [`subjectAltName = ${alternatives.join(", ")}`]),
    "",
  ].join("\n");
}

function sortOf(name: string): "DNS" | "IP" | "URI" {
  if (isIP(name) !== 0) return "IP";
  return name.includes(":") ? "URI" : "DNS";
}

function privateKey(): string {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

/** RFC 5280, section 4.1.2.2: positive, and at most 20 bytes. */
function serial(): string {
  return `0x01${randomBytes(15).toString("hex")}`;
}

/** The folder is nobody else's, and gone afterwards: keys are in it. */
async function inFolder<R>(work: (folder: string) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-certificates-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openssl(
  folder: string,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  const result = await runCommand("openssl", args, { cwd: folder, timeoutMs: TIMEOUT_MS });
  switch (result.kind) {
    case "absent":
      throw new EnvironmentError(
        `certificates are made by openssl, which cannot be started: ${result.reason}\n  fix: install the package openssl of this system`,
      );
    case "timeout":
      throw new EnvironmentError(`openssl ${args[0]} did not end within ${TIMEOUT_MS} ms`);
    case "ended":
      if (result.code !== 0) throw new EnvironmentError(`openssl ${args[0]} failed: ${result.stderr.trim()}`);
  }
}
