import sluice = require("sluicegate");

export const targets: readonly string[] = sluice.targets;
