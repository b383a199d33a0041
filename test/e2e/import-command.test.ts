import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkCommand } from "../../compiler/cli/commands/check.js";
import { importWsdlCommand } from "../../compiler/cli/commands/import.js";
import { testCommand } from "../../compiler/cli/commands/test.js";
import { packageRoot } from "../../compiler/cli/files.js";

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

const root = packageRoot();
const fixtures = join(root, "test/soap/fixtures");
const CASES = join(root, "filters/soap/wsdl/cases");

async function importAndCheck(wsdl: string): Promise<void> {
  expect(await importWsdlCommand(wsdl, { out: folder }), printed).toBe(0);
  expect(await checkCommand([folder], { format: "text", failOn: "error" }), printed).toBe(0);
  printed = "";
}

describe("what is imported of the services of real stacks", () => {
  it.each(["spyne-crm.wsdl", "cxf-crm12.wsdl"])(
    "%s passes its own tests, on the embedded host and in Envoy",
    async (name) => {
      await importAndCheck(join(fixtures, name));
      const code = await testCommand([folder], { engine: "both", format: "text" });
      expect(code, printed).toBe(0);
      expect(printed).toMatch(/([0-9]+) passed; \1 of \1 on Envoy/);
    },
  );

  it("has a case for every operation, declared fault, null, empty answer and branch of a choice", async () => {
    await importAndCheck(join(fixtures, "spyne-crm.wsdl"));
    const tests = readFileSync(join(folder, "policy.test.yaml"), "utf8");
    const names = [...tests.matchAll(/^ {2}- name: (.*)$/gm)].map(([, name]) => name);
    expect(names).toEqual([
      "GetPartner answers",
      "GetPartner asks and answers with no more than must be",
      "GetPartner answers with null for partner.remark",
      "GetPartner answers with null for partner.address.street",
      "GetPartner answers with the branch partner.contact.email",
      "GetPartner answers with the branch partner.contact.phone",
      "GetPartner fails with PartnerNotFound",
      "ListPartners answers",
      "ListPartners asks and answers with no more than must be",
      "CreatePartner answers",
      "CreatePartner asks and answers with no more than must be",
      "CreatePartner takes null for partner.remark",
      "CreatePartner takes null for partner.address.street",
      "CreatePartner takes the branch partner.contact.email",
      "CreatePartner takes the branch partner.contact.phone",
      "CreatePartner refuses what its schema does not have",
      "CountTags answers",
      "CountTags asks and answers with no more than must be",
      "CountTags takes null for tags",
      "CountTags takes null for tags.string",
      "CountTags answers with null for count",
      "CountTags refuses what its schema does not have",
      "Ping answers",
      "Ping asks and answers with no more than must be",
      "Ping answers with null for version",
    ]);
  });
});

/** A word of the schema that no text fits, so that there is no case. */
const UNFIT = ["unicode"];

describe("what is imported of every sort of WSDL", () => {
  const folders = readdirSync(CASES).filter((name) => !name.startsWith("rejects-") && !UNFIT.includes(name));

  it.each(folders)("%s passes its own tests", async (name) => {
    await importAndCheck(join(CASES, name, "service.wsdl"));
    expect(await testCommand([folder], { engine: "embedded", format: "text" }), printed).toBe(0);
    expect(printed).toMatch(/: [0-9]+ passed\n$/);
  });
});
