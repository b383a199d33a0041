import type { z } from "zod";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { PredicateSchemas } from "../expression/predicate-schema.js";
import type { JsonObject, PolicyPlan } from "../plan/plan.js";
import { locate, type MapNode, type Node, nodeAt, type Path } from "../syntax/document.js";
import type { Loaded } from "../syntax/loader.js";
import type { Span } from "../syntax/source.js";
import type { Disclosure } from "./disclosures.js";
import type { Gateway } from "./gateway.js";
import { issuesToDiagnostics, type Place } from "./issues.js";
import { knownKeys } from "./keys.js";
import type { NamedFile } from "./named-files.js";
import { readParts } from "./shape.js";

/** What a kind sees of the file while it turns one policy into its plan. Paths are relative to the body of the kind. */
export interface PolicyContext {
  /** Name of the policy in the file. */
  policy: string;
  gateway: Pick<Gateway, "name" | "consumers" | "routes" | "services">;
  /** Where a path of the body stands in the file. */
  place: Place;
  /**
   * The positioned node at a path of the body, for values that have a syntax of their own. It is there as written: also
   * what does not fit the schema and so is not in the body that `plan` takes, but for items of lists.
   */
  node(path: Path): Node | undefined;
  /**
   * Reads a public file that the policy names; reports why it cannot.
   *
   * @param text its path, relative to the file in which it is written
   * @param from where it is written
   */
  readFile(text: string, from: Span): NamedFile | undefined;
  /** Reads a file that a file names. The path is from the folder of the policy file, with `/` and without `..`. */
  loadFile(path: string): Loaded;
  report(diagnostic: Diagnostic): void;
  /** Tells of a value that leaves the gateway, so that no credential does; also where the policy is wrong in other ways. */
  disclose(disclosure: Disclosure): void;
}

/** What a module reads of a policy of a kind, and what that takes. */
export interface ModulePart {
  /** The member of the kind's name in the configuration of a module: what the plan has as `config`. */
  config(predicates: PredicateSchemas): z.ZodType;
  /** Whether it finds out who calls: then its `when` cannot ask, and modules without such a kind are told by one in front. */
  identifies: boolean;
  /** Whether `onError` may be `allow`. */
  mayOpen: boolean;
  /** Nothing may stand beside it: neither `mode` nor `when` nor `onError`. */
  alone?: true;
  /** Whether filter state alone has what it tells. */
  tellsByFilterState: boolean;
  /** What it leaves in filter state for routes that tell so, beside what every module may. */
  tells?: readonly string[];
  /** Whether it sends something to collectors. */
  exports?: true;
}

/** What the body stage reads of a policy of a kind: the member of the kind's name in its configuration. */
export interface BodyPart {
  /** Behind routes that say which operation a request is for. */
  config: z.ZodType;
  /** Of a module on its own, which finds that out by itself; absent if it does nothing for the kind. */
  alone?: z.ZodType;
}

/**
 * One policy kind: a word in the language, its schema, and its plan. The core knows kinds only through this interface;
 * `filters/index.ts` lists them.
 */
export interface PolicyKind {
  /** The key in the policy file and in the configuration of the modules. */
  name: string;
  /** One sentence for `explain` and the language reference. */
  summary: string;
  schema: z.ZodType;
  /** Request headers that only this kind may write: what a client sends under these names is removed first. */
  ownedRequestHeaders: readonly string[];
  /** Present where the guard carries the kind out. */
  inModule?: ModulePart;
  /** Present where the body stage carries the kind out. */
  inBody?: BodyPart;
  /** Turns the body of a policy into its plan, or reports why it cannot. */
  plan(body: unknown, context: PolicyContext): PolicyPlan | undefined;
  /** Names of the rules that a policy of this kind decides by, as in the decision `policy/rule`. */
  rules(config: JsonObject): readonly string[];
}

/** What a kind says of one policy; name, kind and origin are added by the core. */
export type KindPlan = Omit<PolicyPlan, "name" | "kind" | "origin" | "config"> & { config: JsonObject };

export interface KindDefinition<Spec> {
  name: string;
  summary: string;
  schema: z.ZodType<Spec>;
  /** The schema with something in the place of what must be there, for a body of which a part was left out. */
  partial?: z.ZodType<Spec>;
  ownedRequestHeaders?: readonly string[];
  inModule?: ModulePart;
  inBody?: BodyPart;
  /**
   * Called with a body that satisfies the schema; for its findings only, also with what fits of one that does not. Returns
   * nothing after it reported an error.
   */
  plan(spec: Spec, context: PolicyContext): KindPlan | undefined;
  /** None if absent. */
  rules?(config: JsonObject): readonly string[];
}

/** Makes a kind out of its definition: checks the body against the schema, then plans it. */
export function defineKind<Spec>(definition: KindDefinition<Spec>): PolicyKind {
  return {
    name: definition.name,
    summary: definition.summary,
    schema: definition.schema,
    ownedRequestHeaders: definition.ownedRequestHeaders ?? [],
    ...(definition.inModule === undefined ? {} : { inModule: definition.inModule }),
    ...(definition.inBody === undefined ? {} : { inBody: definition.inBody }),
    rules: (config) => definition.rules?.(config) ?? [],
    plan(body, context) {
      const result = definition.schema.safeParse(body, { reportInput: true });
      if (!result.success) {
        reportAll(definition, result.error.issues, context);
        return undefined;
      }
      const plan = definition.plan(result.data, context);
      if (plan === undefined) return undefined;
      return { name: context.policy, kind: definition.name, origin: context.place([], "key"), ...plan };
    },
  };
}

/** The findings of a body that does not fit its schema, and those of the rest of it. */
function reportAll<Spec>(
  definition: KindDefinition<Spec>,
  issues: readonly z.core.$ZodIssue[],
  context: PolicyContext,
): void {
  const { schema, partial = schema } = definition;
  const body = context.node([]);
  if (body?.kind !== "map") {
    const known = (path: Path) => knownKeys(schema, path);
    for (const finding of issuesToDiagnostics(issues, context.place, known)) context.report(finding);
    return;
  }
  const placesIn = (root: MapNode) => placesInBody(root, context.place);
  const { root, value, diagnostics } = readParts(body, { schema, partial, placesIn });
  for (const finding of diagnostics) context.report(finding);
  if (value !== undefined)
    definition.plan(value, { ...context, place: placesIn(root), node: (path) => nodeAt(root, path) });
}

/** The key of the body itself is in no tree of it. */
function placesInBody(root: MapNode, place: Place): Place {
  return (path, part = "value") =>
    nodeAt(root, path.slice(0, 1)) === undefined || path.length === 0 ? place([], part) : locate(root, path, part);
}
