/** Something outside the program that failed, such as a file or a process. Its message says what, and often what to do. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}
