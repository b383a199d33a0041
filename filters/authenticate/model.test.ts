import { expect, it } from "vitest";
import { textDomain, whyNot } from "../../compiler/expression/domains.js";
import { METHODS } from "./methods/index.js";

it.each(Object.values(METHODS).map(({ name }) => name))("expressions know the method %s", (name) => {
  expect(whyNot(textDomain("auth.method"), name)).toBeUndefined();
});
