/** A value that the filter `set_filter_state` writes. */
export function stateValue(objectKey: string, text: string) {
  const formatString = {
    format: { case: "textFormatSource" as const, value: { specifier: { case: "inlineString" as const, value: text } } },
  };
  return {
    key: { case: "objectKey" as const, value: objectKey },
    factoryKey: "envoy.string",
    value: { case: "formatString" as const, value: formatString },
  };
}
