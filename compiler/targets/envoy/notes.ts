import { ConfigSchema } from "../../envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js";
import { packed } from "../../envoy/message.js";
import { isEnforced } from "../../plan/global-limits.js";
import { filterStateKey, NOTE_FILTERS, NOTED } from "../../plan/names.js";
import {
  BODY_DENIED,
  EXTERNALLY_DENIED,
  externalAuthOf,
  type NativePolicy,
  smallestBodyLimit,
} from "../../plan/native.js";
import { stateValue } from "./state-value.js";
import { waitingFilter } from "./waiting-filter.js";

// Filters of Envoy that refuse requests behind the guard tell no log who they were. So what will be the decision if the next one
// goes no further is noted before it, and behind the last one that of the guard again. All of it is for the access log alone.

type Policy = { name: string; native?: NativePolicy; mode?: unknown };

/** What the access log shows first, if it is there. */
export const NOTED_STATE = `${NOTED}:PLAIN`;

/** Whether some policy needs notes. */
export function needsNotes(policies: readonly Policy[]): boolean {
  return policies.some(
    ({ native, mode }) =>
      native?.filter === "buffer" ||
      native?.filter === "externalAuth" ||
      (native?.filter === "ratelimit" && isEnforced({ mode })),
  );
}

/** The filter that notes; routes say what. */
export function noteFilter(name: (typeof NOTE_FILTERS)[keyof typeof NOTE_FILTERS]) {
  return waitingFilter(name, packed(ConfigSchema, {}));
}

/** What is noted on one route. */
export function notes(run: readonly Policy[]) {
  const [external, limit] = [externalAuthOf(run), smallestBodyLimit(run)];
  if (!needsNotes(run)) return [];
  return [
    ...(external === undefined ? [] : [note(NOTE_FILTERS.externalAuth, `${external.name}${EXTERNALLY_DENIED}`)]),
    ...(limit === undefined ? [] : [note(NOTE_FILTERS.bodyLimit, `${limit.name}${BODY_DENIED}`)]),
    note(NOTE_FILTERS.passed, `%FILTER_STATE(${filterStateKey("decision")}:PLAIN)%`),
  ];
}

function note(filter: string, text: string) {
  return { filter, configuration: packed(ConfigSchema, { onRequestHeaders: [stateValue(NOTED, text)] }) };
}
