import { apiKey } from "./api-key.js";
import { jwt } from "./jwt.js";

/** Every method, in the order of the reference. */
export const METHODS = { apiKey, jwt };
