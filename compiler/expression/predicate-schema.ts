import { z } from "zod";
import type { Json } from "../plan/plan.js";
import { headerName } from "../policy/values.js";

// The JSON form of expressions, as modules read it (filters/modules/README.md). Types are checked as the modules check them: what
// a schema cannot say is the depth and size of a predicate, and whether a text is a range of addresses or an automaton.

/** What may be asked of the caller: everything, what a module in front hands on, or nothing, as nobody is known yet. */
export type Callers = "known" | "handed-on" | "unknown";

export interface PredicateSchemas {
  /** A predicate: a bool. */
  condition: z.ZodType<Json>;
  /** What has an integer as its value, and is none itself. */
  integerOperation: z.ZodType<Json>;
  /** `["get", ...]` of a string. */
  textAttribute: z.ZodType<Json>;
  /** Of what is told of requests, and decides nothing about them: a predicate, and what has a string, an integer or a bool. */
  told: { condition: z.ZodType<Json>; value: z.ZodType<Json> };
  /** What has an integer as its value, of an answer that begins. */
  answer: z.ZodType<Json>;
  /** A predicate that is asked when the answer is over: over that, and what came of others before. */
  tail: z.ZodType<Json>;
}

/** The longest list of constants, its `"list"` included. */
const MOST_IN_LIST = 4096;
/** 65,536 bytes in base64. */
const LONGEST_AUTOMATON = 87_384;

/** What is asked of the request and kept, until the answer is over. */
const MOST_NOTED = 16;

const CALLER_TEXTS = {
  known: ["auth.consumer", "auth.tier", "auth.method", "auth.subject", "auth.issuer"],
  "handed-on": ["auth.consumer", "auth.tier"],
  unknown: [],
} as const;
const CALLER_LISTS = { known: ["auth.groups", "auth.scopes"], "handed-on": ["auth.groups"], unknown: [] } as const;
const TEXTS = [
  "request.method",
  "request.path",
  "request.host",
  "request.scheme",
  "request.id",
  "request.protocol",
  "source.ip",
  "source.principal",
  "route.name",
] as const;
const INTEGERS = ["request.size", "request.time", "source.port"] as const;

/** Names with spaces between them, so long in all. */
const claimPath = z
  .string()
  .max(64)
  .regex(/^[!-~]+( [!-~]+)*$/);
const claimText = z.tuple([z.literal("get"), z.literal("auth.claims"), claimPath]);
const claimList = z.tuple([z.literal("get"), z.literal("auth.claims[]"), claimPath]);
const visibleName = z.string().regex(/^[!-~]{1,64}$/);
const headerOf = (of: "request" | "response") => z.tuple([z.literal("get"), z.literal(`${of}.headers`), headerName]);
const named = z.tuple([z.literal("get"), z.literal(["request.query", "request.cookies", "route.params"]), visibleName]);

/** What predicates of one kind may ask for. */
interface Vocabulary {
  /** Attributes that are strings. */
  texts: readonly z.ZodType<Json>[];
  /** Names of attributes that are integers. */
  integers: readonly string[];
  /** Attributes that are lists. */
  lists: readonly z.ZodType<Json>[];
  /** Other forms of a bool. */
  conditions: readonly z.ZodType<Json>[];
}

/**
 * Over a request.
 *
 * @param more attributes that are strings
 */
function overRequest(callers: Callers, more: readonly string[] = []): Vocabulary {
  const texts = [...TEXTS, ...more, ...CALLER_TEXTS[callers]];
  return {
    texts: [
      z.tuple([z.literal("get"), z.literal(texts)]),
      headerOf("request"),
      named,
      ...(callers === "known" ? [claimText] : []),
    ],
    integers: INTEGERS,
    lists: [
      ...CALLER_LISTS[callers].map((name) => z.tuple([z.literal("get"), z.literal(name)])),
      ...(callers === "known" ? [claimList] : []),
    ],
    conditions: [],
  };
}

/** Over an answer, and what came of conditions of the request. */
const overAnswer: Vocabulary = {
  texts: [headerOf("response")],
  integers: ["response.duration", "response.status"],
  lists: [],
  conditions: [
    z.tuple([
      z.literal("noted"),
      z
        .int()
        .min(0)
        .max(MOST_NOTED - 1),
    ]),
  ],
};

/** Over an answer that begins. */
const overHeaders: Vocabulary = {
  texts: [headerOf("response")],
  integers: ["response.status"],
  lists: [],
  conditions: [],
};

