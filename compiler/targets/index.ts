import { envoy } from "./envoy/target.js";
import { envoyGateway } from "./envoy-gateway/target.js";
import { istio } from "./istio/target.js";
import type { Target } from "./target.js";

/** Every target, sorted by name. */
export const targets: readonly Target[] = [envoy, envoyGateway, istio];
