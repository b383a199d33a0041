// What is kept of a dump: the same text whenever it was made.

/** @param replaced what stands for something else in the dump, by what it is in the stored text */
export function stored(dump, replaced, digest) {
  const { configs } = JSON.parse(dump);
  const of = (type) => configs.find((one) => one["@type"].endsWith(`.${type}`)) ?? {};
  const translated = {
    resources: digest,
    listeners: (of("ListenersConfigDump").dynamic_listeners ?? []).map(
      (one) => (one.active_state ?? one.warming_state).listener,
    ),
    routes: (of("RoutesConfigDump").dynamic_route_configs ?? []).map((one) => one.route_config),
    clusters: (of("ClustersConfigDump").dynamic_active_clusters ?? [])
      .map((one) => one.cluster)
      .filter(({ name }) => name.startsWith("outbound|")),
    extensions: (of("EcdsConfigDump").ecds_filters ?? []).map((one) => one.ecds_filter),
  };
  let text = JSON.stringify(withoutTypes(translated));
  for (const [there, here] of replaced)
    text = /^\d+$/.test(there)
      ? text.replaceAll(new RegExp(`(?<!\\d)${there}(?!\\d)`, "g"), here)
      : text.replaceAll(there, here);
  const named = JSON.parse(text);
  for (const list of Object.values(named)) if (Array.isArray(list)) list.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${JSON.stringify(ordered(named), undefined, 1)}\n`;
}

/** Envoy writes maps in any order. */
function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, ordered(value[key])]),
  );
}

/** The type of a whole resource is known by the list that it is in; that of an extension is not. */
function withoutTypes(translated) {
  for (const list of Object.values(translated)) if (Array.isArray(list)) for (const one of list) delete one["@type"];
  for (const { typed_config } of translated.extensions)
    delete typed_config?.config?.vm_config?.environment_variables?.key_values;
  return translated;
}
