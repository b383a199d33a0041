import { apiKey } from "./api-key.js";

/** Every method, in the order of the reference. */
export const METHODS = { apiKey };
