import {
  BufferPerRouteSchema,
  BufferSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.js";
import { HTTPFaultSchema } from "../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js";
import { FractionalPercent_DenominatorType as Denominator } from "../../envoy/generated/envoy/type/v3/percent_pb.js";
import { packed } from "../../envoy/message.js";
import { BODY_FILTERS } from "../../plan/names.js";
import { BODY_TOO_LARGE } from "../../plan/native.js";
import { waitingFilter } from "./waiting-filter.js";

// Envoy's filter `buffer` does not count what comes with the end of a request: a body in one frame of HTTP/2, or one that another
// filter held before, goes past it whatever its size (seen on 1.40). But it leaves a `content-length` behind that is true, as the
// codecs hold clients to what they say. So a filter behind it looks at that, and one in front of it at what the client says.

/** The filters that refuse bodies. A route that asks for nothing passes them by. */
export function bodyLimitFilters(purpose: keyof typeof BODY_FILTERS) {
  const { said, held, measured } = BODY_FILTERS[purpose];
  return [
    lengthFilter(said),
    // Without a limit Envoy refuses it.
    waitingFilter(held, packed(BufferSchema, { maxRequestBytes: 1 })),
    lengthFilter(measured),
  ];
}

/** What they do on one route. */
export function bodyLimit(purpose: keyof typeof BODY_FILTERS, bytes: number) {
  const { said, held, measured } = BODY_FILTERS[purpose];
  const override = { case: "buffer" as const, value: { maxRequestBytes: bytes } };
  const length = packed(HTTPFaultSchema, {
    headers: [
      {
        name: "content-length",
        headerMatchSpecifier: { case: "rangeMatch", value: { start: BigInt(bytes) + 1n, end: MOST } },
      },
    ],
    abort: {
      errorType: { case: "httpStatus", value: BODY_TOO_LARGE.status },
      percentage: { numerator: 100, denominator: Denominator.HUNDRED },
      responseBody: BODY_TOO_LARGE.body,
    },
  });
  return [
    { filter: said, configuration: length },
    { filter: held, configuration: packed(BufferPerRouteSchema, { override }) },
    { filter: measured, configuration: length },
  ];
}

/** The end of the range is not in it; no codec takes a length that is as large. */
const MOST = 2n ** 63n - 1n;

function lengthFilter(name: string) {
  return waitingFilter(name, packed(HTTPFaultSchema, {}));
}
