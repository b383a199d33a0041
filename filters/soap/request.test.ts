import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { soapConfig } from "../../test/support/soap-config.js";
import { type ClientRequest, SoapConverter } from "../../test/support/soap-converter.js";
import { attribute, complexType, crm, element, group, operation, service } from "../../test/support/soap-model.js";

let converter: SoapConverter;
beforeAll(async () => {
  converter = await SoapConverter.start();
});

/** The content of the Body that a request becomes, without namespaces; or what is told of it. */
function body(request: ClientRequest): string {
  const { status, envelope, detail, pointer } = converter.convert(request);
  if (envelope === undefined) return [status, pointer, detail].filter((part) => part !== undefined).join(" ");
  return envelope.replace(/^.*<soap:Body>(.*)<\/soap:Body><\/soap:Envelope>$/s, "$1").replace(/(<\/?)n1:/g, "$1");
}

describe("a service", () => {
  beforeEach(() => {
    const operations = {
      GetPartner: { rest: "GET /partners/{id}", bind: { query: { fields: "fields" } } },
      CreatePartner: { rest: "PUT /partners/{id}", bind: { body: "partner", path: { id: "partner.id" } } },
      FindPartners: {
        rest: "POST /partners",
        bind: { query: { status: "filter.status", limit: "limit", ids: "ids" } },
      },
      Ping: "GET /ping",
      Double: "POST /double",
      Notify: "POST /notify",
    };
    expect(converter.configure(soapConfig(crm(), { operations }))).toBeUndefined();
  });

  const create = (value: object | string, path = "/partners/7") =>
    body({ operation: "CreatePartner", path, body: value });
  const find = (value: unknown, query = "") =>
    body({ operation: "FindPartners", path: "/partners", query, body: value });
  const PARTNER = { name: "Acme", birthday: null, status: "active" };

  it("gets a whole envelope with the namespaces of what is in it", () => {
    expect(converter.convert({ operation: "Ping", path: "/ping" }).envelope).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n1="http://example.com/crm">' +
        "<soap:Body><n1:Ping></n1:Ping></soap:Body></soap:Envelope>",
    );
  });

  it("gets elements in the order of its schema, whatever the order of the members", () => {
    expect(
      create({
        tags: ["x", "y"],
        mail: "a@b",
        status: "active",
        birthday: "2026-11-26",
        balance: { "@currency": "EUR", $value: 10 },
        name: "Acme",
        "@lang": "de",
        "@version": 3,
        parent: { name: "P", status: "gone", birthday: null },
      }),
    ).toBe(
      '<CreatePartner><partner version="3" lang="de"><id>7</id><name>Acme</name><birthday>2026-11-26</birthday>' +
        '<balance currency="EUR">10</balance><status>active</status><mail>a@b</mail><tags>x</tags><tags>y</tags>' +
        '<parent><name>P</name><birthday xsi:nil="true"/><status>gone</status></parent></partner></CreatePartner>',
    );
  });

  it("gets parameters of the path and of the query where they are bound, read by their type", () => {
    expect(find({}, "limit=%2B5&status=active&ids=1&ids=%202%20&ids=-3")).toBe(
      "<FindPartners><filter><status>active</status></filter><limit>+5</limit><ids>1 2 -3</ids></FindPartners>",
    );
    expect(find({ filter: { text: "a" } }, "status=gone")).toBe(
      "<FindPartners><filter><text>a</text><status>gone</status></filter></FindPartners>",
    );
    expect(body({ operation: "GetPartner", path: "/partners/007", query: "fields=a%26b&fields=&fields=c+d" })).toBe(
      "<GetPartner><id>007</id><fields>a&amp;b</fields><fields></fields><fields>c d</fields></GetPartner>",
    );
    expect(create(PARTNER, "/partners/%37")).toContain("<id>7</id>");
  });

  it.each([
    ["limit=x", 'The query parameter "limit" must be a whole number, without fraction and exponent.'],
    ["limit=5&limit=5", 'The query parameter "limit" is given more than once.'],
    ["limt=5", 'The query parameter "limt" is not known.'],
    ["limit=5&=1", 'The query parameter "" is not known.'],
    ["%ff=1", 'The query parameter "%ff" is not known.'],
    ["limit=%zz", 'The query parameter "limit" is not percent-encoded UTF-8.'],
    ["limit=%ff", 'The query parameter "limit" is not percent-encoded UTF-8.'],
    ["status=new", 'The query parameter "status" is none of those that are allowed.'],
    ["ids=1+2", 'The query parameter "ids" stands in a list, so it must not be empty or have white space in it.'],
    ["ids=1,2", 'The query parameter "ids" must be a whole number, without fraction and exponent.'],
  ])("refuses the query %s", (query, detail) => {
    expect(find({}, query)).toBe(`400 ${detail}`);
  });

  it("names a parameter of the path that does not fit, and a member that it gives already", () => {
    expect(create(PARTNER, "/partners/x")).toBe(
      '400 The path parameter "id" must be a whole number, without fraction and exponent.',
    );
    expect(create({ ...PARTNER, id: 7 })).toBe('400 /id The value is given by path parameter "id".');
    expect(find({ limit: 1 }, "limit=1")).toBe('400 /limit The value is given by query parameter "limit".');
    expect(find({ filter: null }, "status=gone")).toBe("400 /filter The value must not be null.");
    expect(find({ filter: [] }, "status=gone")).toBe("400 /filter The value must be an object.");
  });

  it.each<[object | null, string]>([
    [{ ...PARTNER, Name: "A" }, "/Name The member is not known."],
    [{ ...PARTNER, "a/b~c": 1 }, "/a~1b~0c The member is not known."],
    [{ ...PARTNER, "": 1 }, "/ The member is not known."],
    [{ name: "A", status: "active" }, '/birthday The member "birthday" is missing.'],
    [{ ...PARTNER, name: null }, "/name The value must not be null."],
    [{ ...PARTNER, name: 7 }, "/name The value must be a string."],
    [{ ...PARTNER, name: ["A"] }, "/name The value must be a string."],
    [{ ...PARTNER, name: {} }, "/name The value must be a string."],
    [{ ...PARTNER, "@version": "3" }, "/@version The value must be a number."],
    [{ ...PARTNER, "@version": 1.5 }, "/@version The value must be a whole number, without fraction and exponent."],
    [{ ...PARTNER, "@version": 2147483648 }, "/@version The value is too large."],
    [{ ...PARTNER, "@version": null }, "/@version The value must not be null."],
    [{ ...PARTNER, phone: "1", mail: "a" }, '/mail Only one may be given of "phone", "mail".'],
    [{ ...PARTNER, tags: "x" }, "/tags The value must be an array."],
    [{ ...PARTNER, tags: ["1", "2", "3", "4", "5", "6"] }, "/tags The value must have at most 5 items."],
    [{ ...PARTNER, tags: ["a", null] }, "/tags/1 The value must not be null."],
    [{ ...PARTNER, birthday: "today" }, "/birthday The value does not have the form that is wanted."],
    [{ ...PARTNER, status: "new" }, "/status The value is none of those that are allowed."],
    [{ ...PARTNER, balance: { $value: 1 } }, '/balance/@currency The member "@currency" is missing.'],
    [{ ...PARTNER, balance: { "@currency": "EUR" } }, '/balance/$value The member "$value" is missing.'],
    [
      { ...PARTNER, balance: { "@currency": "EURO", $value: 1 } },
      "/balance/@currency The value does not have the form that is wanted.",
    ],
    [{ ...PARTNER, balance: 1 }, "/balance The value must be an object."],
    [{ ...PARTNER, photo: "AAA" }, "/photo The value must be bytes in base64."],
    [{ ...PARTNER, photo: Buffer.alloc(17).toString("base64") }, "/photo The value is too long."],
    [{ ...PARTNER, code: "new" }, "/code The value is of none of the types that are allowed."],
    [
      { ...PARTNER, parent: { ...PARTNER, parent: { ...PARTNER, name: 1 } } },
      "/parent/parent/name The value must be a string.",
    ],
    [null, " The value must not be null."],
    [[], " The value must be an object."],
  ])("refuses %j", (value, told) => {
    const { status, pointer, detail } = converter.convert({
      operation: "CreatePartner",
      path: "/partners/7",
      body: value,
    });
    expect({ status, told: `${pointer} ${detail}` }).toEqual({ status: 400, told });
  });

  it("takes an array without items for none, null where it may be, and codes of all members of a union", () => {
    expect(create({ ...PARTNER, tags: [], code: "-5" })).toBe(
      '<CreatePartner><partner><id>7</id><name>Acme</name><birthday xsi:nil="true"/><status>active</status><code>-5</code></partner></CreatePartner>',
    );
  });

  it("keeps digits", () => {
    const amount = (text: string) =>
      create(`{"name":"A","birthday":null,"status":"gone","balance":{"@currency":"EUR","$value":${text}}}`);
    for (const text of ["123456789012345678901234567890.10", "-0.000", "0", "-1"])
      expect(amount(text)).toContain(`>${text}</balance>`);
    expect(amount("1e2")).toBe("400 /balance/$value The value must be a decimal number, without exponent.");
  });

  it("takes a single value as the whole input", () => {
    expect(body({ operation: "Double", body: 21 })).toBe("<Double>21</Double>");
    expect(body({ operation: "Notify", body: '"a<b"' })).toBe("<Notify>a&lt;b</Notify>");
    expect(body({ operation: "Double", body: '"21"' })).toBe("400  The value must be a number.");
  });

  it("takes nothing but an empty object where an operation has no body", () => {
    expect(body({ operation: "Ping", body: "{}" })).toBe("<Ping></Ping>");
    const refused = "400  The value must be an empty object: this operation takes no body.";
    for (const value of ['{"a":1}', "[]", "null", "1"]) expect(body({ operation: "Ping", body: value })).toBe(refused);
  });

  it.each([
    ["", "The body is not JSON at byte 0."],
    ["{", "The body is not JSON at byte 1."],
    ['{"a":1}}', "The body is not JSON at byte 7."],
    [Buffer.from('{"\xff":1}', "latin1"), "The body is not UTF-8 at byte 2."],
    ["[".repeat(100_000), "The body lies too deep in itself at byte 65."],
  ])("refuses what is no JSON: %j", (value, detail) => {
    expect(find(value)).toBe(`400 ${detail}`);
  });

  it("refuses a member that stands twice", () => {
    expect(find('{"limit":1,"limit":1}')).toBe("400 /limit The member stands there twice.");
    expect(find('{"limit":1,"lim\\u0069t":2}')).toBe("400 /limit The member stands there twice.");
  });

  it("makes problem documents", () => {
    find({ 'a"\u0001': 1 });
    expect(JSON.parse(converter.problem())).toEqual({
      type: "about:blank",
      title: "Bad Request",
      status: 400,
      detail: "The member is not known.",
      pointer: '/a"\u0001',
    });
    find("x");
    expect(converter.problem()).toBe(
      '{"type":"about:blank","title":"Bad Request","status":400,"detail":"The body is not JSON at byte 0."}',
    );
  });
});

