import { type CompiledModule, compileModule } from "../host/engine.js";
import { HostFault } from "../host/fault.js";
import { type Host, pluginOf } from "../host/host.js";
import type { Vm } from "../host/vm.js";
import { bodyConfiguration, bodyVariables, digestConfiguration, hasDigests, hasOperations } from "../plan/body.js";
import { guardConfiguration, guardVariables, LOGGED_RESULTS } from "../plan/guard.js";
import type { GatewayPlan } from "../plan/plan.js";
import { BODY_CAPABILITIES, DIGEST_CAPABILITIES, guardCapabilities } from "../targets/envoy/capabilities.js";

/** The modules that ship, as bytes; the second is needed where a policy converts bodies, or compares them with their digests. */
export interface Modules {
  guard: Uint8Array;
  body?: Uint8Array | undefined;
}

/** The same, compiled. */
export interface CompiledModules {
  guard: CompiledModule;
  body?: CompiledModule | undefined;
}

export function compileModules({ guard, body }: Modules): CompiledModules {
  return { guard: compileModule(guard), ...(body === undefined ? {} : { body: compileModule(body) }) };
}

/** A plan and the values of the variables that it refers to. */
export interface ServedPlan {
  plan: GatewayPlan;
  environment: Readonly<Record<string, string>>;
}

/** The VMs of one worker of Envoy. */
export class WorkerVms {
  readonly guard: Vm;
  /** There if the plan converts something. */
  readonly body: Vm | undefined;
  /** There if bodies are compared with what was signed of them. */
  readonly digest: Vm | undefined;

  /** @throws Error if a module refuses the configuration, or one is needed that is not there */
  constructor(host: Host, modules: CompiledModules, { plan, environment }: ServedPlan) {
    const vmId = `sluice.${plan.name}`;
    this.guard = host.start(modules.guard, {
      vmId,
      environment: only(guardVariables(plan), environment),
      capabilities: guardCapabilities(plan),
    });
    // Then bodies would have to go through the module.
    for (const callback of ["request_body", "response_body"])
      if (this.guard.has(`proxy_on_${callback}`))
        throw new HostFault(`the module wants ${callback}, which is not modelled`);
    const texts = textsOf(plan);
    configure(host, this.guard, "guard", texts.guard);
    if (!hasOperations(plan.hosts) && !hasDigests(plan)) return;
    if (modules.body === undefined)
      throw new Error("the policy has something to do with bodies, and there is no body.wasm");
    if (hasDigests(plan)) {
      this.digest = host.start(modules.body, {
        vmId: `${vmId}.digest`,
        environment: {},
        capabilities: DIGEST_CAPABILITIES,
      });
      configure(host, this.digest, "digest", texts.digest);
    }
    if (!hasOperations(plan.hosts)) return;
    this.body = host.start(modules.body, {
      vmId: `${vmId}.body`,
      environment: only(bodyVariables(plan), environment),
      capabilities: BODY_CAPABILITIES,
    });
    configure(host, this.body, "body", texts.body);
  }

  /** Which module failed, and why; then nothing more is to be asked of the worker. */
  get failure(): string | undefined {
    if (this.guard.failure !== undefined) return `the guard failed: ${this.guard.failure}`;
    const failure = this.body?.failure ?? this.digest?.failure;
    return failure === undefined ? undefined : `body.wasm failed: ${failure}`;
  }

  /** Takes them out of a host. Streams that they have go on. */
  retire(host: Host): void {
    host.retire(this.guard);
    for (const vm of [this.body, this.digest]) if (vm !== undefined) host.retire(vm);
  }
}

/** @throws Error if the module refuses it */
function configure(host: Host, vm: Vm, name: "guard" | "body" | "digest", configuration: string): void {
  const before = host.log.length;
  if (vm.configure(pluginOf({ name: `sluice.${name}`, rootId: name, configuration })) !== undefined) return;
  const said = host.log.slice(before).map(({ text }) => text);
  const reason = vm.failure ?? (said.length === 0 ? "its log says why" : said.join("; "));
  throw new Error(`${name === "guard" ? name : "body"}.wasm refuses its configuration: ${reason}`);
}

/** A module reads the variables that its configuration refers to, and no others. */
function only(names: readonly string[], environment: ServedPlan["environment"]): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => names.includes(name)));
}

interface ConfigurationTexts {
  guard: string;
  body: string;
  digest: string;
}

/** Tests start a worker for each of their cases, all with one plan. */
const texts = new WeakMap<GatewayPlan, ConfigurationTexts>();

/** That of the guard is with what an access log would show, which is where the decisions are read from. */
function textsOf(plan: GatewayPlan): ConfigurationTexts {
  const made = texts.get(plan) ?? {
    guard: JSON.stringify(guardConfiguration(plan, LOGGED_RESULTS)),
    body: JSON.stringify(bodyConfiguration(plan)),
    digest: JSON.stringify(digestConfiguration(plan)),
  };
  texts.set(plan, made);
  return made;
}
