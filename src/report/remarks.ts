import type { CellResult, Remark } from '../record/run.ts';

/** A remark as it is printed: what was seen, and what to do about it. */
export function remarkText({ text, advice }: Remark): string {
  return advice === undefined ? text : `${text}. ${advice[0]?.toUpperCase()}${advice.slice(1)}`;
}

/** Why the numbers of a cell have to be read with care: footnotes wherever one of them stands. */
export function cellNotes({ validity, findings }: CellResult): string[] {
  const reasons = validity.reasons.map(({ subject, text }) => subject ?? text).join('; ');
  return [...(validity.verdict === 'valid' ? [] : [`${validity.verdict}: ${reasons}`]), ...findings.map(remarkText)];
}
