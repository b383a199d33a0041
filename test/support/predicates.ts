import { type CompiledModule, ModuleVm, type Request } from "./module-host.js";
import { configurationOf, partnersOnly } from "./module-policies.js";

// What a module finds a condition to be, told by the rule that decided.

export type Truth = "true" | "false" | "unknown";

const anybody = { ...partnersOnly, authenticate: { ...partnersOnly.authenticate, optional: true } };

export interface ConditionOptions {
  /** Names of segments of the path. */
  readonly params?: Readonly<Record<string, number>>;
  /** Nanoseconds since 1970; 0 makes the clock fail. */
  readonly wallClock?: bigint;
}

/** One VM of a module with many conditions, each with a route of its own. */
export class Conditions {
  readonly vm: ModuleVm;

  /** @throws Error if the module refuses them */
  constructor(module: CompiledModule, forms: readonly unknown[], options: ConditionOptions = {}) {
    const policies = forms.map((form, index) => ({
      name: `c${index}`,
      authorize: {
        rules: [
          { name: "true", allow: form },
          { name: "false", allow: ["!", form] },
        ],
        otherwise: "deny",
      },
    }));
    const params = options.params === undefined ? {} : { params: options.params };
    const routes = policies.map(({ name }) => ({ name, run: [anybody.name, name], ...params }));
    this.vm = new ModuleVm(module, { wallClock: { now: options.wallClock ?? 1_700_000_000_123_456_789n } });
    if (!this.vm.configure(configurationOf([anybody, ...policies], { routes }))) throw new Error(this.vm.lastError);
  }

  /** The value of the nth condition for a request, whose route is chosen here. */
  truth(index: number, request: Omit<Request, "route">): Truth {
    const decision = this.vm.send({ ...request, route: routeOf(index) }).properties["sluice.decision"];
    switch (decision) {
      case `c${index}/true allowed rule`:
        return "true";
      case `c${index}/false allowed rule`:
        return "false";
      case `c${index} denied otherwise`:
        return "unknown";
      default:
        throw new Error(`the module decided ${decision}`);
    }
  }
}

/** The name of the route that the nth condition is asked on. */
export function routeOf(index: number): string {
  return `c${index}`;
}
