import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Calibration } from '../record/calibration.ts';
import type { Machine } from '../record/machine.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where calibrations are kept: one file a user. */
export function calibrationPath(environment: Variables): string {
  const cache = environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
  return join(cache, 'tgi-bench', 'calibration.json');
}

/** The calibration of this kind of machine, Node and version; undefined where there is none that can be read. */
export function readCalibration(path: string, machine: Machine): Calibration | undefined {
  const found = readAll(path)[keyOf(machine)];
  return isCalibration(found) ? found : undefined;
}

/** Keeps a calibration beside those of other machines, Nodes and versions. Throws where it cannot be written. */
export function keepCalibration(path: string, calibration: Calibration): void {
  const all = { ...readAll(path), [keyOf(calibration)]: calibration };
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.part`;
  writeFileSync(temporary, `${JSON.stringify(all, null, 2)}\n`);
  renameSync(temporary, path);
}

function keyOf({ harness, node, host }: Machine): string {
  return `${host.cpu} × ${host.cores}, Node ${node}, tgi-bench ${harness}`;
}

function readAll(path: string): Readonly<Record<string, unknown>> {
  try {
    const all: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof all === 'object' && all !== null ? (all as Record<string, unknown>) : {};
  } catch {
    return {}; // there is none yet, or none that can be read: it is made anew
  }
}

/** Whether it has what is read of one; another may have written the file. */
function isCalibration(value: unknown): value is Calibration {
  if (typeof value !== 'object' || value === null) return false;
  const { at, eventsPerCpuS, requestsPerS, timerLatenessMs, floorMs, largest, disturbed } =
    value as Partial<Calibration>;
  return (
    typeof at === 'string' &&
    Number.isFinite(eventsPerCpuS) &&
    Number.isFinite(requestsPerS) &&
    Number.isFinite(timerLatenessMs?.p99) &&
    Number.isFinite(floorMs?.ttft?.p50) &&
    Number.isFinite(floorMs?.response?.p50) &&
    Array.isArray(disturbed) &&
    typeof largest === 'object' &&
    [largest?.staggered, largest?.inStep].every(
      rung => rung === null || (Number.isFinite(rung?.streams) && Number.isFinite(rung?.tokensPerS)),
    )
  );
}
