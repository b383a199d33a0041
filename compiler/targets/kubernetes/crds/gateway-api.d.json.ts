declare const definitions: unknown;
export default definitions;
