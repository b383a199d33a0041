import { isIP } from "node:net";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.js";
import type { JsonObject } from "../../../compiler/plan/plan.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { isObject } from "../codec-check.js";
import type { ServiceModel } from "../model.js";
import { openApiOf } from "../openapi.js";
import { tableOf } from "../table.js";
import type { WsdlFiles } from "../wsdl/files.js";
import type { Named } from "../wsdl/ports.js";
import { readWsdl } from "../wsdl/read.js";
import { type Choice, chooseAll, faultStatuses, specOf } from "./choose.js";
import { casesOf } from "./tests.js";
import { kebab, wordsOf } from "./words.js";
import { yamlBlock, yamlFlow, yamlItem } from "./yaml.js";

export type { WsdlFiles } from "../wsdl/files.js";

/** What a WSDL becomes. */
export interface WsdlImport {
  /** The policy, its tests and the OpenAPI document, by their names; absent after an error. */
  files?: { path: string; contents: string }[];
  /** What was chosen, a line each, for people. */
  report: string[];
  diagnostics: Diagnostic[];
}

export interface ImportOptions {
  /** Names of a service and a port of the WSDL; the first that speaks SOAP without. */
  service?: string | undefined;
  port?: string | undefined;
  /** Of the gateway; made of that of the service without. */
  name?: string | undefined;
  /** Names of the operations to offer; all without. */
  only?: readonly string[] | undefined;
}

/**
 * A policy that offers the operations of a WSDL as REST, with tests and a document. Reads nothing but by `load`, writes nothing.
 *
 * @param wsdl with its path from the folder that the policy will lie in
 */
export function importWsdl(wsdl: WsdlFiles, options: ImportOptions = {}): WsdlImport {
  const diagnostics: Diagnostic[] = [];
  const report = (finding: Diagnostic) => diagnostics.push(finding);
  const model = readWsdl(wsdl, wsdlChoice(options), report);
  if (model === undefined) return { report: [], diagnostics };
  const { choices, bound } = chooseAll(model);
  const names = namesOf(model, options);
  const place = () => ({ source: wsdl.source, start: 0, end: 0 });
  const table = tableOf(model, bound, {}, { policy: names.policy, place, report });
  if (table === undefined) return { report: [], diagnostics };
  const faults = faultStatuses(model);
  const withStatus = bound.map((one) => ({
    ...one,
    faults: one.faults.map(({ fault }) => ({ fault, status: faults[fault.name] ?? 502 })),
  }));
  const tests = casesOf(model, withStatus, names.service);
  const api = openApiOf(model, withStatus, { title: model.name, version: "1.0.0" });
  return {
    files: [
      { path: "policy.yaml", contents: policyText(model, { wsdl: wsdl.path, choices, faults, names, options }) },
      // A file of tests has one case at least.
      ...(tests.cases.length === 0 ? [] : [{ path: "policy.test.yaml", contents: testText(tests.cases) }]),
      { path: "openapi.json", contents: `${JSON.stringify(api, undefined, 2)}\n` },
    ],
    report: reportOf(model, { choices, faults, tests }),
    diagnostics,
  };
}

function wsdlChoice({ service, port, only }: ImportOptions) {
  return {
    ...(service === undefined ? {} : { service: named("--service", service) }),
    ...(port === undefined ? {} : { port: named("--port", port) }),
    ...(only === undefined ? {} : { operations: only.map((name) => named("--only", name)) }),
  };
}

/** Findings about an option show it as it was written. */
function named(option: string, name: string): Named {
  const source = new SourceFile("the command line", `${option} ${name}`);
  return { name, origin: { source, start: option.length + 1, end: source.text.length } };
}

interface Names {
  gateway: string;
  service: string;
  policy: string;
}

function namesOf(model: ServiceModel, { name }: ImportOptions): Names {
  const words = wordsOf(model.name.replace(/(Web)?Service$/i, ""));
  const short = kebab(words).slice(0, 48).replace(/-+$/, "");
  const service = short === "" ? "service" : short;
  return { gateway: name ?? service, service, policy: `${service}-as-rest` };
}

interface Parts {
  wsdl: string;
  choices: readonly Choice[];
  faults: Record<string, number>;
  names: Names;
  options: ImportOptions;
}

