import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../compiler/plan/plan.js";
import { soapConfig } from "../../test/support/soap-config.js";
import { SoapConverter } from "../../test/support/soap-converter.js";
import { modelsWithValues } from "../../test/support/soap-models.js";
import { writeEnvelope, writeFault } from "./envelope.js";
import type { ElementModel, ServiceModel } from "./model.js";

// What a service of a random model answers, written by the codec that the tests of a policy use, is read by the module as it was meant.

/** How clients ask for the operation of a model. */
const REST = { operations: { Do: { rest: "POST /do", unwrap: false } }, faults: { Failed: 404 } };

/** Configurations are kept for the life of a module, so none gets more of them than its memory holds. */
const RUNS_OF_ONE = 20;
const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 100);

function elementsOf(model: ServiceModel): { output: ElementModel; detail: ElementModel } {
  const [operation] = model.operations;
  const [fault] = operation?.faults ?? [];
  if (operation?.output === undefined || fault === undefined) throw new Error("the operation lacks something");
  return { output: operation.output, detail: fault.element };
}

const parsed = (json: string | undefined): Json => JSON.parse(json ?? "");

describe("answers of random services", () => {
  it("are read as they were meant", async () => {
    let converter = await SoapConverter.start();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(modelsWithValues, async ({ model, output, detail }) => {
        if (++runs % RUNS_OF_ONE === 0) converter = await SoapConverter.start();
        expect(converter.configure(soapConfig(model, REST))).toBeUndefined();
        const elements = elementsOf(model);
        const answer = converter.answer("Do", writeEnvelope(model, { element: elements.output, value: output }));
        expect(answer.outcome, answer.element).toBe("answer");
        expect(parsed(answer.json)).toEqual(output);
        const message = { by: "sender" as const, reason: "no", detail: { element: elements.detail, value: detail } };
        const fault = converter.answer("Do", writeFault(model, message), 500);
        expect(fault.outcome, fault.element).toBe("declaredFault");
        expect(parsed(fault.json)).toEqual(detail);
      }),
      { numRuns: RUNS },
    );
  });
});
