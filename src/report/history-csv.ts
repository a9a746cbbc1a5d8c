import type { History } from '../analysis/history.ts';
import { measureText } from '../analysis/measure.ts';
import { csv } from './csv.ts';

/** `history.csv`: one row a run and condition, the runs of a condition in the order in which they began. */
export function historyCsv({ measure, groups }: History): string {
  const rows = groups.flatMap(({ scenario, simulated, trends }, group) =>
    trends.flatMap(({ target, workload, load, points }) =>
      points.map(({ run: { name, run }, reading, leftOut }) => ({
        group: group + 1,
        scenario,
        simulated: simulated !== undefined,
        target,
        workload,
        load,
        run: name,
        startedAt: run.startedAt,
        status: run.status,
        validity: run.validity.verdict,
        number: measureText(measure),
        value: reading.value,
        censored: reading.censored,
        leftOut,
      })),
    ),
  );
  return csv(rows, { header: true });
}
