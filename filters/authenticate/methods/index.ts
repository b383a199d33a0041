import { apiKey } from "./api-key.js";
import { basic } from "./basic.js";

/** Every method, in the order of the reference. */
export const METHODS = { apiKey, basic };
