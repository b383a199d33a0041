// Endpoints to try policy.yaml with, at the ports of the command line, or at those of the policy. Each answers its port.
//
//   node examples/failover/endpoints.mjs
//   curl -X POST 127.0.0.1:9001/be/failing    or sick, slow, well

import { createServer } from "node:http";

const given = process.argv.slice(2).map(Number);

/** What an endpoint answers to a check of its health, and to anybody else, and after how many milliseconds. */
const STATES = {
  well: { health: 200, status: 200, after: 0 },
  failing: { health: 200, status: 500, after: 0 },
  slow: { health: 200, status: 200, after: 2_000 },
  sick: { health: 503, status: 503, after: 0 },
};

for (const wanted of given.length > 0 ? given : [9001, 9002, 9003, 9004]) {
  let state = STATES.well;
  const server = createServer(({ method, url = "" }, answer) => {
    const { port } = server.address();
    const next = method === "POST" ? STATES[url.replace("/be/", "")] : undefined;
    if (next !== undefined) {
      state = next;
      answer.end();
      return;
    }
    const isCheck = url === "/healthz";
    const { health, status, after } = state;
    setTimeout(() => answer.writeHead(isCheck ? health : status).end(`${port}\n`), isCheck ? 0 : after);
  });
  server.listen(wanted, "127.0.0.1", () => console.log(`endpoint at 127.0.0.1:${server.address().port}`));
}
