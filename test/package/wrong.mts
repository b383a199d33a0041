// The types refuse each line that ends with `wrong`, and no other.
import { check, checkText, compile, test } from "sluicegate";
import { planSource } from "sluicegate"; // wrong
import { emitEnvoy } from "sluicegate/dist/compiler/targets/envoy/emit.js"; // wrong

check(7); // wrong
checkText("", { path: 7 }); // wrong
await compile("policy.yaml", "envoy"); // wrong
await compile("policy.yaml", { acessLog: "-" }); // wrong
await test("policy.test.yaml", { engine: "native" }); // wrong
check("policy.yaml").findings[0].code; // wrong
check("policy.yaml").ok = true; // wrong
(await compile("policy.yaml")).artifacts.map(({ contents }) => contents.trim()); // wrong
export const plan = check("policy.yaml").plan; // wrong
export { emitEnvoy, planSource };
