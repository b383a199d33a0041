import { describe, expect, it } from "vitest";
import { complexType, crm, element, fault, operation, service } from "../../../test/support/soap-model.js";
import type { ComplexType, ElementModel } from "../model.js";
import { chooseAll, faultStatuses, specOf } from "./choose.js";
import { kebab, plural, singular, wordsOf } from "./words.js";

const PARTNER: ElementModel[] = [element("id", "int", { min: 0 }), element("name", "string")];

/** How operations with such fields are offered. */
function chosen(operations: Record<string, ElementModel[]>, more: ComplexType[] = []): Record<string, unknown> {
  const types = Object.entries(operations).map(([name, fields]) => complexType(name, fields));
  const all = [...types, complexType("Partner", PARTNER), ...more];
  const model = service(
    Object.keys(operations).map((name) => operation(name, { input: element(name, `#${name}`) })),
    all,
  );
  const { choices, bound } = chooseAll(model);
  expect(bound).toHaveLength(choices.length);
  return Object.fromEntries(choices.map((one) => [one.operation.name, specOf(one)]));
}

const rest = (name: string, fields: ElementModel[]) => chosen({ [name]: fields })[name];

describe("an operation that gets", () => {
  it("one thing has its identifier in the path", () => {
    expect(rest("GetPartner", [element("id", "int")])).toBe("GET /partners/{id}");
    expect(rest("getPartner", [element("PartnerId", "string"), element("lang", "string", { min: 0 })])).toBe(
      "GET /partners/{partnerId}",
    );
    expect(rest("read_company", [element("company_no", "string")])).toEqual({
      rest: "GET /companies/{companyNo}",
      bind: { path: { companyNo: "company_no" } },
    });
    expect(rest("GetPartner", [element("name", "string")])).toBe("GET /partners/{name}");
  });

  it("many things has what is looked for in the query", () => {
    expect(rest("GetPartners", [])).toBe("GET /partners");
    expect(rest("GetAllPartners", [])).toBe("GET /partners");
    expect(rest("FindPartners", [element("name", "string", { min: 0 }), element("ids", "ints", { min: 0 })])).toBe(
      "GET /partners",
    );
    expect(rest("ListOrderStatus", [])).toBe("GET /order-statuses");
  });

  it("something that there is once has its name", () => {
    expect(rest("GetServerTime", [])).toBe("GET /server-time");
  });

  it("a thing by something else says so in the path", () => {
    expect(rest("GetPartnerByName", [element("name", "string")])).toBe("GET /partners/by-name/{name}");
    expect(rest("GetPartnerById", [element("id", "int")])).toBe("GET /partners/{id}");
  });

  it("by an object is a POST", () => {
    expect(rest("FindPartners", [element("like", "#Partner")])).toBe("POST /find-partners");
    expect(rest("FindPartners", [element("like", "#Partner", { min: 0 })])).toBe("POST /find-partners");
  });
});

describe("an operation that changes", () => {
  it("makes, with the only object as body", () => {
    expect(rest("CreatePartner", [element("partner", "#Partner")])).toEqual({
      rest: "POST /partners",
      success: 201,
      bind: { body: "partner" },
    });
    expect(rest("AddPartner", PARTNER)).toEqual({ rest: "POST /partners", success: 201 });
  });

  it("replaces what the path names, by a field of its own or one of the object", () => {
    expect(rest("UpdatePartner", [element("id", "int"), element("partner", "#Partner")])).toEqual({
      rest: "PUT /partners/{id}",
      bind: { body: "partner" },
    });
    expect(rest("UpdatePartner", [element("partner", "#Partner")])).toEqual({
      rest: "PUT /partners/{id}",
      bind: { body: "partner", path: { id: "partner.id" } },
    });
    expect(rest("UpdateAll", [])).toBe("POST /update-all");
  });

  it("removes what the path names", () => {
    expect(rest("DeletePartner", [element("id", "int")])).toBe("DELETE /partners/{id}");
    expect(rest("RemovePartner", [element("partner", "#Partner")])).toBe("POST /remove-partner");
  });
});

describe("any other operation", () => {
  it("is a POST to its name", () => {
    expect(rest("Reconcile", [])).toBe("POST /reconcile");
    expect(rest("SendHTTPMail", PARTNER)).toBe("POST /send-http-mail");
    expect(rest("Größe", [])).toBe("POST /gr-e");
    expect(rest("名前", [])).toBe("POST /operation");
  });

  it("never has what another one has", () => {
    expect(
      chosen({
        GetPartner: [element("id", "int")],
        ReadPartner: [element("id", "int")],
        GetPartnerByCode: [element("code", "string")],
        readPartner: [element("id", "int")],
        Read_Partner: [],
      }),
    ).toEqual({
      GetPartner: "GET /partners/{id}",
      ReadPartner: "POST /read-partner",
      GetPartnerByCode: "GET /partners/by-code/{code}",
      readPartner: "POST /read-partner-2",
      Read_Partner: "GET /partner",
    });
  });

  it("is bound without a finding, whatever it is", () => {
    const { choices, bound } = chooseAll(crm());
    expect(bound).toHaveLength(6);
    expect(choices.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /partners/{id}",
      "POST /partners",
      "POST /find-partners",
      "POST /ping",
      "POST /double",
      "POST /notify",
    ]);
  });
});

it("faults have the statuses that their names speak of", () => {
  const names = [
    "PartnerNotFound",
    "DuplicateName",
    "AccessDenied",
    "QuotaExceeded",
    "ServerBusy",
    "InternalError",
    "Odd",
  ];
  const model = service([operation("Do", { faults: names.map((name) => fault(name, "string")) })]);
  expect(faultStatuses(model)).toEqual({
    PartnerNotFound: 404,
    DuplicateName: 409,
    AccessDenied: 403,
    QuotaExceeded: 429,
    ServerBusy: 503,
    InternalError: 502,
    Odd: 422,
  });
});

it("words of names, and their plural", () => {
  expect(wordsOf("GetPartnerByID2")).toEqual(["get", "partner", "by", "id2"]);
  expect(wordsOf("getXMLFile_v2")).toEqual(["get", "xml", "file", "v2"]);
  expect(
    ["partner", "company", "day", "address", "box", "status", "orders", "news"].map((word) => kebab(plural([word]))),
  ).toEqual(["partners", "companies", "days", "addresses", "boxes", "statuses", "orders", "news"]);
  expect(["partners", "companies", "addresses", "status"].map(singular)).toEqual([
    "partner",
    "company",
    "address",
    "status",
  ]);
});
