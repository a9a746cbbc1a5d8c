/** The reports of a run directory: everything in it that can be made again from its records. */

import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diagnosed } from '../analysis/diagnosis.ts';
import { CellRecorder } from '../record/cell-recorder.ts';
import { isSimulated, unwatched } from '../record/cell-telemetry.ts';
import { isDevice, isGap } from '../record/gpu-sample.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { Remark, Run } from '../record/run.ts';
import { RunTelemetry } from '../record/run-telemetry.ts';
import { Timeline } from '../record/timeline.ts';
import { csv, requestLines, summaryRows, timelineRows } from '../report/csv.ts';
import { runReport } from '../report/run-report.ts';
import { type Cell, expand } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { devicesOf } from '../scenario/telemetry.ts';
import {
  fileNames,
  readGeneratorSamples,
  readGpuLines,
  readRecords,
  readRun,
  readServerLines,
  writeAtomically,
} from '../store/run-directory.ts';
import { cellResult } from './cell-run.ts';
import { writeDocument } from './report-files.ts';
import { probeCells, validityOf } from './search.ts';

/** Writes every report of a finished run beside its records; gives the path of `report.html`. */
export async function writeReports(directory: string, run: Run): Promise<string> {
  const flat = await FlatRecords.create(directory);
  try {
    for await (const records of readRecords(directory, () => {})) await flat.add(records);
  } finally {
    await flat.close();
  }
  return writeDerived(directory, run, flat.timeline);
}

/** Rebuilds a run directory's numbers and every report; gives the run and the path of `report.html`. */
export async function rebuildReports(directory: string): Promise<{ run: Run; path: string }> {
  const stored = await readRun(directory);
  const flat = await FlatRecords.create(directory);
  let run: Run;
  try {
    run = await rebuildRun(directory, stored, records => flat.add(records));
  } finally {
    await flat.close();
  }
  await writeAtomically(join(directory, fileNames.run), `${JSON.stringify(run, null, 2)}\n`);
  return { run, path: await writeDerived(directory, run, flat.timeline) };
}

/** What is made of the records one by one, as they are read: `requests.csv`, and the timeline. */
class FlatRecords {
  readonly timeline = new Timeline();
  readonly #rows: FileHandle;
  #isFirst = true;

  private constructor(rows: FileHandle) {
    this.#rows = rows;
  }

  static async create(directory: string): Promise<FlatRecords> {
    return new FlatRecords(await open(join(directory, 'requests.csv'), 'w'));
  }

