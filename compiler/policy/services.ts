import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { type Entry, type Node, nodeAt } from "../syntax/document.js";
import { replaceEntry } from "../syntax/edits.js";
import { checkAccessLogs } from "./access-log.js";
import { checkBalancing } from "./balancing.js";
import type { CheckedGateway } from "./check.js";
import { checkTransport } from "./transport.js";
import { isIpAddress } from "./values.js";

/** Services, listeners and consumers: what the schema alone cannot say of them. */
export function checkServices(checked: CheckedGateway): Diagnostic[] {
  return [
    ...services(checked),
    ...checkBalancing(checked),
    ...listeners(checked),
    ...checkTransport(checked),
    ...checkAccessLogs(checked),
    ...credentials(checked),
  ];
}

function services({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  return Object.entries(gateway.services).flatMap(([name, service]) => {
    // As written: one that is not well-formed has a finding of its own.
    const written = (key: string) => nodeAt(root, ["services", name, key]) !== undefined;
    if (written("endpoints") === written("dns"))
      return [diagnose("SL0601", { service: name }, place(["services", name], "key"))];
    const byName = (service.endpoints ?? []).flatMap((endpoint, index) =>
      isIpAddress(endpoint.host)
        ? []
        : [
            diagnose(
              "SL0602",
              { host: endpoint.host },
              place(["services", name, "endpoints", index]),
              service.endpoints?.length === 1 ? asDns(nodeAt(root, ["services", name])) : {},
            ),
          ],
    );
    if (service.dns !== undefined && isIpAddress(service.dns.host))
      byName.push(
        diagnose(
          "SL0603",
          { host: service.dns.host },
          place(["services", name, "dns"]),
          asEndpoints(nodeAt(root, ["services", name])),
        ),
      );
    return byName;
  });
}

/** `endpoints: [a.example.com:80]` as `dns: a.example.com:80`. */
function asDns(service: Node | undefined): { fix?: Fix } {
  const entry = entryOf(service, "endpoints");
  const [item] = entry?.value.kind === "list" ? entry.value.items : [];
  if (entry === undefined || item?.kind !== "scalar" || typeof item.value !== "string") return {};
  const edits = replaceEntry(entry, "dns", JSON.stringify(item.value));
  return edits === undefined ? {} : { fix: { title: "make it `dns`", safe: true, edits } };
}

/** `dns: 10.0.0.1:80` as `endpoints: ["10.0.0.1:80"]`. */
function asEndpoints(service: Node | undefined): { fix?: Fix } {
  const entry = entryOf(service, "dns");
  if (entry?.value.kind !== "scalar" || typeof entry.value.value !== "string") return {};
  const edits = replaceEntry(entry, "endpoints", `[${JSON.stringify(entry.value.value)}]`);
  return edits === undefined ? {} : { fix: { title: "make it `endpoints`", safe: true, edits } };
}

function entryOf(node: Node | undefined, key: string): Entry | undefined {
  return node?.kind === "map" ? node.entries.find((entry) => entry.key.value === key) : undefined;
}

function listeners({ gateway, place }: CheckedGateway): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, string>();
  for (const [name, listener] of Object.entries(gateway.listeners)) {
    const path = ["listeners", name, "address"];
    const { host, port } = listener.address;
    if (!isIpAddress(host)) diagnostics.push(diagnose("SL0604", { host }, place(path)));
    const key = `${host} ${port}`;
    const first = seen.get(key);
    if (first !== undefined && port !== 0)
      diagnostics.push(
        diagnose("SL0605", { listener: first }, place(path), {
          related: [{ message: "first used here", span: place(["listeners", first, "address"]) }],
        }),
      );
    seen.set(key, name);
    if (listener.escapedSlashes !== "reject")
      diagnostics.push(
        diagnose(
          "SL0606",
          { option: "escapedSlashes", value: listener.escapedSlashes },
          place(["listeners", name, "escapedSlashes"]),
        ),
      );
    if (listener.headerUnderscores !== "reject")
      diagnostics.push(
        diagnose(
          "SL0606",
          { option: "headerUnderscores", value: listener.headerUnderscores },
          place(["listeners", name, "headerUnderscores"]),
        ),
      );
  }
  return diagnostics;
}

/** One key must lead to one consumer: the module refuses the same key twice, and so does the compiler. */
function credentials({ gateway, place }: CheckedGateway): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, (string | number)[]>();
  for (const [name, consumer] of Object.entries(gateway.consumers))
    for (const [index, { apiKey }] of consumer.credentials.entries()) {
      const path = ["consumers", name, "credentials", index, "apiKey"];
      const key = apiKey.from === "environment" ? `env:${apiKey.variable}` : apiKey.sha256;
      const first = seen.get(key);
      if (first !== undefined)
        diagnostics.push(
          diagnose("SL0203", {}, place(path), { related: [{ message: "first used here", span: place(first) }] }),
        );
      seen.set(key, path);
    }
  return diagnostics;
}
