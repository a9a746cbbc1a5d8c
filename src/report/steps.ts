import type { CellResult, Run } from '../record/run.ts';
import { askedLabel } from '../scenario/expand.ts';

/** How a step of the load is called: what was asked, of how many at a time, over which client. */
export function stepLabel({ cells, scenario }: Run, step: number): string {
  const own = cells.filter(cell => cell.step === step);
  const first = own[0] as CellResult;
  const by = scenario.load.steps[step]?.driver === 'autocannon' ? ' over autocannon' : '';
  const differ = loadsDiffer(own);
  const asked = (differ ? 'as many as each row says' : askedLabel(first.load)) + by;
  return first.order === 'parallel'
    ? `${asked}${differ ? '' : ' each'}, all endpoints at once`
    : `${asked}, one endpoint at a time`;
}

/** With per: model the endpoints of one step may be asked for different numbers: then each says its own. */
export function loadsDiffer(cells: readonly CellResult[]): boolean {
  return new Set(cells.map(cell => askedLabel(cell.load))).size > 1;
}
