// Stands in for the identity provider and the services, to try the example with. It knows one token, which `POST /revoke` takes back.
//   node idp.mjs
import { createServer } from "node:http";

let active = true;
createServer((request, response) => {
  if (request.url === "/revoke") active = false;
  let body = "";
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    const known = active && new URLSearchParams(body).get("token") === "customer-7";
    const answer = known
      ? { active, client_id: "initech-app", sub: "carol", aud: "partners", scope: "orders:write" }
      : { active: false };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  });
}).listen(9002, "127.0.0.1");

createServer((request, response) => {
  request
    .resume()
    .on("end", () => response.end(`${request.method} ${request.url} of ${request.headers["x-consumer"]}\n`));
}).listen(9001, "127.0.0.1");
