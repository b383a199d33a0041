import { LAST_STREAM_TYPE, Status, StreamType } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import { deserializePairs } from "./pairs.js";

/** What a module does to a stream: answer it, let it go on, end it, speak for it. */
export function streamFunctions(border: Border): HostFunctions {
  return { ...replyFunctions(border), ...controlFunctions(border) };
}

function replyFunctions(border: Border): HostFunctions {
  const { memory } = border;
  return {
    proxy_send_local_response: (status, details, detailsLength, body, bodyLength, pairs, pairsLength, grpcStatus) => {
      const reason = memory.text(details, detailsLength);
      const text = memory.text(body, bodyLength);
      const headers = memory.bytes(pairs, pairsLength);
      if (reason === undefined || text === undefined || headers === undefined) return Status.InvalidMemoryAccess;
      const reply = {
        status,
        grpcStatus,
        body: text,
        headers: deserializePairs(headers),
        details: reason.replace(/[\t\n\v\f\r ]/g, "_"),
      };
      const context = border.context();
      // A reply in the name of a root goes nowhere, and says so to nobody (envoyproxy/envoy issue 39797).
      if (context.sort === "stream") context.stream.reply(reply);
      border.stopIteration();
      return Status.Ok;
    },
  };
}

function controlFunctions(border: Border): HostFunctions {
  return {
    proxy_continue_stream: (type) => {
      if (type === StreamType.Upstream) return Status.Unimplemented;
      if (type > LAST_STREAM_TYPE) return Status.BadArgument;
      const context = border.context();
      if (context.sort !== "stream" || type === StreamType.Downstream) return Status.Ok;
      context.stream.resume(type === StreamType.Request ? "request" : "response");
      return Status.Ok;
    },
    proxy_close_stream: (type) => {
      if (type > LAST_STREAM_TYPE) return Status.BadArgument;
      const context = border.context();
      const isHttp = type === StreamType.Request || type === StreamType.Response;
      if (context.sort === "stream" && isHttp)
        context.stream.close(type === StreamType.Request ? "request" : "response");
      return Status.Ok;
    },
    proxy_set_effective_context: (id) => {
      const context = border.contextOf(id);
      if (context === undefined) return Status.BadArgument;
      border.setEffectiveContext(context);
      return Status.Ok;
    },
    // A plugin that is not being shut down has nothing to be done with. Shutting down in two steps is not modelled.
    proxy_done: () => Status.NotFound,
  };
}
