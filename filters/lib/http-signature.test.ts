import { createHmac, createPublicKey, verify } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { Keys, verifiesDer } from "../../test/support/keys.js";
import { PUBLISHED_REQUEST, SIGNED, Signatures, type SignedRequest } from "../../test/support/signatures.js";

let signatures: Signatures;
let keys: Keys;
beforeAll(async () => {
  const lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  signatures = new Signatures(lib);
  keys = new Keys(lib);
});

const CREATED = 1_618_884_473;

const signatureOf = (base64: string) => Buffer.from(base64, "base64");
const any = ":YQ==:";

/** The base of a request under components and parameters; the signature itself is of no matter. */
function baseOf(input: string, request: Partial<SignedRequest> = {}): string | undefined {
  expect(signatures.read(`a=${input}`, `a=${any}`).refusal).toBe(SIGNED);
  return signatures.base({ ...PUBLISHED_REQUEST, ...request });
}

const refusalOf = (input: string, signature = `a=${any}`, label = "") =>
  signatures.read(input, signature, label).refusal;

describe("published signatures", () => {
  it("B.2.5: HMAC", () => {
    const input = `sig-b25=("date" "@authority" "content-type");created=${CREATED};keyid="test-shared-secret"`;
    const read = signatures.read(input, "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
    expect(read).toMatchObject({ refusal: SIGNED, created: CREATED, keyid: "test-shared-secret", alg: undefined });
    const base = signatures.base(PUBLISHED_REQUEST) ?? "";
    expect(base).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        `"@signature-params": ("date" "@authority" "content-type");created=${CREATED};keyid="test-shared-secret"`,
      ].join("\n"),
    );
    const secret = Buffer.from(
      "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
      "base64",
    );
    expect(createHmac("sha256", secret).update(base).digest()).toEqual(read.signature);
  });

  // RFC 9421, appendix B.1.4.
  const ED25519 = createPublicKey({
    key: Buffer.from("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=", "base64"),
    format: "der",
    type: "spki",
  });

  it("B.2.6: derived components and fields, with Ed25519", () => {
    const input = `("date" "@method" "@path" "@authority" "content-type" "content-length");created=${CREATED};keyid="test-key-ed25519"`;
    const signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    const read = signatures.read(`sig-b26=${input}`, `sig-b26=:${signature}:`, "sig-b26");
    expect(read.signature).toEqual(signatureOf(signature));
    expect(verify(null, Buffer.from(signatures.base(PUBLISHED_REQUEST) ?? ""), ED25519, read.signature)).toBe(true);
  });

  it("B.4: what is signed, and nothing else, may not change", () => {
    const transformed: SignedRequest = {
      method: "GET",
      scheme: "https",
      authority: "example.org",
      target: "/demo?name1=Value1&Name2=value2",
      fields: { date: "Fri, 15 Jul 2022 14:24:55 GMT", accept: "application/json, */*" },
    };
    const input = `transform=("@method" "@path" "@authority" "accept");created=${CREATED};keyid="test-key-ed25519"`;
    const sent = "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:";
    const { signature } = signatures.read(input, sent);
    const isRight = (change: Partial<SignedRequest>) =>
      verify(null, Buffer.from(signatures.base({ ...transformed, ...change }) ?? ""), ED25519, signature);
    expect(isRight({})).toBe(true);
    expect(isRight({ target: "/demo?name1=Value1&Name2=value2&param=added" })).toBe(true);
    expect(isRight({ fields: { accept: " application/json, */*\t", referer: "x" } })).toBe(true);
    expect(isRight({ method: "POST", authority: "example.com" })).toBe(false);
    expect(isRight({ fields: { accept: "*/*, application/json" } })).toBe(false);
    expect(isRight({ fields: { accept: "application/json,*/*" } })).toBe(false);
    expect(isRight({ fields: {} })).toBe(false);
  });

  it("B.3: with P-256, by what Envoy would get", () => {
    const certificate =
      ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
    const input = `ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=${CREATED};keyid="test-key-ecc-p256"`;
    const { signature } = signatures.read(
      input,
      "ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:",
    );
    const base = signatures.base({
      ...PUBLISHED_REQUEST,
      authority: "service.internal.example",
      fields: { "client-cert": certificate },
    });
    const { key } = keys.read({
      kty: "EC",
      crv: "P-256",
      x: "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
      y: "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
    });
    const der = keys.der(32, signature) ?? Buffer.alloc(0);
    expect(verifiesDer("sha256", base ?? "", key, der)).toBe(true);
  });

  it("B.2.1 and B.2.3: no component, and all of them", () => {
    const least = `();created=${CREATED};keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`;
    expect(baseOf(least)).toBe(`"@signature-params": ${least}`);
    const most = `("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=${CREATED};keyid="test-key-rsa-pss"`;
    expect(baseOf(most)).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@query": ?param=Value&Pet=dog',
        '"@authority": example.com',
        '"content-type": application/json',
        `"content-digest": ${PUBLISHED_REQUEST.fields["content-digest"]}`,
        '"content-length": 18',
        `"@signature-params": ${most}`,
      ].join("\n"),
    );
  });

  it("B.2.2 and B.2.4: a parameter of a query and the status of an answer are none of ours", () => {
    expect(refusalOf('a=("@authority" "content-digest" "@query-param";name="Pet");created=1')).toBe(
      "signature-component",
    );
    expect(refusalOf('a=("@status" "content-type");created=1')).toBe("signature-component");
  });
});

