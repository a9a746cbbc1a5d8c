/** The reports of a run directory: everything in it that can be made again from its records. */

import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { worstValidity } from '../analysis/validity.ts';
import { CellTelemetry, isSimulated, unwatched } from '../record/cell-telemetry.ts';
import { isDevice, isGap } from '../record/gpu-sample.ts';
import type { Recorder } from '../record/recorder.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { GeneratorSample, Remark, Run } from '../record/run.ts';
import { Timeline } from '../record/timeline.ts';
import { csv, requestRow, summaryRows, timelineRows } from '../report/csv.ts';
import { markdown } from '../report/markdown.ts';
import { runReport } from '../report/run-report.ts';
import { type Cell, expand } from '../scenario/expand.ts';
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
import { cellResult, recorderOf } from './cell-run.ts';

/** Writes every report of a finished run beside its records; gives the path of `report.md`. */
export async function writeReports(directory: string, run: Run): Promise<string> {
  const timeline = new Timeline();
  const rows = await open(join(directory, 'requests.csv'), 'w');
  let batch: RequestRecord[] = [];
  let isFirst = true;
  const writeBatch = async () => {
    const text = csv(batch.map(requestRow), { header: isFirst });
    [batch, isFirst] = [[], false];
    await rows.appendFile(text);
  };
  await addGpus(timeline, directory, run);
  try {
    for await (const record of readRecords(directory, () => {})) {
      timeline.add(record);
      batch.push(record);
      if (batch.length >= 1000) await writeBatch();
    }
    if (batch.length > 0) await writeBatch();
  } finally {
    await rows.close();
  }
  await writeFile(join(directory, 'timeline.csv'), csv(timelineRows(timeline.rows()), { header: true }));
  await writeFile(join(directory, 'summary.csv'), csv(summaryRows(run), { header: true }));
  const path = join(directory, 'report.md');
  await writeFile(path, markdown(runReport(run)));
  return path;
}

/** Lays the samples of each target's GPUs beside its requests: real beside real, simulated beside simulated. */
async function addGpus(timeline: Timeline, directory: string, { scenario }: Run): Promise<void> {
  const targets = scenario.targets.map(target => ({
    name: target.name,
    simulated: isSimulated(target, scenario),
    devices: devicesOf(target, scenario.telemetry ?? unwatched),
  }));
  for await (const line of readGpuLines(directory, () => {})) {
    if (isGap(line)) continue;
    for (const { name, simulated, devices } of targets)
      if (simulated === line.simulated && devices.some(device => isDevice(line.device, device)))
        timeline.addGpu(name, line);
  }
}

/**
 * The run of a directory, its numbers made again from its records. One that was killed is marked as interrupted, with
 * how many requests were sent and never ended. Throws a HarnessError where the directory is not a run.
 */
async function rebuildRun(directory: string): Promise<Run> {
  const stored = await readRun(directory);
  const samples: GeneratorSample[] = [];
  const findings: Remark[] = stored.findings.filter(
    ({ text }) => !Object.values(fileNames).some(name => text.startsWith(`${name}:`)),
  );
  const badLine = (file: string) => (line: number, problem: string) =>
    void findings.push({ text: `${file}:${line}: not read: ${problem}` });
  for await (const sample of readGeneratorSamples(directory, badLine(fileNames.generator))) samples.push(sample);

  const windows = await windowsOf(directory, stored);
  const planned = expand(stored.scenario);
  const recorders = new Map<number, Recorder>();
  let sentAndEnded = 0;
  for await (const record of readRecords(directory, badLine(fileNames.requests))) {
    if (record.sentMs !== undefined) sentAndEnded++;
    let recorder = recorders.get(record.cell);
    if (recorder === undefined) {
      const cell = planned[record.cell];
      if (cell === undefined) continue;
      recorder = recorderOf(cell, stored.scenario);
      const window = windows.get(record.cell);
      if (window !== undefined) {
        recorder.open(window[0]);
        recorder.close(window[1]);
      }
      recorders.set(record.cell, recorder);
    }
    recorder.add(record);
  }

  const telemetry = new Map(
    [...recorders.keys()].map(index => [index, new CellTelemetry(planned[index] as Cell, stored.scenario, planned)]),
  );
  for (const [index, each] of telemetry) {
    const window = windows.get(index);
    if (window === undefined) continue;
    each.open(window[0]);
    each.close(window[1]);
  }
  for await (const line of readGpuLines(directory, badLine(fileNames.gpu)))
    for (const each of telemetry.values()) each.addGpu(line);
  for await (const line of readServerLines(directory, badLine(fileNames.server)))
    for (const each of telemetry.values()) each.addServer(line);

  const wasKilled = stored.status === 'running';
  const cells = planned
    .filter(cell => recorders.has(cell.index))
    .map(cell => {
      const during = samplesOf(cell.index, windows.get(cell.index), samples);
      const { endedBy = 'interrupted', stopRule } = stored.cells.find(({ index }) => index === cell.index) ?? {};
      const ended = { endedBy, ...(stopRule === undefined ? {} : { stopRule }) };
      const recorder = recorders.get(cell.index) as Recorder;
      const watched = telemetry.get(cell.index) as CellTelemetry;
      return cellResult(cell, recorder, watched, during, ended, stored.scenario.objectives);
    });
  return {
    ...stored,
    status: wasKilled ? 'interrupted' : stored.status,
    unaccounted: wasKilled ? Math.max(0, (samples.at(-1)?.sent ?? 0) - sentAndEnded) : stored.unaccounted,
    validity: worstValidity(cells.map(cell => cell.validity)),
    findings,
    cells,
  };
}

/** The samples that tell of some of a cell's window: those taken in it, and the first after it. */
function samplesOf(
  cell: number,
  window: readonly [number, number] | undefined,
  samples: readonly GeneratorSample[],
): GeneratorSample[] {
  if (window === undefined) return [];
  const later = samples.filter(({ atMs, cells }) => cells.includes(cell) && atMs > window[0]);
  const after = later.findIndex(({ atMs }) => atMs > window[1]);
  return after === -1 ? later : later.slice(0, after + 1);
}

/** Rebuilds a run directory's numbers and every report; gives the run and the path of `report.md`. */
export async function rebuildReports(directory: string): Promise<{ run: Run; path: string }> {
  const run = await rebuildRun(directory);
  await writeAtomically(join(directory, fileNames.run), `${JSON.stringify(run, null, 2)}\n`);
  return { run, path: await writeReports(directory, run) };
}

/** The window of each cell: as the run noted it, or, for one that was cut off, from its first measured request to its last end. */
async function windowsOf(directory: string, stored: Run): Promise<Map<number, readonly [number, number]>> {
  const windows = new Map<number, readonly [number, number]>();
  for await (const { cell, phase, dueMs, endMs } of readRecords(directory, () => {})) {
    if (phase !== 'measured') continue;
    const [from, to] = windows.get(cell) ?? [dueMs, endMs];
    windows.set(cell, [Math.min(from, dueMs), Math.max(to, endMs)]);
  }
  for (const { index, windowMs } of stored.cells) if (windowMs !== null) windows.set(index, windowMs);
  return windows;
}
