/** The Envoy whose API the types in `generated/` describe. */
export const envoyVersion = "1.40.0";