function policyText(model: ServiceModel, { wsdl, choices, faults, names, options }: Parts): string {
  const soap: JsonObject = {
    wsdl: `./${wsdl}`,
    ...(options.service === undefined ? {} : { service: options.service }),
    ...(options.port === undefined ? {} : { port: options.port }),
    operations: Object.fromEntries(choices.map((one) => [one.operation.name, specOf(one)])),
    ...(Object.keys(faults).length === 0 ? {} : { faults }),
  };
  const lines = [
    "# yaml-language-server: $schema=./node_modules/sluicegate/schema/gateway.v1.json",
    "apiVersion: sluice/v1",
    "kind: Gateway",
    `name: ${JSON.stringify(names.gateway)}`,
    "",
    "listeners:",
    `  public: { address: 127.0.0.1:${portBeside(model)} }`,
    "",
    "services:",
    ...yamlBlock({ [names.service]: serviceOf(model) }, 2),
    "",
    "policies:",
    `  ${names.policy}:`,
    ...yamlBlock({ description: `Puts a REST face on ${model.name}.`.replace(/[^ -~]/g, "?") }, 4),
    "    soap:",
    ...expanded(soap),
    "",
    "routes:",
    ...yamlItem({ name: names.service, match: { path: "/**" }, to: names.service, apply: [names.policy] }, 2),
  ];
  return `${lines.join("\n")}\n`;
}

/** A gateway on the machine of its service needs another port. */
function portBeside({ address = "" }: ServiceModel): number {
  return /:8080(\/|$)/.test(address) ? 8081 : 8080;
}

/** A line for each operation. */
function expanded({ operations = {}, ...others }: JsonObject): string[] {
  const { faults, ...first } = others;
  return [
    ...yamlBlock(first, 6),
    "      operations:",
    ...yamlBlock(isObject(operations) ? operations : {}, 8),
    ...(faults === undefined ? [] : yamlBlock({ faults }, 6)),
  ];
}

/** Where nothing usable is written, a place to begin with. */
const NOWHERE = "127.0.0.1:9001";

function serviceOf({ address }: ServiceModel): JsonObject {
  const url = urlOf(address);
  if (url === undefined) return { endpoints: [NOWHERE] };
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const place = `${url.hostname}:${url.port === "" ? (isSecure ? 443 : 80) : url.port}`;
  if (isIP(host) === 0) return { dns: place, ...(isSecure ? { tls: {} } : {}) };
  return { endpoints: [place], ...(isSecure ? { tls: { sni: host } } : {}) };
}

function urlOf(address: string | undefined): URL | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  const isUsable = /^https?:$/.test(url.protocol) && /^[A-Za-z0-9.[\]:-]+$/.test(url.hostname) && url.port !== "0";
  return isUsable ? url : undefined;
}

function testText(cases: readonly JsonObject[]): string {
  const lines = [
    "# yaml-language-server: $schema=./node_modules/sluicegate/schema/test.v1.json",
    "apiVersion: sluice/v1",
    "kind: Test",
    "policy: policy.yaml",
    "",
    "cases:",
    ...cases.flatMap((one) => [...caseLines(one), ""]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

/** A case is read from above: its name, what the service does, the request, what must come of it. */
function caseLines({ name = "", ...parts }: JsonObject): string[] {
  return [`  - name: ${yamlFlow(name)}`, ...yamlBlock(parts, 4)];
}

function reportOf(
  model: ServiceModel,
  {
    choices,
    faults,
    tests,
  }: { choices: readonly Choice[]; faults: Record<string, number>; tests: { cases: JsonObject[]; untested: string[] } },
): string[] {
  const { name, port, otherPorts = [], version, address } = model;
  const others = otherPorts.length === 0 ? "" : `; there are also ${otherPorts.join(", ")}`;
  const at =
    urlOf(address) === undefined ? `, with no address that can be used: ${NOWHERE} stands for it` : `, at ${address}`;
  return [
    `service ${name}, port ${port ?? ""} (SOAP ${version})${at}${others}`,
    ...choices.map(
      (one) => `${one.operation.name}: ${one.method} ${one.path}${boundText(one)}, because of ${because(one)}`,
    ),
    ...Object.entries(faults).map(([fault, status]) => `${fault}: ${status}`),
    `${tests.cases.length} cases in policy.test.yaml`,
    ...tests.untested.map((what) => `no case for ${what}`),
  ];
}

function because({ because: reason }: Choice): string {
  return reason === "nothing else fits" ? "its name: no other way fits" : reason;
}

function boundText({ bind }: Choice): string {
  return bind === undefined ? "" : ` with ${yamlFlow(bind)}`;
}
