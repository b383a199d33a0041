import { apiKey } from "./api-key.js";
import { basic } from "./basic.js";
import { hmac } from "./hmac.js";
import { introspect } from "./introspect.js";
import { jwt } from "./jwt.js";
import { mtls } from "./mtls.js";

/** Every method, in the order of the reference. */
export const METHODS = { apiKey, basic, hmac, introspect, jwt, mtls };
