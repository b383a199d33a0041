import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { type Node, nodeAt } from "../syntax/document.js";
import { addition, replacement } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import type { Gateway } from "./gateway.js";

/** Trust that goes further than is meant: in clients that anybody can be, and in the web for what is not on it. */
export function checkTrust(checked: CheckedGateway): Diagnostic[] {
  return [...ofListeners(checked), ...ofServices(checked)];
}

/** Where systems have the authorities of the web, which sign certificates for anybody who has a name. */
const OF_THE_WEB: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

function ofListeners({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  return Object.entries(gateway.listeners).flatMap(([name, { tls }]) => {
    const ca = tls?.clientCertificate?.ca;
    if (ca === undefined || !OF_THE_WEB.includes(ca)) return [];
    const path = ["listeners", name, "tls", "clientCertificate", "ca"];
    const own = authority(Object.values(gateway.listeners).map(({ tls }) => tls?.clientCertificate?.ca)) ?? CLIENTS;
    return [diagnose("SL0680", { ca }, place(path), replacement(`write \`${own}\``, nodeAt(root, path), quoted(own)))];
  });
}

/** Endings of names that nobody can own (RFC 6761, RFC 6762, RFC 8375, ICANN's for private use), and of clusters. */
const INTERNAL = /(^|\.)(internal|local|localhost|test|lan|corp|home|home\.arpa|svc)$/;

/** The authorities of the web sign no certificate for it. */
function isInternal(host: string): boolean {
  return !host.includes(".") || INTERNAL.test(host);
}

function ofServices({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  return namedByWeb(gateway, root).map(({ service, host }) => {
    const path = ["services", service, "tls"];
    const own = authority(Object.values(gateway.services).map(({ tls }) => tls?.ca)) ?? SERVICES;
    const fix = addition(nodeAt(root, path), "ca", quoted(own));
    return diagnose("SL0681", { name: host }, place(path, "key"), fix);
  });
}

/** Services with names inside of a network, for which nothing but the web is trusted. What versions have of a service is told once. */
function namedByWeb({ services }: Gateway, root: Node): { service: string; host: string }[] {
  return Object.entries(services).flatMap(([service, { tls, dns, versions = {} }]) => {
    // Where it is written, the system may have authorities of its own among those of the web; and a name that is none was told.
    const isTold = ["ca", "sni"].some(
      (key) =>
        nodeAt(root, ["services", service, "tls", key]) !== undefined && (key === "ca" || tls?.sni === undefined),
    );
    if (tls === undefined || isTold) return [];
    const hosts = [dns, ...Object.values(versions).map((version) => version.dns)].map((name) =>
      name?.host.toLowerCase(),
    );
    const host = (tls.sni === undefined ? hosts : [tls.sni]).find((name) => name !== undefined && isInternal(name));
    return host === undefined ? [] : [{ service, host }];
  });
}

/** Places of which the language tells elsewhere too, for a file that names no better one. */
const CLIENTS = "mounted:/etc/tls/clients.crt";
const SERVICES = "mounted:/etc/tls/services.crt";

/** An authority that the file names elsewhere, and that is not of the web. */
function authority(named: readonly (string | undefined)[]): string | undefined {
  const own = named.find((ca) => ca !== undefined && !OF_THE_WEB.includes(ca));
  return own === undefined ? undefined : `mounted:${own}`;
}

function quoted(text: string): string {
  return /^[\w:./-]+$/.test(text) ? text : JSON.stringify(text);
}
