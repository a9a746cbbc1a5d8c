/** Objectives by name, each with where its limits come from; and what stands where nobody says any. */
import { type Objective, parseObjective } from '../../scenario/objective.ts';
import type { Workload } from '../../scenario/workload.ts';
import { nearest } from '../../schema/nearest.ts';
import { speaksOfCurve } from './criterion.ts';
import type { Curve, PlannedRun } from './curve.ts';
import { lookedFor } from './searched.ts';

export interface ObjectiveSet {
  readonly objectives: readonly Objective[];
  /** Where its limits come from. */
  readonly source: string;
}

const mlperf = 'MLPerf Inference, loadgen/mlperf.conf, scenario Server';

const named = {
  interactive: {
    texts: ['p99(ttftMs) <= 500', 'p99(tpotMs) <= 30'],
    source: `interactive (${mlperf}, llama3.1-8b-interactive)`,
  },
  server: { texts: ['p99(ttftMs) <= 2000', 'p99(tpotMs) <= 100'], source: `server (${mlperf}, llama3.1-8b)` },
  contract: {
    texts: ['p99(responseTimeMs) < 30000', 'errorRatio < 0.01'],
    source: 'contract (the API document of the service: a request has 30 s)',
  },
} as const;
export type ObjectiveSetName = keyof typeof named;

const objectiveSetNames = Object.keys(named) as ObjectiveSetName[];

/** Answers about pictures are short: MLPerf bounds all of the wait and no token times of them. */
const pictures = { texts: ['p99(responseTimeMs) <= 12000'], source: `pictures (${mlperf}, qwen3-vl-235b)` };

/** Objectives by name and objectives as text, as a person asks for them. */
export interface ChosenObjectives {
  readonly names: readonly ObjectiveSetName[];
  readonly objectives: readonly Objective[];
}

/** Reads names and objectives. Throws an Error whose message says what was expected. */
export function parseChosen(texts: readonly string[]): ChosenObjectives {
  const names = objectiveSetNames.filter(name => texts.includes(name));
  const objectives = texts
    .filter(text => !objectiveSetNames.includes(text as ObjectiveSetName))
    .map(text => {
      if (!/^\s*[\w-]+\s*$/.test(text)) return parseObjective(text);
      const close = nearest(text.trim(), objectiveSetNames);
      const hint = close === undefined ? '' : ` (did you mean ${close}?)`;
      throw new Error(
        `expected ${objectiveSetNames.join(' | ')}, or an objective such as "p95(ttftMs) <= 800", got ${JSON.stringify(text)}${hint}`,
      );
    });
  return { names, objectives };
}

/**
 * What a curve is held to: what was asked for; else what a search looked for; else the objectives of the scenario that speak of it at any load; else
 * what MLPerf asks of an interactive service, or the contract where answers come in one piece.
 */
export function objectivesFor(curve: Curve, run: PlannedRun, chosen: ChosenObjectives): ObjectiveSet {
  const workload = run.scenario.workloads[curve.workload];
  if (chosen.names.length + chosen.objectives.length > 0) {
    const sets = chosen.names.map(name => setOf(name, workload));
    return {
      objectives: [...sets.flatMap(({ objectives }) => objectives), ...chosen.objectives],
      source: [...sets.map(({ source }) => source), ...(chosen.objectives.length > 0 ? ['as asked for'] : [])].join(
        '; ',
      ),
    };
  }
  const looked = searchedFor(curve);
  if (looked.length > 0) return { objectives: looked, source: 'the search' };
  const own = run.scenario.objectives.filter(
    objective => objective.loads.length === 0 && speaksOfCurve(objective, curve),
  );
  if (own.length > 0) return { objectives: own, source: 'the scenario' };
  return setOf(workload?.stream === false && workload.kind === 'text' ? 'contract' : 'interactive', workload);
}

function searchedFor({ searches }: Curve): Objective[] {
  const looked = searches.flatMap(search => lookedFor(search) ?? []);
  return looked.filter(({ text }, i) => looked.findIndex(each => each.text === text) === i);
}

function setOf(name: ObjectiveSetName, workload: Workload | undefined): ObjectiveSet {
  const { texts, source } = workload?.kind === 'vlm' && name !== 'contract' ? pictures : named[name];
  return { objectives: texts.map(parseObjective), source };
}
