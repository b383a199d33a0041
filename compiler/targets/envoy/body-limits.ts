import {
  BufferPerRouteSchema,
  BufferSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import type { BodyLimitPlan } from "../../plan/native.js";

/** The filter that holds bodies until they are whole. A route that asks for nothing passes it by; without a limit Envoy refuses it. */
export function bodyLimitFilter() {
  return {
    name: extensionNames.buffer,
    disabled: true,
    configType: { case: "typedConfig" as const, value: packed(BufferSchema, { maxRequestBytes: 1 }) },
  };
}

/** What it does on one route. */
export function bodyLimit({ bytes }: BodyLimitPlan) {
  const override = { case: "buffer" as const, value: { maxRequestBytes: bytes } };
  return { filter: extensionNames.buffer, configuration: packed(BufferPerRouteSchema, { override }) };
}