function predicatesOver({ texts, integers, lists, conditions }: Vocabulary, suffix: string) {
  const constantTexts = z.tuple([z.literal("list")], z.string()).meta({ maxItems: MOST_IN_LIST });
  const constantIntegers = z.tuple([z.literal("list")], z.int()).meta({ maxItems: MOST_IN_LIST });
  const integerAttribute = z.tuple([z.literal("get"), z.literal([...integers])]);
  const textAttribute: z.ZodType<Json> = z
    .union(texts)
    .meta({ id: `attribute${suffix}`, title: "attribute", description: '`["get", ...]` of a string.' });
  const text: z.ZodType<Json> = z
    .lazy(() =>
      z.union([
        z.string(),
        textAttribute,
        z.tuple([z.literal("lowerAscii"), text]),
        z.tuple([z.literal("string"), z.union([integer, condition])]),
        z.tuple([z.literal("?:"), condition, text, text]),
      ]),
    )
    .meta({ id: `text${suffix}`, title: "text", description: "What has a string as its value." });
  const integer: z.ZodType<Json> = z
    .lazy(() =>
      z.union([
        z.int(),
        integerAttribute,
        z.tuple([z.literal("int"), text]),
        z.tuple([z.literal("size"), z.union([text, ...lists, constantTexts, constantIntegers])]),
        z.tuple([z.literal("?:"), condition, integer, integer]),
      ]),
    )
    .meta({ id: `integer${suffix}`, title: "integer", description: "What has an integer as its value." });
  const condition: z.ZodType<Json> = z
    .lazy(() =>
      z.union([
        z.boolean(),
        z.tuple([z.literal(["==", "!=", "<", "<=", ">", ">=", "startsWith", "endsWith", "contains"]), text, text]),
        z.tuple([z.literal(["==", "!=", "<", "<=", ">", ">="]), integer, integer]),
        z.tuple([z.literal(["==", "!="]), condition, condition]),
        z.tuple([z.literal("in"), text, z.union([constantTexts, ...lists])]),
        z.tuple([z.literal("in"), integer, constantIntegers]),
        z.tuple([z.literal("cidr"), text, z.string().regex(/^[0-9A-Fa-f:.]{2,60}\/[0-9]{1,3}$/)]),
        z.tuple([
          z.literal("matches"),
          text,
          z
            .string()
            .min(4)
            .max(LONGEST_AUTOMATON)
            .regex(/^[A-Za-z0-9+/]+={0,2}$/),
        ]),
        z.tuple([z.literal("has"), z.union([textAttribute, integerAttribute, ...lists])]),
        z.tuple([z.literal("!"), condition]),
        z.tuple([z.literal(["&&", "||"]), condition, condition], condition),
        z.tuple([z.literal("?:"), condition, condition, condition]),
        ...conditions,
      ]),
    )
    .meta({ id: `condition${suffix}`, title: "predicate", description: "What has a bool as its value." });
  const value: z.ZodType<Json> = z
    .union([text, integer, condition])
    .meta({ id: `value${suffix}`, title: "value", description: "A predicate, or what has a string or an integer." });
  const integerOperation: z.ZodType<Json> = z.union([
    integerAttribute,
    z.tuple([z.literal("int"), text]),
    z.tuple([z.literal("size"), z.union([text, ...lists, constantTexts, constantIntegers])]),
    z.tuple([z.literal("?:"), condition, integer, integer]),
  ]);
  return { condition, integerOperation, textAttribute, value };
}

const { condition: tail } = predicatesOver(overAnswer, "-over-the-answer");

const { integerOperation: answer } = predicatesOver(overHeaders, "-over-an-answer-that-begins");

function schemasFor(callers: Callers, suffix: string): PredicateSchemas {
  const { condition, integerOperation, textAttribute } = predicatesOver(overRequest(callers), suffix);
  const { condition: toldCondition, value } = predicatesOver(
    overRequest(callers, ["soap.operation"]),
    `-of-what-is-told${suffix}`,
  );
  return { condition, integerOperation, textAttribute, told: { condition: toldCondition, value }, answer, tail };
}

/** Made once: each has definitions of its own in a JSON Schema. */
export const predicateSchemas: Readonly<Record<Callers, PredicateSchemas>> = {
  known: schemasFor("known", ""),
  "handed-on": schemasFor("handed-on", "-over-what-is-handed-on"),
  unknown: schemasFor("unknown", "-before-callers-are-known"),
};