describe("content", () => {
  /** A service whose only operation has an input with this content. */
  function configure(content: Parameters<typeof complexType>[1], more: Parameters<typeof complexType>[2] = {}): void {
    const model = service([operation("Do", { input: element("Do", "#Do") })], [complexType("Do", content, more)]);
    expect(converter.configure(soapConfig(model, { operations: { Do: "POST /do" } }))).toBeUndefined();
  }
  const convert = (value: unknown) => body({ operation: "Do", body: value });

  it("of a choice of sequences takes one branch, and all of it", () => {
    const pair = group("sequence", [element("a", "string"), element("b", "string", { min: 0 })]);
    const other = group("sequence", [
      element("c", "string"),
      group("choice", [element("d", "int"), element("e", "int")]),
    ]);
    configure([element("first", "string"), group("choice", [pair, other]), element("last", "string")]);
    const around = (inner: object) => convert({ last: "z", ...inner, first: "y" });
    expect(around({ b: "2", a: "1" })).toBe("<Do><first>y</first><a>1</a><b>2</b><last>z</last></Do>");
    expect(around({ e: 2, c: "1" })).toBe("<Do><first>y</first><c>1</c><e>2</e><last>z</last></Do>");
    expect(around({ b: "2" })).toBe('400 /a The member "a" is missing.');
    expect(around({ c: "2" })).toBe('400  One is needed of "d", "e".');
    expect(around({})).toBe('400  One is needed of "a", "b", "c", "d", "e".');
    expect(around({ a: "1", d: 1 })).toBe('400 /d Only one may be given of "a", "d".');
    expect(around({ c: "1", d: 1, e: 1 })).toBe('400 /e Only one may be given of "d", "e".');
  });

  it("of a group that may be absent is all there or not at all", () => {
    configure([
      group("sequence", [element("a", "string"), element("b", "string")], true),
      element("c", "string", { min: 0 }),
    ]);
    expect(convert({})).toBe("<Do></Do>");
    expect(convert({ c: "" })).toBe("<Do><c></c></Do>");
    expect(convert({ b: "" })).toBe('400 /a The member "a" is missing.');
  });

  it("of a choice that can be satisfied by nothing may be empty", () => {
    configure(group("choice", [element("a", "string", { min: 0 }), element("b", "string")]));
    expect(convert({})).toBe("<Do></Do>");
    configure(group("choice", [element("a", "string", { max: "unbounded" }), element("b", "string")], true));
    expect(convert({ a: [] })).toBe("<Do></Do>");
    expect(convert({ a: [], b: "1" })).toBe("<Do><b>1</b></Do>");
    expect(convert({ a: ["1"], b: "1" })).toBe('400 /b Only one may be given of "a", "b".');
  });

  it("of all comes in one order", () => {
    configure(group("all", [element("a", "string"), element("b", "string", { min: 0 })]));
    expect(convert({ b: "2", a: "1" })).toBe("<Do><a>1</a><b>2</b></Do>");
  });

  it("counts the items of arrays", () => {
    configure([element("a", "int", { min: 2, max: 3 })]);
    expect(convert({ a: [1, 2] })).toBe("<Do><a>1</a><a>2</a></Do>");
    expect(convert({ a: [1] })).toBe("400 /a The value must have at least 2 items.");
    expect(convert({ a: [1, 2, 3, 4] })).toBe("400 /a The value must have at most 3 items.");
    expect(convert({ a: [] })).toBe('400 /a The member "a" is missing.');
    expect(convert({ a: [1, "2"] })).toBe("400 /a/1 The value must be a number.");
  });

  it("writes lists as one text, and refuses items that a list would split", () => {
    configure([element("a", "ints", { min: 0 })], { attributes: [attribute("b", "ints")] });
    expect(convert({ a: [1, -2], "@b": [] })).toBe('<Do b=""><a>1 -2</a></Do>');
    expect(convert({ a: [1, 1.5] })).toBe("400 /a/1 The value must be a whole number, without fraction and exponent.");
    expect(convert({ a: 1 })).toBe("400 /a The value must be an array.");
  });

  it("holds values to what is fixed, whatever way they are written", () => {
    configure([element("a", "decimal", { fixed: "1.50" }), element("b", "string", { fixed: "x" })]);
    expect(convert('{"a":1.5,"b":"x"}')).toBe("<Do><a>1.5</a><b>x</b></Do>");
    expect(convert('{"a":1.51,"b":"x"}')).toBe("400 /a The value is not the one that is fixed.");
    expect(convert('{"a":1.5,"b":"X"}')).toBe("400 /b The value is not the one that is fixed.");
  });

  it("has INF and NaN as strings, and exponents in doubles only", () => {
    configure([element("a", "double", { min: 0, max: "unbounded" }), element("b", "int", { min: 0 })]);
    expect(convert('{"a":["INF","-INF","NaN",1e400,-0.5E-7]}')).toBe(
      "<Do><a>INF</a><a>-INF</a><a>NaN</a><a>1e400</a><a>-0.5E-7</a></Do>",
    );
    expect(convert({ a: ["+INF"] })).toBe('400 /a/0 The value must be a number, "INF", "-INF" or "NaN".');
    expect(convert('{"b":1e2}')).toBe("400 /b The value must be a whole number, without fraction and exponent.");
    expect(convert('{"b":1.0}')).toBe("400 /b The value must be a whole number, without fraction and exponent.");
  });
});
