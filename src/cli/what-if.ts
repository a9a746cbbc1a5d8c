/** What `capacity --simulate` is told on the command line, and the studies it asks for. */
import { setImmediate } from 'node:timers/promises';
import type { EndpointAssessment } from '../analysis/capacity/assessment.ts';
import type { PlannedRun } from '../analysis/capacity/curve.ts';
import { type EngineSettings, parseSettings } from '../analysis/capacity/engine-settings.ts';
import { type ObservedLoad, observeLoads, type UnusableLoad } from '../analysis/capacity/observed-load.ts';
import { type StudiedEndpoint, studying, type VirtualStudy } from '../analysis/capacity/virtual-study.ts';
import type { Asked } from '../analysis/capacity/virtual-variants.ts';
import { gpuPresets } from '../engine/gpu.ts';
import type { Routing } from '../engine/router.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import { visible } from '../report/document.ts';
import { nearest } from '../schema/nearest.ts';
import { readRecords } from '../store/run-directory.ts';
import { type Io, say } from './io.ts';

export interface WhatIfArguments {
  readonly simulate?: boolean | undefined;
  readonly gpu?: readonly string[] | undefined;
  readonly set?: readonly string[] | undefined;
  readonly engine?: readonly string[] | undefined;
  readonly gpus?: string | undefined;
  readonly router?: Routing | undefined;
}

/** A run and where its records are. */
export interface KeptRun {
  readonly run: PlannedRun;
  readonly directory: string;
}

/** What is to be tried in virtual time, and how the measured service was started. */
export interface WhatIfRequest {
  readonly asked: Asked;
  readonly known: EngineSettings;
}

/** Reads the options; undefined where nothing is to be tried. Throws a HarnessError on what is none of them. */
export function whatIfRequest({
  simulate,
  gpu = [],
  set = [],
  engine = [],
  gpus,
  router = 'least-in-flight',
}: WhatIfArguments): WhatIfRequest | undefined {
  if (!simulate) {
    const given = { gpu, set, engine, gpus: gpus === undefined ? [] : [gpus] };
    const lone = Object.entries(given).find(([, values]) => values.length > 0);
    if (lone === undefined) return undefined;
    throw refusal(`--${lone[0]}: expected --simulate beside it`, 'what is otherwise is tried in virtual time');
  }
  return {
    asked: {
      gpus: gpu.map(presetName),
      settings: parseSettings(set, '--set'),
      fleets: gpus === undefined ? [] : fleetSizes(gpus),
      routing: router,
    },
    known: parseSettings(engine, '--engine'),
  };
}

/** Of each model and workload the first endpoint, studied in virtual time; none where it was not asked for. */
export async function studies(
  request: WhatIfRequest | undefined,
  endpoints: readonly EndpointAssessment[],
  runs: readonly KeptRun[],
  io: Io,
): Promise<VirtualStudy[]> {
  if (request === undefined) return [];
  const gathered = await gather(firstOfEach(endpoints), runs);
  const labels = gathered.map(({ label }) => label).join(', ');
  say(io.stderr, `trying in virtual time what ${visible(labels)} would take otherwise: some ten seconds each`);
  const done: VirtualStudy[] = [];
  for (const endpoint of gathered) {
    const study = studying(endpoint, { ...request, isInterrupted: () => io.interrupted.aborted });
    let step = study.next();
    while (!step.done) {
      // So that Ctrl-C is heard between two things that are tried.
      await setImmediate();
      step = study.next();
    }
    done.push(step.value);
  }
  return done;
}

function presetName(name: string): string {
  const names = Object.keys(gpuPresets);
  const exact = names.find(each => each.toLowerCase() === name.toLowerCase());
  if (exact !== undefined) return exact;
  const close = nearest(name, names);
  throw refusal(
    `--gpu: expected one of ${names.join(', ')}, got ${JSON.stringify(name)}`,
    close === undefined ? undefined : `did you mean ${close}?`,
  );
}

const mostGpus = 256;

/** `1..16`, `1,2,4` or `8`. */
function fleetSizes(text: string): number[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(text);
  const sizes =
    range === null
      ? text.split(',').map(Number)
      : Array.from(
          { length: Math.max(0, Math.min(mostGpus, Number(range[2])) - Number(range[1]) + 1) },
          (_, i) => Number(range[1]) + i,
        );
  const isGood = sizes.length > 0 && sizes.every(size => Number.isInteger(size) && size >= 1 && size <= mostGpus);
  if (isGood) return [...new Set(sizes)].sort((a, b) => a - b);
  throw refusal(
    `--gpus: expected sizes of fleets such as 1..16 or 2,4,8, up to ${mostGpus}, got ${JSON.stringify(text)}`,
  );
}

function refusal(message: string, hint?: string): HarnessError {
  return new HarnessError(message, { ...(hint === undefined ? {} : { hint }), exitCode: exitCodes.usage });
}

/** The endpoints of a model are alike: one of them is studied with each workload, and whichever kind of load it was driven with. */
function firstOfEach(endpoints: readonly EndpointAssessment[]): EndpointAssessment[] {
  const chosen = new Map<string, EndpointAssessment>();
  for (const endpoint of endpoints) {
    const { model, workload, hardware } = endpoint.curve;
    const key = JSON.stringify([model, workload, hardware]);
    if (!chosen.has(key)) chosen.set(key, endpoint);
  }
  return [...chosen.values()];
}

/** Reads each run's records once, for all endpoints that it measured. */
async function gather(endpoints: readonly EndpointAssessment[], runs: readonly KeptRun[]): Promise<StudiedEndpoint[]> {
  const found = endpoints.map(() => ({ loads: [] as ObservedLoad[], unusable: [] as UnusableLoad[] }));
  for (const { run, directory } of runs) {
    const observers = endpoints.map(({ curve: { target, workload } }) => observeLoads(run, { target, workload }));
    for await (const batch of readRecords(directory, () => {}))
      for (const record of batch) for (const observer of observers) observer.add(record);
    for (const [i, observer] of observers.entries()) {
      const { usable, unusable } = observer.loads();
      found[i]?.loads.push(...usable);
      found[i]?.unusable.push(...unusable);
    }
  }
  return endpoints.map(({ curve: { target, model, workload, runs: ids }, objectives }, i) => ({
    label: `${target} ${workload}`,
    target,
    model,
    workload,
    objectives,
    loads: found[i]?.loads ?? [],
    unusable: found[i]?.unusable ?? [],
    run: (runs.find(({ run }) => ids.includes(run.id)) as KeptRun).run,
  }));
}
