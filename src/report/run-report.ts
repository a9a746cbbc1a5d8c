/** What a run says: the verdict and the headline first, then pictures and tables, and at the end what it all depends on. */

import type { Run } from '../record/run.ts';
import type { TimelineRow } from '../record/timeline.ts';
import { missing } from '../units.ts';
import { section } from './blocks.ts';
import { distributions } from './distribution-charts.ts';
import type { Block, Column, Document, Table, TableCell } from './document.ts';
import { hardware, hardwareOverview } from './hardware-tables.ts';
import { heatTables } from './heat-table.ts';
import { throughputAgainstInteractivity } from './interactivity-chart.ts';
import { outcomes } from './outcome-table.ts';
import { remarkText } from './remarks.ts';
import { conditions, definitions } from './run-conditions.ts';
import { figures, verdict } from './run-verdict.ts';
import { searchTables } from './search-tables.ts';
import { objectives, stepTables } from './step-tables.ts';
import { timeline } from './timeline-chart.ts';
import { timesAgainstLoad } from './times-against-load.ts';
import { costOfSizes, lengths, retries } from './workload-tables.ts';

/** The whole report of a run, with what happened second by second. */
export function runReport(run: Run, rows: readonly TimelineRow[]): Document {
  return {
    title: titleOf(run),
    ...stampOf(run),
    blocks: [
      ...verdict(run),
      ...figures(run),
      ...searchTables(run),
      ...objectives(run),
      ...section('Against load', [...timesAgainstLoad(run), ...throughputAgainstInteractivity(run)]),
      ...section('Endpoints side by side', tablesOfSteps(run)),
      ...section('Distributions', distributions(run)),
      ...section('Timeline', timeline(run, rows)),
      ...heatTables(run),
      ...hardware(run),
      ...costOfSizes(run),
      ...retries(run),
      ...outcomes(run),
      ...remarks(run),
      ...lengths(run),
      ...conditions(run),
      ...definitions(),
    ],
  };
}

/** What a terminal shows when a run ends: the same numbers without the pictures and the appendix. */
export function runOverview(run: Run): Document {
  const tables = [...searchTables(run), ...tablesOfSteps(run), ...costOfSizes(run), ...retries(run)].map(block =>
    block.kind === 'table' ? withoutEmptyColumns(block) : block,
  );
  return {
    title: titleOf(run),
    ...stampOf(run),
    blocks: [
      ...verdict(run),
      ...tables,
      ...hardwareOverview(run),
      ...objectives(run),
      ...outcomes(run),
      ...remarks(run),
    ],
  };
}

/** The probes of a search are no steps: each endpoint has its own, and they stand in a table of theirs. */
function tablesOfSteps(run: Run): Block[] {
  return run.searches === undefined ? stepTables(run) : [];
}

function titleOf({ scenario, id }: Run): string {
  return `${scenario.name} · ${id}`;
}

/** Nobody must take a model's figures for a GPU's, nor those of an invalid run for any, however small a part they see. */
function stampOf({ environment, validity }: Run): Pick<Document, 'stamp'> {
  const words = [
    ...(validity.verdict === 'invalid' ? ['invalid'] : []),
    ...(environment.service.simulated ? ['simulated'] : []),
  ];
  return words.length === 0 ? {} : { stamp: words.join(', ') };
}

/** A table without the columns in which nothing stands, and without the notes that say why. */
function withoutEmptyColumns(table: Table): Table {
  const isFull = (i: number) => table.rows.some(row => row[i]?.text !== missing);
  const kept = table.columns.map((_, i) => i).filter(isFull);
  return {
    ...table,
    columns: kept.map(i => table.columns[i] as Column),
    rows: table.rows.map(row => kept.map(i => row[i] as TableCell)),
  };
}

function remarks(run: Run): Block[] {
  return run.findings.length === 0
    ? []
    : [
        { kind: 'heading', text: 'Noticed' },
        { kind: 'list', items: run.findings.map(remarkText) },
      ];
}
