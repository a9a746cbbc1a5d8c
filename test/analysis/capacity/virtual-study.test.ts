import { describe, expect, it } from 'vitest';
import { observeLoads } from '../../../src/analysis/capacity/observed-load.ts';
import { standInFor } from '../../../src/analysis/capacity/stand-in.ts';
import {
  type StudiedEndpoint,
  type Study,
  studying,
  type VirtualStudy,
} from '../../../src/analysis/capacity/virtual-study.ts';
import { variantsOf } from '../../../src/analysis/capacity/virtual-variants.ts';
import type { CellResult, Run } from '../../../src/record/run.ts';
import { terminal } from '../../../src/report/terminal.ts';
import { whatIfBlocks } from '../../../src/report/what-if-blocks.ts';
import { parseObjective } from '../../../src/scenario/objective.ts';
import { type MeasuredLoad, measuredRun } from './measured-run.ts';

const service = { gpu: 'A100-80G', model: 'mistral-7b', speed: 0.8, networkMs: 3 };
const effort = { seeds: [1], requests: 150 };
const asked = { gpus: [], settings: {}, fleets: [], routing: 'round-robin' } as const;
/** A study from its beginning to its end. */
function studyOf(endpoint: StudiedEndpoint, rest: Partial<Study> = {}): VirtualStudy {
  const study = studying(endpoint, { asked, known: {}, effort, ...rest });
  for (;;) {
    const step = study.next();
    if (step.done) return step.value;
  }
}

const lengths = (index: number) => ({ inputTokens: 100 + 37 * (index % 20), outputTokens: 6 + (index % 7) });

function endpoint(loads: readonly MeasuredLoad[], environment: unknown, objective: string): StudiedEndpoint {
  const { run, records } = measuredRun(service, loads, { requests: 30, lengths });
  const observer = observeLoads(run, { target: 'm/gpu0', workload: 'chat' });
  for (const record of records) observer.add(record);
  const { usable, unusable } = observer.loads();
  return {
    label: 'm/gpu0 chat',
    target: 'm/gpu0',
    model: 'm',
    workload: 'chat',
    objectives: { objectives: [parseObjective(objective)], source: 'a test' },
    loads: usable,
    unusable,
    run: {
      ...run,
      environment,
      scenario: {
        ...run.scenario,
        targets: [],
        limits: { concurrentPerModel: 100 },
        service: { embedded: { gpu: 'A100-80G' } },
      },
    } as unknown as Run,
  };
}

const embedded = { service: { simulated: true, info: {} } };
const real = {
  service: { simulated: false, info: { model_id: 'teknium/OpenHermes-2.5-Mistral-7B', version: '3.0.1' } },
};
const shown = (study: VirtualStudy) =>
  terminal({ title: 't', blocks: whatIfBlocks([study]) }, { width: 400, colour: false });

describe('an endpoint studied in virtual time', { timeout: 20_000 }, () => {
  it('of the embedded service is a rehearsal, and says so at every figure', () => {
    const study = studyOf(endpoint([{ slots: 1 }, { slots: 6 }, { slots: 16 }], embedded, 'p95(ttftMs) <= 300'));
    expect(study).toMatchObject({ isRehearsal: true, fit: { kind: 'fitted' }, arrivals: 'poisson', doubts: [] });
    expect(study.whatIfs.map(({ what }) => what)).toEqual([
      'as it was measured',
      'prompts twice as long',
      'answers of ≤ 9 tokens',
      'answers 20 % longer',
      'answers 20 % shorter',
    ]);
    expect(study.whatIfs.every(({ perS }) => perS?.simulation === 'uncalibrated')).toBe(true);
    const [own, longer] = study.whatIfs.map(({ perS }) => perS?.value as number) as [number, number];
    expect(longer).toBeLessThan(0.7 * own);
    const text = shown(study);
    expect(text).toContain('Simulated, calibrated on 3 measured loads');
    expect(text).toContain('A rehearsal: what was measured was itself a simulated A100-80G, so no money is made of it');
    expect(text.match(/simulated, a rehearsal/g)).toHaveLength(5);
  });

  it('that cannot be calibrated stands as its presets have it, uncalibrated at every figure', () => {
    const study = studyOf(endpoint([{ slots: 4 }], real, 'p95(ttftMs) <= 300'));
    expect(study).toMatchObject({ isRehearsal: false, fit: { kind: 'impossible' } });
    expect(study.whatIfs.every(({ perS }) => perS?.simulation === 'uncalibrated')).toBe(true);
    const text = shown(study);
    expect(text).toContain('Simulated, uncalibrated: the preset of mistral-7b on A100-80G');
    expect(text).toContain(
      'cannot be calibrated: an engine is fitted to 3 different loads at least, and 1 can be used',
    );
    expect(text.match(/simulated, uncalibrated/g)).toHaveLength(5);
    expect(text).toContain('its GPU is not known');
    expect(text).toContain('rests on the preset as it is');
  });

  it('with nothing to draw lengths from is not tried', () => {
    const none = {
      ...endpoint([{ slots: 1 }], real, 'p95(ttftMs) <= 300'),
      loads: [],
      unusable: [{ label: 'concurrency 1', why: 'it is invalid' }],
    };
    const study = studyOf(none);
    expect(study.whatIfs).toEqual([]);
    expect(shown(study)).toContain('concurrency 1 is not used: it is invalid');
  });
});

