import { bytesOf, byteTextOf } from "../host/byte-text.js";
import { HostFault } from "../host/fault.js";
import type { Stream } from "../host/stream.js";
import type { Vm } from "../host/vm.js";
import { digestingOf, heldBytes } from "../plan/body.js";
import { type Answer, type GuardedRequest, localAnswer } from "./passage.js";
import type { Reception } from "./worker.js";

/** What becomes of a request on a route whose callers sign what the body is: `body.wasm` holds it until it is whole, if it has a digest. */
export function compareDigest(
  guarded: GuardedRequest,
  vm: Vm | undefined,
  hasBody: boolean,
  goOn: () => Reception,
): Reception {
  const { stream, run, route, attributes } = guarded;
  const digesting = digestingOf(run);
  const { headers } = stream.request;
  if (digesting === undefined) return goOn();
  if (vm === undefined || headers === undefined)
    throw new HostFault(`nothing compares the bodies of route ${route.name}`);
  const own = vm.stream({
    attributes,
    allowStopIteration: true,
    bufferLimit: heldBytes(run),
    filterState: stream.filterState,
  });
  own.requestHeaders(headers, !hasBody);
  if (own.localReply !== undefined) return { step: "answered", answer: refusal(guarded, own) };
  if (!own.isHeld("request")) {
    own.finish();
    return goOn();
  }
  const most = digesting.digest.maxBody;
  return {
    step: "held",
    body: {
      most,
      whole: (body) => {
        own.requestData(body, true);
        if (own.localReply !== undefined) return { step: "answered", answer: refusal(guarded, own) };
        if (own.isHeld("request")) throw new HostFault(`body.wasm holds a request of route ${route.name}`);
        own.finish();
        return goOn();
      },
      tooLarge: () => {
        own.requestData(new Uint8Array(most + 1), false);
        return refusal(guarded, own);
      },
      end: () => {
        own.finish();
        stream.finish();
      },
    },
  };
}

/** The answer of `body.wasm`; it goes through the guard, as all answers do. */
function refusal(guarded: GuardedRequest, own: Stream): Answer {
  const { headers, body } = own.answer;
  const { stream } = guarded;
  if (headers === undefined) throw new HostFault(`body.wasm holds an answer of route ${guarded.route.name}`);
  const text = guarded.request.method === "HEAD" ? "" : body.map(byteTextOf).join("");
  stream.responseHeaders(headers, text === "", own.details);
  if (text !== "") stream.responseData(bytesOf(text), true);
  own.finish();
  return localAnswer(guarded, false);
}
