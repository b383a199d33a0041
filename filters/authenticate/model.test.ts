import { expect, it } from "vitest";
import { textDomain, whyNot } from "../../compiler/expression/domains.js";
import { SourceFile } from "../../compiler/syntax/source.js";
import { modelOf } from "./model.js";

const origin = { source: new SourceFile("policy.yaml", "acme"), start: 0, end: 4 };
const acme = { name: "acme", origin, groups: [], credentials: [] };

it("tells a method that expressions know", () => {
  const { caller } = modelOf(
    ["x-api-key"],
    false,
  )({
    route: "orders",
    attribute: () => undefined,
    header: (name) => (name === "x-api-key" ? ["key"] : []),
    presenter: () => ({ known: "yes", consumer: acme }),
    assumed: undefined,
    show: () => "",
  });
  expect(caller?.consumer).toBe(acme);
  expect(whyNot(textDomain("auth.method"), caller?.method ?? "")).toBeUndefined();
});
