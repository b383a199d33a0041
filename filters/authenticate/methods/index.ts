import { apiKey } from "./api-key.js";
import { hmac } from "./hmac.js";
import { jwt } from "./jwt.js";
import { mtls } from "./mtls.js";

/** Every method, in the order of the reference. */
export const METHODS = { apiKey, hmac, jwt, mtls };
