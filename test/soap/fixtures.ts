/** Paths of the spyne server whose WSDL is kept. */
export const SPYNE_PATHS = ["/crm", "/crm12"] as const;

/** The same of the CXF server. What is at `/secured/text`, `/secured/digest` and `/lenient` has the WSDL of `/crm`. */
export const CXF_PATHS = ["/crm", "/crm12", "/addressed", "/directory", "/notes"] as const;

/** Where the WSDL of a path is kept, from the root of the repository; the port in it is 8080. */
export function wsdlFile(stack: "spyne" | "cxf", path: string): string {
  return `test/soap/fixtures/${stack}${path.replaceAll("/", "-")}.wsdl`;
}