describe('a study that cannot be made as it is asked', { timeout: 20_000 }, () => {
  const light = endpoint([{ slots: 2 }], real, 'p95(ttftMs) <= 300');

  it('tells what TGI would not start with, and of the rest what it takes', () => {
    const { whatIfs } = studyOf(light, { asked: { ...asked, settings: { maxBatchTotalTokens: 100 } } });
    const [own, set] = whatIfs;
    expect(own?.perS?.value).toBeGreaterThan(0);
    expect(set).toMatchObject({
      what: 'maxBatchTotalTokens=100',
      perS: null,
      why: expect.stringContaining('KV cache'),
    });
    const none = studyOf(light, { known: { maxBatchTotalTokens: 100 } });
    expect(none.whatIfs.every(({ perS, why }) => perS === null && why?.includes('KV cache'))).toBe(true);
  });

  it('tells what was tried until it was interrupted', () => {
    let asks = 0;
    const { whatIfs, doubts } = studyOf(light, { isInterrupted: () => ++asks > 1 });
    expect(whatIfs).toHaveLength(1);
    expect(doubts).toEqual(['interrupted: 1 of 5 things were tried']);
  });

  it('tries nothing where no objective can be judged', () => {
    const study = studyOf(endpoint([{ slots: 2 }], real, 'p95(itlMs) <= 300'));
    expect(study).toMatchObject({ whatIfs: [], unjudged: ['p95(itlMs) <= 300'] });
    expect(shown(study)).toContain('not judged, for it takes the times of all tokens or more: p95(itlMs) <= 300');
  });

  it('is a rehearsal where the service is simulated', () => {
    const served = { service: { simulated: true, info: null } };
    const study = studyOf(endpoint([{ slots: 2 }], served, 'p95(itlMs) <= 300'));
    expect(study.isRehearsal).toBe(true);
  });
});

describe('the engine that stands for an endpoint', () => {
  const cell = { target: { name: 'm/gpu0', model: 'm' }, gpu: undefined } as unknown as CellResult;
  const standIn = (names: readonly string[], known = {}) =>
    standInFor(
      { environment: real, scenario: { targets: [], limits: {} } } as unknown as Run,
      { ...cell, gpu: { devices: names.map(name => ({ name })) } as unknown as NonNullable<CellResult['gpu']> },
      [],
      known,
    );

  it('is found by the names of GPU and model, and by what the service tells', () => {
    expect(standIn(['NVIDIA H100 80GB HBM3']).engine).toMatchObject({
      gpu: 'H100-80G',
      model: 'mistral-7b',
      tgi: 'v3',
    });
    expect(standIn(['NVIDIA L4']).engine.gpu).toBe('L4');
    expect(standIn(['NVIDIA A100-PCIE-40GB'])).toMatchObject({
      engine: { gpu: 'A100-80G' },
      assumed: expect.arrayContaining([
        expect.stringContaining('NVIDIA A100-PCIE-40GB, for which the preset A100-80G stands'),
      ]),
    });
    expect(standIn(['Intel Data Center GPU Max 1550']).engine.gpu).toBe('A100-80G');
    expect(standIn([], { maxBatchSize: 4 }).engine.limits.maxBatchSize).toBe(4);
  });
});

describe('what is tried', () => {
  const engine = {
    gpu: 'A100-80G',
    model: 'llava-1.6-mistral-7b',
    limits: { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 },
  };
  const workload = {
    lengths: [{ inputTokens: 1190, images: 1, maxNewTokens: 50, outputTokens: 50 }],
    law: { arrivals: 'poisson', ratePerS: 1 },
  } as const;
  const described = { kind: 'vlm', images: { generate: { width: 336, height: 336 } } } as never;

  it('are larger pictures where there are pictures, other GPUs with the settings, and fleets of the last', () => {
    const variants = variantsOf(
      { engine, workload, described, basis: 'the fit' },
      { gpus: ['L4'], settings: { maxBatchSize: 4 }, fleets: [1, 3], routing: 'random' },
    );
    expect(variants.map(({ what }) => what)).toEqual([
      'as it was measured',
      'maxBatchSize=4',
      'on L4, maxBatchSize=4',
      'pictures 336 → 1024 px',
      'answers of ≤ 25 tokens',
      'answers 20 % longer',
      'answers 20 % shorter',
      'on L4, maxBatchSize=4, 1 GPU',
      'on L4, maxBatchSize=4, 3 GPUs',
      'on L4, maxBatchSize=4, 2 of 3 GPUs',
    ]);
    expect(variants[3]?.workload.lengths[0]?.inputTokens).toBe(1190 + 2928 - 1176);
    expect(variants[9]?.fleet.gpus).toBe(2);
    expect(variants[8]?.fleet).toMatchObject({
      gpus: 3,
      routing: 'random',
      engine: { gpu: 'L4', limits: { maxBatchSize: 4 } },
    });
  });
});
