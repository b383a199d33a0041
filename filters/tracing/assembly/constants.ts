import { prepareDelivery } from "./delivery";
import { prepareHeaders } from "./headers";
import { prepareHttpSpans } from "./http-spans";
import { preparePropagation } from "./propagation";
import { prepareNames } from "./span-names";
import { prepareValues } from "./span-values";
import { prepareSpans } from "./span-writer";
import { prepareSpanNames } from "./spans";
import { prepareQuestions } from "./stream-end";

/** Makes the constants of all tracing; once for a VM. */
export function prepareTracing(): void {
  prepareHeaders();
  preparePropagation();
  prepareNames();
  prepareValues();
  prepareSpans();
  prepareSpanNames();
  prepareHttpSpans();
  prepareQuestions();
  prepareDelivery();
}
