import type { OutputFile } from "../files.js";

/** What `sluice init` writes: a gateway before one service, its tests, and the checks for every push. */

interface ProjectFile extends OutputFile {
  contents: string;
}

/**
 * @param name of the gateway and of the package
 * @param version of this package
 */
export function projectFiles(name: string, version: string): ProjectFile[] {
  return [
    { path: "policy.yaml", contents: policy(name) },
    { path: "policy.test.yaml", contents: TESTS },
    { path: "README.md", contents: readme(name) },
    { path: ".github/workflows/sluice.yml", contents: WORKFLOW },
    { path: "package.json", contents: manifest(name, version) },
  ];
}

/** A name for the gateway out of the name of a folder. */
export function gatewayName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return name === "" ? "gateway" : name;
}

function policy(name: string): string {
  return `# yaml-language-server: $schema=./node_modules/sluicegate/schema/gateway.v1.json
apiVersion: sluice/v1
kind: Gateway
name: "${name}"

listeners:
  public: { address: 127.0.0.1:8080 }

services:
  api: { endpoints: [127.0.0.1:9001] } # the address of your service

consumers: # who calls; the keys themselves stay in the environment of Envoy
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, groups: [partners], credentials: [{ apiKey: env:GLOBEX_KEY }] }

policies:
  partners-only:
    description: Every call has the key of a partner.
    authenticate:
      anyOf:
        - apiKey: { header: x-api-key }
  api-access:
    description: Everybody reads, the gold tier writes.
    authorize:
      rules:
        - { name: readers, allow: 'request.method == "GET"' }
        - { name: gold-writers, allow: 'auth.tier == "gold"' }
  per-partner:
    description: Each partner is counted alone.
    rateLimit:
      key: [auth.consumer]
      rate: { gold: 100/second, default: 5/minute }

defaults: { apply: [partners-only] } # every route, unless it says except: [partners-only]

routes:
  - name: health
    match: { path: /healthz, methods: [GET] }
    respond: { status: 200, body: "ok\\n" }
    except: [partners-only]
  - name: api
    match: { path: /api/**, methods: [GET, POST] }
    to: api
    timeout: 5s
    apply: [api-access, per-partner]
`;
}

const TESTS = `# yaml-language-server: $schema=./node_modules/sluicegate/schema/test.v1.json
apiVersion: sluice/v1
kind: Test
policy: policy.yaml

upstreams: # what the services answer in these tests
  api: { status: 200, json: { id: 7 } }

cases:
  - name: anybody may ask whether the gateway is up
    request: { path: /healthz }
    expect: { status: 200, upstream: none }

  - name: a stranger is turned away, and the service never hears of it
    request: { path: /api/things/7 }
    expect:
      status: 401
      decidedBy: partners-only
      upstream: none
      headers: { www-authenticate: ~ApiKey .* }

  - name: the service learns who calls, and does not see the key
    as: globex
    request: { path: /api/things/7 }
    expect:
      status: 200
      json: { id: 7 }
      upstream: { service: api, headers: { x-consumer: globex, x-api-key: false } }

  - name: the gold tier writes
    as: acme
    request: { method: POST, path: /api/things, json: { name: lamp } }
    expect: { status: 200, decidedBy: api-access/gold-writers, upstream: api }

  - name: the free tier does not
    as: globex
    request: { method: POST, path: /api/things, json: { name: lamp } }
    expect: { status: 403, decidedBy: api-access, upstream: none, problem: { title: Forbidden } }

  - name: the sixth call within a minute is one too many for the free tier
    as: globex
    steps:
      - { request: { path: /api/things/7 }, repeat: 5, expect: { status: 200 } }
      - { request: { path: /api/things/7 }, expect: { status: 429, decidedBy: per-partner, upstream: none } }
      - { wait: 1m }
      - { request: { path: /api/things/7 }, expect: { status: 200 } }
`;

const WORKFLOW = `name: sluice
on: [push, pull_request]
permissions: { contents: read }

jobs:
  policy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 22 }
      - run: npm ci
      - run: npx sluice check policy.yaml policy.test.yaml --format github
      - run: npx sluice test
      - run: npx sluice compile policy.yaml --out build
`;

function readme(name: string): string {
  return `# ${name}

Who may call the service, how often, and under which name the service sees the caller: all of it is in [policy.yaml](policy.yaml), and what
it promises in [policy.test.yaml](policy.test.yaml).

\`\`\`sh
npm install                                             # writes package-lock.json too: commit it, the workflow needs it
npx sluice check policy.yaml policy.test.yaml           # every finding, with file, line and fix
npx sluice test                                         # sends the requests of policy.test.yaml through the module
npx sluice explain api                                  # what holds on the route, in order of execution
npx sluice compile policy.yaml --out build              # build/envoy.yaml and build/modules/guard.wasm
ACME_KEY=secret-1 GLOBEX_KEY=secret-2 npx sluice run policy.yaml
\`\`\`

\`run\` starts a real Envoy (\`npx sluice envoy install\` fetches it) and takes over every change of the file:

\`\`\`sh
curl -i http://127.0.0.1:8080/healthz
curl -i http://127.0.0.1:8080/api/things/7 -H 'x-api-key: secret-1'
\`\`\`

Begin with the address of your service under \`services\`. [The workflow](.github/workflows/sluice.yml) checks and compiles every push.
`;
}

function manifest(name: string, version: string): string {
  const contents = {
    name,
    private: true,
    scripts: {
      check: "sluice check policy.yaml policy.test.yaml",
      test: "sluice test",
      compile: "sluice compile policy.yaml --out build",
    },
    devDependencies: { sluicegate: `^${version}` },
  };
  return `${JSON.stringify(contents, undefined, 2)}\n`;
}
