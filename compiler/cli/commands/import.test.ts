import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../files.js";
import { checkCommand } from "./check.js";
import { importWsdlCommand } from "./import.js";

const CASES = join(packageRoot(), "filters/soap/wsdl/cases");
const WRITTEN = ["openapi.json", "policy.test.yaml", "policy.yaml"];

let folder = "";
let printed = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-import-"));
  printed = "";
  const print = (text: string | Uint8Array) => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(print);
  vi.spyOn(process.stderr, "write").mockImplementation(print);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function copied(name: string, to = folder): string {
  cpSync(join(CASES, name), to, { recursive: true, filter: (path) => !path.includes(".golden.") });
  return join(to, "service.wsdl");
}

describe("import wsdl", () => {
  it("writes a policy beside the WSDL, and says what it chose", async () => {
    expect(await importWsdlCommand(copied("wrapped"), {})).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual([...WRITTEN, "service.wsdl"]);
    expect(printed).toContain("GetPartner: GET /partners/{id}, because of `get` with the field `id`\n");
    expect(printed).toContain("service Partners, port PartnersSoap (SOAP 1.1)");
    expect(printed).toContain(`wrote ${join(folder, "policy.yaml")}\n`);
    printed = "";
    expect(await checkCommand([join(folder, "policy.yaml")], { format: "text", failOn: "error" })).toBe(0);
    const api = JSON.parse(readFileSync(join(folder, "openapi.json"), "utf8"));
    expect(Object.keys(api.paths)).toEqual(["/partners/{id}", "/partners"]);
  });

  it("copies a WSDL that lies elsewhere, with what it imports", async () => {
    const from = copied("imported-schemas", join(folder, "vendor"));
    const out = join(folder, "new", "gateway");
    expect(await importWsdlCommand(from, { out, name: "front" })).toBe(0);
    expect(readdirSync(out).toSorted()).toEqual(["interface.wsdl", ...WRITTEN, "schemas", "service.wsdl"].toSorted());
    expect(existsSync(join(out, "schemas/common/common types.xsd"))).toBe(true);
    expect(readFileSync(join(out, "policy.yaml"), "utf8")).toContain('name: "front"\n');
    expect(await checkCommand([join(out, "policy.yaml")], { format: "text", failOn: "error" })).toBe(0);
  });

  it("leaves a WSDL where it is that lies below the folder", async () => {
    const from = copied("imported-schemas", join(folder, "vendor", "crm"));
    expect(await importWsdlCommand(from, { out: folder })).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual([...WRITTEN, "vendor"].toSorted());
    expect(readFileSync(join(folder, "policy.yaml"), "utf8")).toContain("wsdl: ./vendor/crm/service.wsdl\n");
    expect(await checkCommand([join(folder, "policy.yaml")], { format: "text", failOn: "error" })).toBe(0);
  });

  it("offers the operations that it is told", async () => {
    expect(await importWsdlCommand(copied("wrapped"), { only: ["ListPartners"], port: "PartnersSoap" })).toBe(0);
    const policy = readFileSync(join(folder, "policy.yaml"), "utf8");
    expect(policy).toContain("port: PartnersSoap\n");
    expect(policy).toContain("ListPartners: GET /partners\n");
    expect(policy).not.toContain("GetPartner:");
  });

  it("overwrites nothing, and then writes nothing", async () => {
    const wsdl = copied("wrapped");
    writeFileSync(join(folder, "policy.test.yaml"), "mine");
    await expect(importWsdlCommand(wsdl, {})).rejects.toThrow(
      `nothing was written; there is already ${join(folder, "policy.test.yaml")}`,
    );
    expect(readdirSync(folder).toSorted()).toEqual(["policy.test.yaml", "service.wsdl"]);
  });

  it("overwrites no other file with one that it would copy", async () => {
    const from = copied("wrapped", join(folder, "vendor"));
    mkdirSync(join(folder, "out"));
    writeFileSync(join(folder, "out", "service.wsdl"), "<mine/>");
    await expect(importWsdlCommand(from, { out: join(folder, "out") })).rejects.toThrow("nothing was written");
    expect(readdirSync(join(folder, "out"))).toEqual(["service.wsdl"]);
  });

  it("reports what is wrong with the WSDL, and writes nothing", async () => {
    const wsdl = join(folder, "service.wsdl");
    writeFileSync(wsdl, "<definitions>");
    expect(await importWsdlCommand(wsdl, {})).toBe(1);
    expect(printed).toContain("service.wsdl:1:");
    expect(readdirSync(folder)).toEqual(["service.wsdl"]);
  });

  it("shows an option that names nothing as it was written", async () => {
    expect(await importWsdlCommand(copied("wrapped"), { only: ["GetPartnr"], service: "Partners" })).toBe(1);
    expect(printed).toContain("the command line:1:8: error");
    expect(printed).toContain("1 | --only GetPartnr\n");
  });

  it("wants a file, a folder to write to and a name that a gateway can have", async () => {
    const wsdl = copied("wrapped");
    await expect(importWsdlCommand(join(folder, "none.wsdl"), {})).rejects.toThrow("none.wsdl");
    await expect(importWsdlCommand(folder, {})).rejects.toThrow("not a file");
    await expect(importWsdlCommand(wsdl, { out: wsdl })).rejects.toThrow("is not a folder");
    await expect(importWsdlCommand(wsdl, { name: "My Gateway" })).rejects.toThrow("is no name of a gateway");
  });
});
