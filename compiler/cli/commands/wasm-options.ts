/** Apart from the command, which loads much more than `--help` needs. */
export const VERDICT_FORMATS = ["text", "json"] as const;
