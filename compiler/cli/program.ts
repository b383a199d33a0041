import { Argument, Command, Option } from "commander";
import { FIX_LEVELS } from "../diagnostics/fixing.js";
import { nearest } from "../diagnostics/suggest.js";
import { targetNames } from "../index.js";
import { DEFAULT_OPTIONS } from "../targets/envoy/options.js";
import {
  collected,
  lookback,
  modulesFolder,
  modulesUrl,
  positiveInteger,
  sha256Digest,
  zoneName,
} from "./arguments.js";
import type { CheckOptions } from "./commands/check.js";
import type { CompileOptions } from "./commands/compile.js";
import { REPORT_FORMATS } from "./commands/compile-options.js";
import type { DashboardsOptions } from "./commands/dashboards.js";
import type { DemoOptions } from "./commands/demo.js";
import { type ExplainOptions, REQUEST_FORMATS, STAGES } from "./commands/explain.js";
import type { GraphOptions } from "./commands/graph.js";
import { GRAPH_FORMATS } from "./commands/graph-options.js";
import type { ImportWsdlOptions } from "./commands/import.js";
import type { RunOptions } from "./commands/run.js";
import { SCHEMAS, type SchemaName, type SchemaOptions } from "./commands/schema.js";
import type { TestOptions } from "./commands/test.js";
import { ENGINES, TEST_FORMATS } from "./commands/test-options.js";
import { SHELLS, type Shell } from "./completion.js";
import { addCredentialCommands } from "./credential-commands.js";
import { example } from "./examples.js";
import { UsageError } from "./exit.js";
import { FORMATS } from "./print.js";
import { packageVersion } from "./version.js";
import { addWasmCommands } from "./wasm-commands.js";

/**
 * Every command with its options. A command is loaded when it is called: most of them need little of what the others
 * need.
 *
 * @param finish is called with the exit code
 */
