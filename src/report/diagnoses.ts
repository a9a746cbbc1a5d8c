import type { CellResult, Run } from '../record/run.ts';
import type { Diagnosis } from '../record/server-summary.ts';
import { loadLabel } from '../scenario/expand.ts';
import type { Block } from './document.ts';

/**
 * What kept each cell from being faster: one item a finding, with the cells it holds for and the evidence of the last.
 * That it was this program itself is what the verdict says, before anything else.
 */
export function diagnoses(run: Run): Block[] {
  const all = run.cells
    .flatMap(cell => (cell.diagnoses ?? []).map(diagnosis => ({ cell, diagnosis })))
    .filter(({ diagnosis }) => diagnosis.kind !== 'client-limited');
  if (all.length === 0) return [];
  const texts = [...new Set(all.map(({ diagnosis }) => diagnosis.text))];
  const items = texts.map(text =>
    diagnosisItem(
      text,
      all.filter(each => each.diagnosis.text === text),
    ),
  );
  return [
    { kind: 'heading', text: 'What held it back' },
    { kind: 'list', items },
  ];
}

function diagnosisItem(text: string, found: readonly { cell: CellResult; diagnosis: Diagnosis }[]): string {
  const last = found.at(-1);
  const names = found.map(({ cell }) => `${cell.target.name} at ${loadLabel(cell.load)}`);
  const where =
    names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more cells`;
  const whose = names.length > 1 ? ` (${names.at(-1)})` : '';
  return `${text} ${where}. Evidence${whose}: ${last?.diagnosis.evidence.join('; ')}`;
}
