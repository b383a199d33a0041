import type { Any } from "@bufbuild/protobuf/wkt";

/** A filter of the chain that no route enters unasked. */
export function waitingFilter(name: string, configuration: Any) {
  return { name, disabled: true, configType: { case: "typedConfig" as const, value: configuration } };
}
