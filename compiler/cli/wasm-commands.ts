import { type Command, Option } from "commander";
import { IMAGE_FORMATS } from "../oci/media.js";
import { annotationText } from "./arguments.js";
import { VERDICT_FORMATS } from "./commands/wasm-options.js";
import type { WasmPackageOptions } from "./commands/wasm-package.js";
import type { WasmPushOptions } from "./commands/wasm-push.js";
import type { WasmVerifyOptions } from "./commands/wasm-verify.js";
import { example } from "./examples.js";

/** The commands about modules by themselves. */
export function addWasmCommands(root: Command, finish: (code: number) => void): void {
  const format = () =>
    new Option("--format <format>", "how the results are printed").choices(VERDICT_FORMATS).default("text");
  const plainHttp = () => new Option("--plain-http", "ask the registry without TLS, as one on this machine");

  const wasm = root
    .command("wasm")
    .description("the modules that Envoy loads, and images of them")
    .addHelpText("after", example("sluice wasm verify build"));

  wasm
    .command("verify")
    .description("hold modules and images to their digests, and to what Envoy and the fetchers of a cluster take")
    .argument(
      "[paths...]",
      "modules, folders that were compiled into, image layouts, or oci:// with an image; the modules that ship with sluice if absent",
    )
    .addOption(format())
    .addOption(plainHttp())
    .addHelpText(
      "after",
      example(
        "sluice wasm verify",
        "sluice wasm verify build",
        "sluice wasm verify /opt/sluice/modules/guard.wasm --format json",
        "sluice wasm verify images",
        "sluice wasm verify oci://registry.example.com/sluice/guard:0.1.0",
      ),
    )
    .addHelpText(
      "after",
      "\nA digest is that of the sluice.lock.json in the folder of the module or around it, or else that of the module of the\nsame name in this package. An image is one that Istio and Envoy Gateway can fetch, by their own rules. Exit codes: 0 all\nare right, 1 not all are.",
    )
    .action(async (paths: string[], options: WasmVerifyOptions) =>
      finish(await (await import("./commands/wasm-verify.js")).wasmVerifyCommand(paths, options)),
    );

  wasm
    .command("package")
    .description("write modules as images that Istio and Envoy Gateway fetch: an OCI image layout")
    .argument("[path]", "a module, or a folder that was compiled into; the modules that ship with sluice if absent")
    .requiredOption("--out <folder>", "where to write; only a layout that this command wrote is replaced")
    .addOption(
      new Option("--format <format>", "an image for any registry, or an artifact of two layers")
        .choices(IMAGE_FORMATS)
        .default("compat"),
    )
    .option("--source <url>", "annotate where the sources are", annotationText)
    .option("--revision <commit>", "annotate which commit it is made of", annotationText)
    .addHelpText(
      "after",
      example(
        "sluice wasm package build --out images",
        "sluice wasm package --out images --format artifact",
        "sluice wasm package build --out images --revision $(git rev-parse HEAD)",
      ),
    )
    .addHelpText(
      "after",
      "\nThe same module gives the same digest on any machine. Its bill of materials is an image of its own that refers to it.",
    )
    .action(async (path: string | undefined, options: WasmPackageOptions) =>
      finish(await (await import("./commands/wasm-package.js")).wasmPackageCommand(path, options)),
    );

  wasm
    .command("push")
    .description("push the images of a layout to a registry, and print the URL for a WasmPlugin")
    .argument("<layout>", "the folder that `sluice wasm package` wrote")
    .argument(
      "<reference>",
      "where to: registry/repository:tag; {module} stands for the name of each module, and the version is the tag if there is none",
    )
    .addOption(plainHttp())
    .option("--no-sbom", "leave the bills of materials out, for a registry that does not take them")
    .addOption(format())
    .addHelpText(
      "after",
      example(
        "sluice wasm push images 'registry.example.com/sluice/{module}'",
        "sluice wasm push images registry.example.com/sluice/guard:1.0.0 --format json",
        "sluice wasm push images localhost:5000/guard --plain-http",
      ),
    )
    .addHelpText(
      "after",
      "\nCredentials are those of `docker login`: config.json in ~/.docker or DOCKER_CONFIG, and its credential helpers.\nNothing is pushed of a layout with a fault, which is told then.",
    )
    .action(async (layout: string, reference: string, options: WasmPushOptions) =>
      finish(await (await import("./commands/wasm-push.js")).wasmPushCommand(layout, reference, options)),
    );
}
