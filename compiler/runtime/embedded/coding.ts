import type { Transform } from "node:stream";
import { brotliCompressSync, constants, createBrotliCompress, createGzip, gzipSync } from "node:zlib";
import { HostFault } from "../../host/fault.js";
import { type Coding, withoutCoding } from "../../plan/native.js";
import type { GatewayPlan } from "../../plan/plan.js";

/** As much as Envoy takes (`quality` of its library): the highest would be a hundred times slower. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };

/** A plan with the codings that Node 20 has. */
export function servable(plan: GatewayPlan): GatewayPlan {
  return withoutCoding(plan, "zstd");
}

/** A body in a coding; as it is where there is none. */
export function encoded(body: Buffer, coding: Coding | undefined): Buffer {
  switch (coding) {
    case undefined:
      return body;
    case "br":
      return brotliCompressSync(body, BROTLI);
    case "gzip":
      return gzipSync(body);
    case "zstd":
      throw new HostFault("there is no zstd here");
  }
}

/** What a body goes through that comes piece by piece; nothing where there is no coding. */
export function encoders(coding: Coding | undefined): Transform[] {
  switch (coding) {
    case undefined:
      return [];
    case "br":
      return [createBrotliCompress(BROTLI)];
    case "gzip":
      return [createGzip()];
    case "zstd":
      throw new HostFault("there is no zstd here");
  }
}
