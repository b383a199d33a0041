import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { UPDATING } from "../support/golden.js";
import { CXF_PATHS, SPYNE_PATHS, wsdlFile } from "./fixtures.js";
import { type SoapServer, START_TIMEOUT_MS, startCxf, startSpyne } from "./servers/servers.js";

// That the stacks of others run here and do what the tests of the soap kind count on; these talk SOAP to them directly.

const SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP12 = "http://www.w3.org/2003/05/soap-envelope";

function envelope(body: string, namespace = SOAP11): string {
  return `<e:Envelope xmlns:e="${namespace}"><e:Body>${body}</e:Body></e:Envelope>`;
}

function tagsOf(xml: string): string[] {
  return xml
    .split(/(?=<)/)
    .map((tag) => tag.trim())
    .toSorted();
}

const stacks = [
  {
    name: "spyne",
    start: startSpyne,
    paths: SPYNE_PATHS,
    get: (id: number) => `<GetPartner xmlns="urn:example:crm"><id>${id}</id></GetPartner>`,
  },
  {
    name: "cxf",
    start: startCxf,
    paths: CXF_PATHS,
    get: (id: number) => `<c:GetPartner xmlns:c="urn:example:crm"><id>${id}</id></c:GetPartner>`,
  },
] as const;

describe.each(stacks)("$name", ({ name, start, paths, get }) => {
  let server: SoapServer;
  beforeAll(async () => {
    server = await start();
  }, START_TIMEOUT_MS);
  afterAll(() => server.stop());

  it.each(paths)("describes itself at %s as it did when the WSDL was written down", async (path) => {
    const file = join(packageRoot(), wsdlFile(name, path));
    const text = (await server.wsdl(path)).replaceAll(`127.0.0.1:${server.port}`, "127.0.0.1:8080");
    if (UPDATING) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    // The order of declarations is that of tables of hashes, which other versions of Python and Java may have otherwise.
    expect(tagsOf(text)).toEqual(tagsOf(readFileSync(file, "utf8")));
  });

  it("answers in SOAP 1.1 and 1.2", async () => {
    const one = await server.post("/crm", envelope(get(7)));
    expect(one).toMatchObject({
      status: 200,
      text: expect.stringContaining("&lt;Söhne&gt;"),
    });
    const two = await server.post("/crm12", envelope(get(7), SOAP12), "application/soap+xml; charset=utf-8");
    expect(two).toMatchObject({ status: 200, text: expect.stringContaining(SOAP12) });
    for (const { text } of [one, two]) expect(text).toContain("1234567890123456789012345678901234567890");
  });

  it("has a declared fault with a typed detail, and one that says too much", async () => {
    const declared = await server.post("/crm", envelope(get(9)));
    expect(declared).toMatchObject({ status: 500, text: expect.stringMatching(/PartnerNotFound.*id>9</) });
    const leaking = await server.post("/crm", envelope(get(13)));
    expect(leaking).toMatchObject({ status: 500, text: expect.stringContaining("crm-db-7.internal") });
  });
});
