import type { GatewayPlan, JsonObject } from "../plan/plan.js";
import { DATASOURCE, panelModel, type Section, sections } from "./panels.js";
import { WRITTEN_BY } from "./subjects.js";

/** Grafana's grid is 24 wide. */
const WIDTH = 8;
const PER_LINE = 24 / WIDTH;
const HEIGHT = 8;
/** Grafana takes no longer ones. */
const LONGEST_UID = 40;

/** A dashboard of Grafana, as it is imported: the source of data is chosen there. */
export function dashboardText(plan: GatewayPlan): string {
  const uid = `sluice-${plan.name}`;
  const dashboard: JsonObject = {
    ...(uid.length > LONGEST_UID ? {} : { uid }),
    title: `Sluice: ${plan.name}`,
    description: `${WRITTEN_BY} from the policies of the gateway ${plan.name}. Change the policy and write it again.`,
    tags: ["sluice", "envoy"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: variables() },
    annotations: { list: [] },
    panels: placed(sections(plan)),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

function variables(): JsonObject[] {
  return [
    { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", refresh: 1, hide: 0 },
    {
      name: "job",
      label: "Job",
      type: "query",
      datasource: DATASOURCE,
      query: { query: "label_values(envoy_server_live, job)", refId: "job" },
      refresh: 2,
      includeAll: true,
      multi: true,
      allValue: ".*",
      current: { selected: true, text: ["All"], value: ["$__all"] },
      hide: 0,
    },
  ];
}

/** Panels from left to right under the headings of their sections, each with a number of its own. */
function placed(all: readonly Section[]): JsonObject[] {
  const models: JsonObject[] = [];
  let y = 0;
  for (const { title, panels } of all) {
    models.push({
      id: models.length + 1,
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    for (const [index, panel] of panels.entries())
      models.push({
        id: models.length + 1,
        ...panelModel(panel),
        gridPos: {
          x: (index % PER_LINE) * WIDTH,
          y: y + Math.floor(index / PER_LINE) * HEIGHT,
          w: WIDTH,
          h: HEIGHT,
        },
      });
    y += Math.ceil(panels.length / PER_LINE) * HEIGHT;
  }
  return models;
}