export function program(finish: (code: number) => void): Command {
  const root = new Command("sluice")
    .description("Checks policy files and compiles them for Envoy.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpCommand(false)
    .showHelpAfterError("(run with --help for the options)")
    .exitOverride()
    .addHelpText(
      "after",
      example(
        "sluice check policy.yaml",
        "sluice explain --request 'GET /orders/7 x-api-key:KEY'",
        "sluice help compile",
      ),
    )
    .addHelpText("after", "\nExit codes: 0 clean, 1 findings, 3 wrong usage, 4 internal error.");

  const format = () => new Option("--format <format>", "how findings are printed").choices(FORMATS).default("text");

  root
    .command("init")
    .description("write a small project to begin with: a policy, its tests, and a workflow that checks them")
    .argument("[folder]", "where to write; nothing there is overwritten", ".")
    .addHelpText("after", example("sluice init", "sluice init shop"))
    .action(async (folder: string) => finish(await (await import("./commands/init.js")).initCommand(folder)));

  root
    .command("check")
    .description("report every finding of policy files and of their tests")
    .argument("<paths...>", "policy files, files of tests, or folders with them, at any depth; - is standard input")
    .addOption(format())
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 from this severity on")
        .choices(["error", "warning"])
        .default("error"),
    )
    .addOption(
      new Option("--fix [=level]", "write the fixes that are safe, with =suggested also those that are guesses")
        .choices(FIX_LEVELS)
        .preset("safe"),
    )
    .addHelpText(
      "after",
      example(
        "sluice check examples/quickstart",
        "sluice check policy.yaml --fix",
        "git show HEAD~1:policy.yaml | sluice check -",
        "sluice check . --fail-on warning --format sarif > findings.sarif",
      ),
    )
    .addHelpText(
      "after",
      "\nOf a folder, every .yaml file is read, and below it those that say `apiVersion: sluice/v1`; folders that begin with a\ndot, node_modules and dist are left out. Fragments are read through the gateway that includes them.",
    )
    .action(async (paths: string[], options: CheckOptions) =>
      finish(await (await import("./commands/check.js")).checkCommand(paths, options)),
    );

  root
    .command("compile")
    .description("write the configuration of a target, the modules it loads, and the lock that pins them")
    .argument("<policy>", "the policy file")
    .addOption(new Option("--target <name>", "what to compile for").choices([...targetNames]).default("envoy"))
    .option("--out <folder>", "where to write", "dist/envoy")
    .option("--check", "write nothing; exit with 1 if the folder is not what the policy gives, and say why")
    .option(
      "--modules-dir <folder>",
      "where Envoy finds the modules: absolute, or from its working directory",
      modulesFolder,
      DEFAULT_OPTIONS.modulesDir,
    )
    .option(
      "--modules <url>",
      "where a cluster fetches the modules: oci://, https:// or file:///, without the name of one",
      modulesUrl,
    )
    .option(
      "--pin <digest>",
      "of the image of the guard, as `wasm push` prints it, if it was packaged with options",
      sha256Digest,
    )
    .option("--access-log <file>", "let Envoy write one JSON line for each request; - is its standard output")
    .addOption(
      new Option(
        "--report <format>",
        "write nothing; print what every target does with every part of the policy, and by what",
      ).choices(REPORT_FORMATS),
    )
    .addOption(format())
    .addHelpText(
      "after",
      example(
        "sluice compile examples/quickstart/policy.yaml --out build",
        "sluice compile examples/quickstart/policy.yaml --report markdown",
        "sluice compile examples/quickstart/policy.yaml --out build --check",
        "sluice compile policy.yaml --modules-dir /opt/sluice/modules",
      ),
    )
    .addHelpText(
      "after",
      "\nThe modules are written to the folder modules of --out, whatever --modules-dir says. --check wants the options of the\ncompilation: they are part of sluice.lock.json.",
    )
    .action(async (policy: string, options: CompileOptions) =>
      finish(await (await import("./commands/compile.js")).compileCommand(policy, options)),
    );

  root
    .command("test")
    .description("send the requests of policy tests through the module that ships, and compare what comes of them")
    .argument("[paths...]", "files of tests, or folders with such files (.test.yaml), at any depth", ["."])
    .option("--filter <text>", "only the cases that have the text in their names")
    .option("--coverage", "list the routes, policies and rules that no case exercises")
    .option("--mutate", "remove and weaken each line of the policies, and print the changes that no case notices")
    .option("--watch", "run them again after each change of a file, until Ctrl-C")
    .addOption(
      new Option("--engine <engine>", "where the cases run: both also asks that the two give the same answers")
        .choices(ENGINES)
        .default("embedded"),
    )
    .addOption(new Option("--format <format>", "how the results are printed").choices(TEST_FORMATS).default("text"))
    .addHelpText(
      "after",
      example(
        "sluice test",
        "sluice test examples/tenants --coverage",
        "sluice test examples/tenants --mutate",
        "sluice test policy.test.yaml --filter stranger --watch",
        "sluice test examples --engine both",
        "sluice test examples --format junit > results.xml",
      ),
    )
    .addHelpText(
      "after",
      "\nOn the embedded host time stands still but for `wait`. With --engine envoy or both, cases that wait over 5 s, or whose result" +
        "\ndepends on how fast they are sent or on chance, still run there, and are listed. Without, cases with `engine: envoy` are not run.",
    )
    .action(async (paths: string[], options: TestOptions & { mutate?: true }) =>
      finish(
        options.mutate
          ? await (await import("./commands/mutate.js")).mutateCommand(paths, options)
          : await (await import("./commands/test.js")).testCommand(paths, options),
      ),
    );

  root
    .command("explain")
    .description("explain a finding (SL0101), the policies of a route, why a request is answered as it is, or a stage")
    .argument("[subject]", "a code, or the name of a route; all routes if absent")
    .option("-p, --policy <file>", "the policy file", "policy.yaml")
    .option("--request <text>", "say which route takes a request, and what each policy says of it")
    .option("-H, --header <name:value>", "with --request: one more header; may stand several times", collected)
    .option("--as <consumer>", "with --request: take the caller as signed in")
    .option("--source <address>", "with --request: where the connection comes from (default 127.0.0.1)")
    .option("--listener <name>", "with --request: the listener; the first if absent")
    .addOption(
      new Option("--format <format>", "with --request: how it is printed").choices(REQUEST_FORMATS).default("text"),
    )
    .option(
      "--where <place>",
      "say which line of the policy a place of the output is made from: FILE:LINE, or FILE:PATH",
    )
    .addOption(new Option("--stage <stage>", "print what flows out of a stage").choices(STAGES))
    .addHelpText(
      "after",
      example(
        "sluice explain SL0408",
        "sluice explain orders -p examples/quickstart/policy.yaml",
        "sluice explain --request 'GET /orders/7 x-api-key:KEY' -p examples/quickstart/policy.yaml",
        "sluice explain --request 'POST /orders host:api.example.com' --as globex -p examples/quickstart/policy.yaml",
        "sluice explain --stage envoy -p examples/quickstart/policy.yaml",
      ),
    )
    .action(async (subject: string | undefined, options: ExplainOptions) =>
      finish(await (await import("./commands/explain.js")).explainCommand(subject, options)),
    );

  root
    .command("graph")
    .description("draw which listener leads to which service, by which routes and past which policies")
    .option("-p, --policy <file>", "the policy file", "policy.yaml")
    .addOption(new Option("--format <format>", "how it is printed").choices(GRAPH_FORMATS).default("mermaid"))
    .option("--traces <source>", "draw who really asked whom: URL of a Zipkin server, or URL or file of spans")
    .option("--lookback <duration>", "how far back a Zipkin server looks (default: 1h)", lookback)
    .option("--limit <traces>", "most traces of a Zipkin server (default: 1000)", positiveInteger)
    .addHelpText(
      "after",
      example(
        "sluice graph -p examples/quickstart/policy.yaml",
        "sluice graph --format dot > shop.dot   # then dot -Tsvg shop.dot",
        "sluice graph --format json",
        "sluice graph --traces http://zipkin:9411/ --lookback 15m",
        "sluice graph --traces spans.json --format json",
      ),
    )
    .addHelpText(
      "after",
      "\nA URL that ends with / or has no path is that of a Zipkin server. Any other is asked as it is and answers, as a file\nholds, spans in JSON: OTLP or Zipkin's. What differs from the policy is told on standard error.",
    )
    .action(async (options: GraphOptions) => finish(await (await import("./commands/graph.js")).graphCommand(options)));

  root
    .command("dashboards")
    .description("write a dashboard for Grafana and alert rules for Prometheus, made for the policies of the file")
    .option("-p, --policy <file>", "the policy file", "policy.yaml")
    .requiredOption("--out <folder>", "where to write; of what is there, only what this command wrote is replaced")
    .addHelpText("after", example("sluice dashboards -p examples/quickstart/policy.yaml --out dashboards"))
    .action(async (options: DashboardsOptions) =>
      finish(await (await import("./commands/dashboards.js")).dashboardsCommand(options)),
    );

  root
    .command("run")
    .description("run Envoy with a policy, and take over changes of the file at once")
    .argument("<policy>", "the policy file")
    .option("--concurrency <workers>", "worker threads of Envoy", positiveInteger, 2)
    .option("--access-log", "print one JSON line for each request")
    .option("--zone <name>", "the zone that Envoy is in, for services with zoneAware", zoneName)
    .addOption(
      new Option(
        "--embedded",
        "without Envoy, for a first look: Node serves the policy; no production proxy",
      ).conflicts(["concurrency", "docker", "zone", "withRatelimit"]),
    )
    .option("--docker", "run Envoy in a container, by the docker command and a daemon on this machine")
    .option(
      "--with-ratelimit",
      "start the ratelimit service of Envoy and a Redis beside it, for limits with scope: global, where the policy says that the service is",
    )
    .addHelpText(
      "after",
      example(
        "ACME_KEY=... GLOBEX_KEY=... sluice run examples/quickstart/policy.yaml",
        "SLUICE_ENVOY=/opt/envoy sluice run policy.yaml --concurrency 4   # with an Envoy of your own",
        "sluice run policy.yaml --zone eu-1a                              # endpoints of this zone are preferred",
        "sluice run policy.yaml --embedded --access-log                   # where no Envoy can be had",
        "sluice run policy.yaml --with-ratelimit   # SLUICE_RATELIMIT and SLUICE_REDIS name programs that are not on PATH",
        "sluice run policy.yaml --docker   # from the image envoyproxy/envoy:v1.40.0, or SLUICE_ENVOY_IMAGE",
      ),
    )
    .action(async (policy: string, options: RunOptions) =>
      finish(await (await import("./commands/run.js")).runCommand(policy, options)),
    );

  root
    .command("demo")
    .description("compile the quickstart, run it in Envoy and show what it decides")
    .option("--once", "end after the tour")
    .addHelpText("after", example("sluice demo --once"))
    .action(async (options: DemoOptions) => finish(await (await import("./commands/demo.js")).demoCommand(options)));

  root
    .command("schema")
    .description("print the JSON Schema of a sort of file, or of the configuration of a module")
    .addArgument(new Argument("[file]", "the sort of file").choices(SCHEMAS).default("gateway"))
    .option("--out <file>", "write it there instead")
    .addHelpText(
      "after",
      example(
        "sluice schema test",
        "sluice schema gateway --out gateway.v1.json",
        "# yaml-language-server: $schema=gateway.v1.json   (the first line of policy.yaml)",
      ),
    )
    .action(async (name: SchemaName, options: SchemaOptions) =>
      finish(await (await import("./commands/schema.js")).schemaCommand(name, options)),
    );

  root
    .command("completion")
    .description("print a script that completes sluice in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      example(
        "source <(sluice completion bash)   # in ~/.bashrc",
        "source <(sluice completion zsh)    # in ~/.zshrc, after compinit",
        "sluice completion fish > ~/.config/fish/completions/sluice.fish",
      ),
    )
    .action(async (shell: Shell) => finish((await import("./commands/completion.js")).completionCommand(shell, root)));

  root
    .command("help")
    .description("show the options and examples of a command")
    .argument("[command...]", "the command, such as explain or envoy install")
    .addHelpText("after", example("sluice help explain", "sluice help envoy install"))
    .action((names: string[]) => commandNamed(root, names).outputHelp());

  addWasmCommands(root, finish);

  const imports = root
    .command("import")
    .description("make a policy of what describes a service")
    .addHelpText("after", example("sluice import wsdl service.wsdl"));
  imports
    .command("wsdl")
    .description(
      "offer a SOAP service as REST: write a policy, its tests and an OpenAPI document, and say what was chosen",
    )
    .argument("<wsdl>", "the WSDL 1.1 file")
    .option("--out <folder>", "where to write; nothing there is overwritten (default: the folder of the WSDL)")
    .option("--service <name>", "the service of the WSDL; the first that speaks SOAP without")
    .option("--port <name>", "the port of it; the first that speaks SOAP without")
    .option("--name <gateway>", "name of the gateway; made of that of the service without")
    .option("--only <operations...>", "the operations to offer; all without")
    .addHelpText(
      "after",
      example(
        "sluice import wsdl crm.wsdl",
        "sluice import wsdl vendor/crm.wsdl --out crm --name crm",
        "sluice import wsdl crm.wsdl --port CrmSoap12 --only GetPartner ListPartners",
      ),
    )
    .addHelpText("after", "\nA WSDL that lies elsewhere is copied into the folder, with all that it imports.")
    .action(async (wsdl: string, options: ImportWsdlOptions) =>
      finish(await (await import("./commands/import.js")).importWsdlCommand(wsdl, options)),
    );

  addCredentialCommands(root, finish);

  const envoy = root
    .command("envoy")
    .description("the Envoy that run and demo use")
    .addHelpText("after", example("sluice envoy install"));
  envoy
    .command("install")
    .description("put Envoy 1.40 into the cache unless one is there")
    .addHelpText("after", example("sluice envoy install"))
    .action(async () => finish(await (await import("./commands/envoy.js")).envoyInstallCommand()));

  return root;
}

/** @throws UsageError with the nearest name */
function commandNamed(root: Command, names: readonly string[]): Command {
  return names.reduce((command, name) => {
    const found = command.commands.find((inner) => inner.name() === name);
    if (found !== undefined) return found;
    const known = nearest(
      name,
      command.commands.map((inner) => inner.name()),
    );
    throw new UsageError(`no command is named ${name}${known === undefined ? "" : `; did you mean ${known}?`}`);
  }, root);
}
