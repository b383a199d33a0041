/** Apart from the command, which loads much more than `--help` needs. */
export const REPORT_FORMATS = ["markdown", "json"] as const;
