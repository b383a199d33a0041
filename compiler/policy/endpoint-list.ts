import { isIP } from "node:net";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { type MapNode, type Node, readDocument } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import type { NamedFile } from "./named-files.js";
import type { Endpoint } from "./values.js";

/** What a file says of a service. */
export interface EndpointList {
  /** From the folder of the policy file. */
  path: string;
  text: string;
  /** Without their weights and priorities, which are for Envoy. */
  endpoints: Endpoint[];
}

const ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

/**
 * Reads a file of Envoy's endpoint discovery, as far as Envoy would refuse it: a `DiscoveryResponse` of one
 * `ClusterLoadAssignment`, whose endpoints have IP addresses. What else is in it, such as weights and localities, is Envoy's.
 *
 * @param name that it must be of
 * @param from where the file is named
 */
export function readEndpointList(
  { path, source }: NamedFile,
  name: string,
  from: Span,
  report: (finding: Diagnostic) => void,
): EndpointList | undefined {
  const named = { related: [{ message: "named here", span: from }] };
  let isGood = true;
  const refuse = (finding: Diagnostic) => {
    isGood = false;
    report({ ...finding, ...named });
  };
  const { root, diagnostics } = readDocument(source);
  for (const finding of diagnostics) refuse(finding);
  if (root === undefined) return undefined;
  const wrong = (reason: string, span: Span) => refuse(diagnose("SL0653", { reason }, span));

  const resources = root.kind === "map" ? member(root, "resources") : undefined;
  if (resources?.kind !== "list") {
    wrong("it has no list `resources`", root.span);
    return undefined;
  }
  const [assignment, second] = resources.items;
  if (assignment?.kind !== "map" || second !== undefined) {
    wrong(`\`resources\` has ${resources.items.length} items in place of one`, (second ?? resources).span);
    return undefined;
  }
  if (textOf(member(assignment, "@type")) !== ASSIGNMENT)
    wrong(`the one resource needs \`"@type": ${ASSIGNMENT}\``, (member(assignment, "@type") ?? assignment).span);
  const cluster = member(assignment, "cluster_name");
  if (textOf(cluster) !== name) {
    const found = cluster === undefined ? "nothing" : `\`${textOf(cluster) ?? ""}\``;
    refuse(diagnose("SL0654", { name, found }, (cluster ?? assignment).span));
  }
  const endpoints = listOf(member(assignment, "endpoints")).flatMap((locality) =>
    listOf(member(locality, "lb_endpoints")).flatMap((item) => endpointOf(item, wrong, refuse)),
  );
  if (isGood && endpoints.length === 0) report({ ...diagnose("SL0656", { name }, assignment.span), ...named });
  return isGood ? { path, text: source.text, endpoints } : undefined;
}

function endpointOf(
  item: Node,
  wrong: (reason: string, span: Span) => void,
  refuse: (finding: Diagnostic) => void,
): Endpoint[] {
  const socket = member(member(member(item, "endpoint"), "address"), "socket_address");
  const [address, port] = [member(socket, "address"), member(socket, "port_value")];
  const host = textOf(address);
  const number = port?.kind === "scalar" ? port.value : undefined;
  if (socket === undefined || address === undefined || host === undefined) {
    wrong("an endpoint is `{ endpoint: { address: { socket_address: { address, port_value } } } }`", item.span);
    return [];
  }
  if (isIP(host) === 0) {
    refuse(diagnose("SL0655", { host }, address.span));
    return [];
  }
  if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > 65_535) {
    wrong("the port of an endpoint is a number from 1 to 65535", (port ?? socket).span);
    return [];
  }
  return [{ host, port: number }];
}

/** The value of a key, in either of the two spellings that protobuf's JSON has. */
function member(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind !== "map") return undefined;
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return entryOf(node, key) ?? entryOf(node, camel);
}

function entryOf(node: MapNode, key: string): Node | undefined {
  return node.entries.find((entry) => entry.key.value === key)?.value;
}

function textOf(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

function listOf(node: Node | undefined): readonly Node[] {
  return node?.kind === "list" ? node.items : [];
}
