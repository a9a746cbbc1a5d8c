/** What is laid side by side: runs, or the endpoints of one of them, and the conditions that were measured in each. */
import type { CellResult } from '../../record/run.ts';
import { loadLabel } from '../../scenario/expand.ts';
import type { GatedRun } from '../gate/subjects.ts';

/** One side of a comparison: runs, or one endpoint of them. */
export interface Side {
  readonly name: string;
  readonly runs: readonly GatedRun[];
  /** The endpoint, where endpoints are compared; undefined: all of them. */
  readonly target?: string;
}

/** One condition of a side with the cells in which it was measured, run by run. */
export interface Condition {
  /** What it is matched by: `hermes/gpu0 chat, concurrency 8`; without the endpoint where endpoints are compared. */
  readonly label: string;
  readonly runs: readonly (readonly CellResult[])[];
}

/** The conditions of a side in the order of the first run that has them. */
export function conditionsOf({ runs, target }: Side): Condition[] {
  const found = new Map<string, CellResult[][]>();
  runs.forEach(({ cells }, i) => {
    const steps = new Map<string, number[]>();
    for (const cell of cells) {
      if (target !== undefined && cell.target.name !== target) continue;
      const label = labelOf(cell, steps, target === undefined);
      const byRun = found.get(label) ?? runs.map(() => []);
      byRun[i]?.push(cell);
      found.set(label, byRun);
    }
  });
  return [...found].map(([label, byRun]) => ({ label, runs: byRun.filter(cells => cells.length > 0) }));
}

/** Steps of one label are told apart by their place among them, which `steps` keeps. */
function labelOf(cell: CellResult, steps: Map<string, number[]>, withTarget: boolean): string {
  const { target, workload, load, order, step } = cell;
  const what = withTarget ? `${target.name} ${workload}` : workload;
  const label = `${what}, ${loadLabel(load)}${order === 'parallel' ? ', all at once' : ''}`;
  const alike = steps.get(`${target.name} ${label}`) ?? [];
  if (!alike.includes(step)) alike.push(step);
  steps.set(`${target.name} ${label}`, alike);
  const place = alike.indexOf(step);
  return place === 0 ? label : `${label} (${place + 1})`;
}

/** The endpoints of a run as sides, those of one model together; only of models with several. */
export function endpointSides(run: GatedRun): Side[][] {
  const models = [...new Set(run.cells.map(({ target }) => target.model))];
  return models
    .map(model => {
      const own = run.cells.filter(({ target }) => target.model === model).map(({ target }) => target.name);
      return [...new Set(own)]
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
        .map(name => ({ name, runs: [run], target: name }));
    })
    .filter(sides => sides.length > 1);
}
