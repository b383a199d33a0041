import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { soapConfig } from "../../test/support/soap-config.js";
import { type ConverterOptions, SoapConverter } from "../../test/support/soap-converter.js";
import { crm } from "../../test/support/soap-model.js";
import { ENVELOPES } from "./envelope.js";
import type { SoapVersion } from "./model.js";
import type { SoapConfig } from "./module.js";
import { readTree, type XmlNode } from "./xml-tree.js";

const WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSA = "http://www.w3.org/2005/08/addressing";
const PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";

const SECRETS = { USER: 'al<ice&"', PASSWORD: "p<w>&é" };
const NOW = Date.UTC(2026, 1, 28, 23, 59, 59, 7);

interface Case extends ConverterOptions {
  security?: SoapConfig["security"];
  addressing?: { action: string; to: string };
  version?: SoapVersion;
}

async function send({ security, addressing, version = "1.1", ...options }: Case) {
  const converter = await SoapConverter.start({ environment: SECRETS, now: NOW, ...options });
  const config = soapConfig(crm({ version }), {
    operations: { Ping: "GET /ping" },
    ...(security === undefined ? {} : { security }),
  });
  const operations = config.operations.map((one) => (addressing === undefined ? one : { ...one, addressing }));
  expect(converter.configure({ ...config, operations })).toBeUndefined();
  return converter.convert({ operation: "Ping" });
}

/** The children of the header. */
async function header(one: Case): Promise<XmlNode[]> {
  const { envelope = "" } = await send(one);
  const [first] = readTree(envelope)?.children ?? [];
  if (first?.local !== "Header") throw new Error(`no header: ${envelope}`);
  return first.children;
}

/** An element and what is in it, in short. */
function shown({ local, namespace, attributes, children, text }: XmlNode): unknown {
  const prefix = { [WSSE]: "wsse", [WSU]: "wsu", [WSA]: "wsa" }[namespace] ?? namespace;
  const own = attributes.map((one) => `${one.local}=${one.value}`);
  return [`${prefix}:${local}`, ...own, ...(children.length > 0 ? children.map(shown) : [text])];
}

// The module is compiled once.
beforeAll(() => SoapConverter.start());

describe("the header", () => {
  it("is not there without need", async () => {
    const { envelope } = await send({});
    expect(envelope).not.toContain("Header");
    expect((await send({ security: {} })).envelope).toBe(envelope);
  });

  it("has a user with a password as text", async () => {
    const security = { user: "env:USER", password: "env:PASSWORD" };
    expect((await header({ security })).map(shown)).toEqual([
      [
        "wsse:Security",
        "mustUnderstand=1",
        [
          "wsse:UsernameToken",
          ["wsse:Username", SECRETS.USER],
          ["wsse:Password", `Type=${PROFILE}#PasswordText`, SECRETS.PASSWORD],
        ],
      ],
    ]);
  });

  it("has a digest of the password, a nonce and the time", async () => {
    const random = Array.from({ length: 16 }, (_, index) => 15 * index);
    const security = { user: "env:USER", password: "env:PASSWORD", digest: true, timestampSeconds: 300 };
    const nonce = Buffer.from(random);
    const created = "2026-02-28T23:59:59.007Z";
    const digest = createHash("sha1").update(nonce).update(created).update(SECRETS.PASSWORD).digest("base64");
    expect((await header({ security, random })).map(shown)).toEqual([
      [
        "wsse:Security",
        "mustUnderstand=1",
        ["wsu:Timestamp", ["wsu:Created", created], ["wsu:Expires", "2026-03-01T00:04:59.007Z"]],
        [
          "wsse:UsernameToken",
          ["wsse:Username", SECRETS.USER],
          ["wsse:Password", `Type=${PROFILE}#PasswordDigest`, digest],
          [
            "wsse:Nonce",
            "EncodingType=http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary",
            nonce.toString("base64"),
          ],
          ["wsu:Created", created],
        ],
      ],
    ]);
  });

  it.each(["1.1", "1.2"] as const)("has what WS-Addressing needs, in SOAP %s", async (version) => {
    const addressing = { action: 'urn:get"&', to: "http://crm.example.com/a?b&c" };
    const { envelope = "" } = await send({ addressing, version, security: { timestampSeconds: 1 } });
    const root = readTree(envelope);
    expect(root?.namespace).toBe(ENVELOPES[version]);
    const [action, to, id, reply, security] = (root?.children[0]?.children ?? []).map(shown);
    expect([action, to]).toEqual([
      ["wsa:Action", "mustUnderstand=1", addressing.action],
      ["wsa:To", "mustUnderstand=1", addressing.to],
    ]);
    expect(id).toEqual(["wsa:MessageID", "urn:uuid:a5a5a5a5-a5a5-45a5-a5a5-a5a5a5a5a5a5"]);
    expect(reply).toEqual(["wsa:ReplyTo", ["wsa:Address", `${WSA}/anonymous`]]);
    const times = [
      ["wsu:Created", "2026-02-28T23:59:59.007Z"],
      ["wsu:Expires", "2026-03-01T00:00:00.007Z"],
    ];
    expect(security).toEqual(["wsse:Security", "mustUnderstand=1", ["wsu:Timestamp", ...times]]);
  });

  it("that cannot be made ends the request", async () => {
    const failed = { status: 500, detail: "The gateway cannot sign the request." };
    const security = { user: "env:USER", password: "env:PASSWORD", digest: true };
    expect(await send({ security, now: 0 })).toEqual(failed);
    expect(await send({ security, random: [] })).toEqual(failed);
    expect(await send({ addressing: { action: "a", to: "b" }, random: [] })).toEqual(failed);
  });
});