  async add(records: readonly RequestRecord[]): Promise<void> {
    if (records.length === 0) return;
    for (const record of records) this.timeline.add(record);
    const text = requestLines(records, { header: this.#isFirst });
    this.#isFirst = false;
    await this.#rows.appendFile(text);
  }

  async close(): Promise<void> {
    await this.#rows.close();
  }
}

/** Writes what is made of the run and its timeline; gives the path of `report.html`. */
async function writeDerived(directory: string, run: Run, timeline: Timeline): Promise<string> {
  await addGpus(timeline, directory, run);
  const rows = timeline.rows();
  await writeFile(join(directory, 'timeline.csv'), csv(timelineRows(rows), { header: true }));
  await writeFile(join(directory, 'summary.csv'), csv(summaryRows(run), { header: true }));
  return await writeDocument(directory, 'report', runReport(run, rows));
}

/** Lays the samples of each target's GPUs beside its requests: real beside real, simulated beside simulated. */
async function addGpus(timeline: Timeline, directory: string, { scenario }: Run): Promise<void> {
  const targets = scenario.targets.map(target => ({
    name: target.name,
    simulated: isSimulated(target, scenario),
    devices: devicesOf(target, scenario.telemetry ?? unwatched),
  }));
  for await (const lines of readGpuLines(directory, () => {})) {
    for (const line of lines) {
      if (isGap(line)) continue;
      for (const { name, simulated, devices } of targets)
        if (simulated === line.simulated && devices.some(device => isDevice(line.device, device)))
          timeline.addGpu(name, line);
    }
  }
}

/**
 * The run of a directory, its numbers made again from its records, which are handed on as they are read. One that was
 * killed is marked as interrupted, with how many requests were sent and never ended.
 */
async function rebuildRun(
  directory: string,
  stored: Run,
  onRecords: (records: readonly RequestRecord[]) => Promise<void>,
): Promise<Run> {
  const findings: Remark[] = stored.findings.filter(
    ({ text }) => !Object.values(fileNames).some(name => text.startsWith(`${name}:`)),
  );
  const badLine = (file: string) => (line: number, problem: string) =>
    void findings.push({ text: `${file}:${line}: not read: ${problem}` });
  const planned = cellsOf(stored);
  const windows = await windowsOf(directory, stored, planned);
  const recorders = new Map<number, CellRecorder>();
  let sentAndEnded = 0;
  for await (const records of readRecords(directory, badLine(fileNames.requests))) {
    for (const record of records) {
      if (record.sentMs !== undefined) sentAndEnded++;
      recorderIn(recorders, record.cell, stored.scenario, planned, windows)?.add(record);
    }
    await onRecords(records);
  }
  let sent = 0;
  for await (const samples of readGeneratorSamples(directory, badLine(fileNames.generator))) {
    for (const sample of samples) for (const index of sample.cells) recorders.get(index)?.addSample(sample);
    sent = samples.at(-1)?.sent ?? sent;
  }
  const ofRun = new RunTelemetry();
  const loadFromMs = stored.telemetry?.loadFromMs ?? null;
  if (loadFromMs !== null) ofRun.load(loadFromMs);
  const watchers = [ofRun, ...recorders.values()];
  for await (const lines of readGpuLines(directory, badLine(fileNames.gpu)))
    for (const each of watchers) for (const line of lines) each.addGpu(line);
  for await (const lines of readServerLines(directory, badLine(fileNames.server)))
    for (const each of watchers) for (const line of lines) each.addServer(line);
  const watched = ofRun.summary();

  const wasKilled = stored.status === 'running';
  const cells = planned.flatMap(cell => {
    const recorder = recorders.get(cell.index);
    if (recorder === undefined) return [];
    const before = stored.cells.find(({ index }) => index === cell.index);
    const { endedBy = 'interrupted', stopRule, scheduled } = before ?? {};
    const ended = {
      endedBy,
      ...(stopRule === undefined ? {} : { stopRule }),
      ...(scheduled === undefined ? {} : { scheduled }),
    };
    return [cellResult(cell, recorder, ended, stored.scenario.objectives)];
  });
  return {
    ...stored,
    status: wasKilled ? 'interrupted' : stored.status,
    unaccounted: wasKilled ? Math.max(0, sent - sentAndEnded) : stored.unaccounted,
    validity: validityOf(cells, stored.searches),
    findings,
    environment: { ...stored.environment, gpus: ofRun.devices() },
    ...(watched === undefined ? {} : { telemetry: watched }),
    cells: diagnosed(cells, watched?.before ?? []),
  };
}

/** The cells that a run was to drive; of a search those that it has driven, for it finds its loads itself. */
function cellsOf(run: Run): Cell[] {
  const { search } = run.scenario.load;
  return search === undefined ? expand(run.scenario) : probeCells(run, search);
}

/** The recorder of a cell, with its window; made with the first record of it. */
function recorderIn(
  recorders: Map<number, CellRecorder>,
  index: number,
  scenario: Scenario,
  planned: readonly Cell[],
  windows: ReadonlyMap<number, readonly [number, number]>,
): CellRecorder | undefined {
  const known = recorders.get(index);
  const cell = planned[index];
  if (known !== undefined || cell === undefined) return known;
  const recorder = new CellRecorder(cell, scenario, planned);
  const window = windows.get(index);
  if (window !== undefined) {
    recorder.open(window[0]);
    recorder.close(window[1]);
  }
  recorders.set(index, recorder);
  return recorder;
}

/**
 * The window of each cell: as the run noted it, or, for one that was cut off, from its first measured request to its
 * last end, for which all records are read once more.
 */
async function windowsOf(
  directory: string,
  stored: Run,
  planned: readonly Cell[],
): Promise<Map<number, readonly [number, number]>> {
  const windows = new Map<number, readonly [number, number]>();
  if (planned.some(({ index }) => !stored.cells.some(cell => cell.index === index))) {
    for await (const records of readRecords(directory, () => {})) {
      for (const { cell, phase, dueMs, endMs } of records) {
        if (phase !== 'measured') continue;
        const [from, to] = windows.get(cell) ?? [dueMs, endMs];
        windows.set(cell, [Math.min(from, dueMs), Math.max(to, endMs)]);
      }
    }
  }
  for (const { index, windowMs } of stored.cells) if (windowMs !== null) windows.set(index, windowMs);
  return windows;
}