describe("a signature", () => {
  it("has parameters", () => {
    const input = 'a=();created=1;expires=2;nonce="n";alg="hmac-sha256";keyid="k";tag="t"';
    expect(signatures.read(input, "a=:AQID:")).toEqual({
      ...{ refusal: SIGNED, created: 1, expires: 2, nonce: "n", alg: "hmac-sha256", keyid: "k", tag: "t" },
      signature: Buffer.of(1, 2, 3),
    });
    const none = { created: undefined, expires: undefined, nonce: undefined, alg: undefined, keyid: undefined };
    expect(signatures.read('a=("@method");more=1;b;c=?0;d=tok;e=:YQ==:;f=1.5', "a=::")).toMatchObject({
      refusal: SIGNED,
      ...none,
    });
  });

  it("is found by its label, or is the only one", () => {
    const [input, sent] = ['a=("@method");created=1, b=("@path");created=2', "b=:Ag==:, a=:AQ==:"];
    expect(signatures.read(input, sent, "a")).toMatchObject({ refusal: SIGNED, created: 1, signature: Buffer.of(1) });
    expect(signatures.read(input, sent, "b")).toMatchObject({ refusal: SIGNED, created: 2, signature: Buffer.of(2) });
    expect(refusalOf(input, sent)).toBe("signature-label");
    expect(refusalOf(input, sent, "c")).toBe("signature-label");
    expect(refusalOf(input, sent, "A")).toBe("signature-label");
    expect(refusalOf("", sent)).toBe("signature-label");
    expect(refusalOf('a=("@method")', sent)).toBe(SIGNED);
    expect(refusalOf('c=("@method")', sent)).toBe("signature-malformed");
  });

  it.each([
    ["signature-input", "no dictionary", 'a=("@method"'],
    ["signature-input", "a list of lists", 'a=(("@method"))'],
    ["signature-input", "a comma at its end", 'a=("@method"),'],
    ["signature-input", "a text", 'a="@method"'],
    ["signature-input", "no list", "a"],
    ["signature-input", "a byte that is no ASCII", 'a=("\u00e9")'],
    ["signature-input", "a line end", 'a=("@method")\r\n'],
    ["signature-input", "a line end in a name", 'a=("@method\n")'],
    ["signature-input", "another that is no structured field", 'a=("@method"), b=@@'],
    ["signature-component", "a name that is no text", "a=(method)"],
    ["signature-component", "a number", "a=(1)"],
    ["signature-component", "an empty name", 'a=("")'],
    ["signature-component", "capital letters", 'a=("Date")'],
    ["signature-component", "a space", 'a=("da te")'],
    ["signature-component", "a colon", 'a=("date: x")'],
    ["signature-component", "a quote", 'a=("da\\"te")'],
    ["signature-component", "the parameters themselves", 'a=("@signature-params")'],
    ["signature-component", "a derived one that is not known", 'a=("@body")'],
    ["signature-component", "one that is another in capitals", 'a=("@Method")'],
    ["signature-component", "the same twice", 'a=("date" "@method" "date")'],
    ["signature-component", "sf", 'a=("date";sf)'],
    ["signature-component", "bs", 'a=("date";bs)'],
    ["signature-component", "tr", 'a=("date";tr)'],
    ["signature-component", "req", 'a=("@method";req)'],
    ["signature-component", "key", 'a=("content-digest";key="sha-256")'],
    ["signature-component", "too many", `a=(${Array.from({ length: 65 }, (_, i) => `"f${i}"`).join(" ")})`],
    ["signature-parameter", "created that is no integer", "a=();created=1.5"],
    ["signature-parameter", "created before 1970", "a=();created=-1"],
    ["signature-parameter", "created as a text", 'a=();created="1"'],
    ["signature-parameter", "created without a value", "a=();created"],
    ["signature-parameter", "created twice", "a=();created=1;created=2"],
    ["signature-parameter", "expires as a token", "a=();expires=never"],
    ["signature-parameter", "a keyid that is a token", "a=();keyid=k"],
    ["signature-parameter", "a keyid with an escape", 'a=();keyid="\\"k"'],
    ["signature-parameter", "a keyid that is too long", `a=();keyid="${"k".repeat(257)}"`],
    ["signature-parameter", "a nonce that is a number", "a=();nonce=1"],
    ["signature-parameter", "an alg that is a token", "a=();alg=hmac-sha256"],
    ["signature-parameter", "a tag in bytes", "a=();tag=:YQ==:"],
    ["signature-parameter", "a name twice that is not known", "a=();x=1;x=1"],
  ])("is refused as %s for %s", (refusal, _, input) => {
    expect(refusalOf(input)).toBe(refusal);
  });

  it("has one name in both fields", () => {
    expect(refusalOf('a=("@method"), a=("@path")', `a=${any}`, "a")).toBe("signature-input");
    expect(refusalOf('a=("@method"), a=("@path")')).toBe("signature-label");
    expect(refusalOf("a=()", `a=${any}, a=${any}`)).toBe("signature-malformed");
    for (const sent of [
      "",
      "b=:YQ==:",
      "a",
      "a=1",
      'a="YQ=="',
      "a=(:YQ==:)",
      "a=:YQ==:;x",
      "a=:YQ==",
      "a=:YQ:",
      "a=:YR==:",
      "a=:Y Q==:",
      "a=:YQ==:,",
      "a=YQ==",
    ])
      expect(refusalOf("a=()", sent), sent).toBe("signature-malformed");
    expect(signatures.read("a=()", `a=:${Buffer.alloc(513, 1).toString("base64")}:`).signature).toHaveLength(513);
    expect(refusalOf("a=()", `a=:${Buffer.alloc(514, 1).toString("base64")}:`)).toBe("signature-malformed");
  });

  it("of very long fields is refused", () => {
    expect(refusalOf(`a=(${'"f" '.repeat(15_000)})`)).toBe("signature-input");
    expect(refusalOf(`a=();${"x;".repeat(30_000)}y`)).toBe("signature-input");
    expect(refusalOf(Array.from({ length: 5000 }, (_, i) => `a${i}=()`).join())).toBe("signature-input");
  });

  it("covers what it lists", () => {
    signatures.read('a=("@method" "content-digest")', `a=${any}`);
    expect(["@method", "content-digest"].every((name) => signatures.covers(name))).toBe(true);
    expect(["method", "@path", "content", "content-digest-x", ""].some((name) => signatures.covers(name))).toBe(false);
    signatures.read("a=()", `a=${any}`);
    expect(signatures.covers("@method")).toBe(false);
  });

  it("is good for some time, to the second", () => {
    const [now, maxAge, skew] = [1_700_000_000, 300, 30];
    const at = (parameters: string) => {
      expect(refusalOf(`a=()${parameters}`)).toBe(SIGNED);
      return signatures.timesHold(now, maxAge, skew);
    };
    expect(at("")).toBe("signature-not-dated");
    expect(at(`;expires=${now + 100}`)).toBe("signature-not-dated");
    expect([-301, -300, 0, 30, 31].map((ahead) => at(`;created=${now + ahead}`))).toEqual([
      ...["signature-too-old", SIGNED, SIGNED, SIGNED, "signature-created-ahead"],
    ]);
    expect([-31, -30, -29, 0].map((ahead) => at(`;created=${now};expires=${now + ahead}`))).toEqual([
      ...["signature-expired", "signature-expired", SIGNED, SIGNED],
    ]);
    expect(at(`;created=${now};expires=999999999999999`)).toBe(SIGNED);
    expect(at(";created=999999999999999")).toBe("signature-created-ahead");
    expect(at(";created=0")).toBe("signature-too-old");
  });
});
