import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { type Cell, expand, loadLabel } from '../../src/scenario/expand.ts';
import { parseScenario, type Scenario } from '../../src/scenario/resolve.ts';

interface Given {
  readonly targets?: readonly string[];
  readonly steps: readonly string[];
  readonly more?: string;
  readonly repetitions?: number;
}

const twoModels = [
  '{ model: hermes, gpus: [0, 1], workloads: [chat] }',
  '{ model: llava, gpus: [0], workloads: [chat] }',
];

function scenario({ targets = twoModels, steps, more = '', repetitions = 1 }: Given): Scenario {
  const text = `name: x
targets: [${targets.join(', ')}]
workloads:
  chat: { kind: text, prompt: { tokens: 8 }, output: { maxNewTokens: 8 } }
  code: { kind: text, prompt: { tokens: 8 }, output: { maxNewTokens: 8 } }
load:
  repetitions: ${repetitions}
  steps: [${steps.join(', ')}]
${more}`;
  return parseScenario({ file: 's.yaml', text, overrides: [], environment: {} }).scenario;
}

const cellsOf = (given: Given): Cell[] => expand(scenario(given));
const names = (cells: readonly Cell[]) => cells.map(cell => cell.target.name);

/** Slots of a closed cell, as asked and as driven. */
function slots({ load }: Cell): [asked: number, effective: number] {
  if (load.kind !== 'closed') throw new Error('not a closed loop');
  return [load.concurrency, load.effectiveConcurrency];
}

/** How many an open cell may have in flight, as asked and as driven. */
function inFlight({ load }: Cell): [asked: number | undefined, effective: number | undefined] {
  if (load.kind !== 'open') throw new Error('not an open loop');
  return [load.maxInFlight, load.effectiveMaxInFlight];
}

describe('expand', () => {
  it('makes a cell of every target × workload × step × repetition, numbered in the order they run', () => {
    const targets = ['{ model: hermes, gpus: [0, 1], workloads: [chat, code] }'];
    const cells = cellsOf({ targets, steps: ['{ concurrency: [1, 2, 4], requests: 5 }'], repetitions: 2 });
    expect(cells).toHaveLength(2 * 2 * 3 * 2);
    expect(cells.map(cell => cell.index)).toEqual(cells.map((_, index) => index));
    const conditions = new Set(
      cells.map(cell => [cell.target.name, cell.workload, cell.step, cell.repetition].join(' ')),
    );
    expect(conditions.size).toBe(cells.length);
  });

  it('carries what a step says over to its cells', () => {
    const [cell] = cellsOf({ steps: ['{ ratePerS: 5, arrivals: constant, requests: 20, atMost: 9s, warmup: 3s }'] });
    expect(cell).toMatchObject({
      workload: 'chat',
      load: { kind: 'open', ratePerS: 5, arrivals: 'constant', whenFull: 'drop' },
      end: { requests: 20, durationMs: 9_000 },
      warmup: 3_000,
      order: 'interleaved',
      step: 0,
      repetition: 1,
    });
  });

  it('runs one repetition after the other', () => {
    const cells = cellsOf({ steps: ['{ concurrency: [1, 2], requests: 5 }'], repetitions: 3 });
    expect(cells.map(cell => cell.repetition)).toEqual([1, 2, 3].flatMap(repetition => new Array(6).fill(repetition)));
  });
});

describe('order: interleaved', () => {
  const steps = ['{ concurrency: [1, 2, 4, 8, 16, 32], requests: 5 }'];

  it('goes step by step, every endpoint once in each, one at a time', () => {
    const cells = cellsOf({ steps });
    expect(cells.map(cell => cell.step)).toEqual([0, 1, 2, 3, 4, 5].flatMap(step => [step, step, step]));
    for (let step = 0; step < 6; step++) {
      expect(names(cells.slice(step * 3, step * 3 + 3)).toSorted()).toEqual([
        'hermes/gpu0',
        'hermes/gpu1',
        'llava/gpu0',
      ]);
    }
    expect(cells.map(cell => cell.stage)).toEqual(cells.map(cell => cell.index));
  });

  it('changes the order of the endpoints from step to step and from repetition to repetition', () => {
    const cells = cellsOf({ steps, repetitions: 2 });
    const orders = Array.from({ length: 12 }, (_, i) => names(cells.slice(i * 3, i * 3 + 3)).join());
    expect(new Set(orders).size).toBeGreaterThan(2);
    expect(new Set(orders.map(order => order.split(',')[0])).size).toBe(3);
    expect(orders.slice(0, 6)).not.toEqual(orders.slice(6));
  });

  it('gives the same order for the same seed and another for another', () => {
    const orderOf = (seed: number) => names(cellsOf({ steps, more: `seed: ${seed}\n` })).join();
    expect(orderOf(7)).toBe(orderOf(7));
    expect(new Set([1, 2, 3, 4, 5].map(orderOf)).size).toBe(5);
  });

  it('gives every order of the endpoints about as often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 300; seed++) {
      const order = names(cellsOf({ steps: ['{ concurrency: 1, requests: 5 }'], more: `seed: ${seed}\n` })).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Binomial: 50 with a deviation of 6.5.
    for (const count of counts.values()) expect(Math.abs(count - 50)).toBeLessThan(30);
  });
});

describe('order: sequential', () => {
  it('goes endpoint by endpoint, all steps of one before the next', () => {
    const cells = cellsOf({
      steps: ['{ concurrency: [1, 2], requests: 5 }', '{ ratePerS: 1, requests: 5 }'],
      more: 'order: sequential\n',
    });
    expect(cells.map(cell => [cell.target.name, cell.step])).toEqual(
      ['hermes/gpu0', 'hermes/gpu1', 'llava/gpu0'].flatMap(name => [0, 1, 2].map(step => [name, step])),
    );
    expect(new Set(cells.map(cell => cell.stage)).size).toBe(9);
  });
});

describe('order: parallel', () => {
  it('drives all endpoints at once, step by step', () => {
    const cells = cellsOf({ steps: ['{ concurrency: [1, 2], requests: 5 }'], more: 'order: parallel\n' });
    expect(cells.map(cell => [cell.stage, cell.step])).toEqual(
      [0, 1].flatMap(step => [
        [step, step],
        [step, step],
        [step, step],
      ]),
    );
    expect(names(cells.slice(0, 3)).toSorted()).toEqual(['hermes/gpu0', 'hermes/gpu1', 'llava/gpu0']);
  });

  it('can be the order of one step alone', () => {
    const cells = cellsOf({
      steps: [
        '{ concurrency: 1, requests: 5 }',
        '{ concurrency: 2, requests: 5, order: parallel }',
        '{ concurrency: 4, requests: 5 }',
      ],
    });
    expect(cells.map(cell => cell.stage)).toEqual([0, 1, 2, 3, 3, 3, 4, 5, 6]);
    expect(cells.map(cell => cell.order)).toEqual(
      ['interleaved', 'parallel', 'interleaved'].flatMap(order => [order, order, order]),
    );
  });
});

describe('the limit of a model', () => {
  const parallel = 'order: parallel\n';
  const three = [
    '{ model: hermes, gpus: [0, 1, 2], workloads: [chat] }',
    '{ model: llava, gpus: [0], workloads: [chat] }',
  ];

  it('is an endpoint’s own where it runs alone', () => {
    for (const order of ['interleaved', 'sequential']) {
      const cells = cellsOf({ steps: ['{ concurrency: [32, 100, 150], requests: 5 }'], more: `order: ${order}\n` });
      for (const cell of cells) {
        const [asked, effective] = slots(cell);
        expect(effective).toBe(Math.min(asked, 100));
      }
      expect(cells.map(cell => slots(cell)[0]).toSorted((a, b) => a - b)).toEqual([
        32, 32, 32, 100, 100, 100, 150, 150, 150,
      ]);
    }
  });

  it('is shared out evenly among the GPUs of the model where they run together', () => {
    const cells = cellsOf({ targets: three, steps: ['{ concurrency: 100, requests: 5 }'], more: parallel });
    expect(cells.map(slots)).toEqual([
      [100, 34],
      [100, 33],
      [100, 33],
      [100, 100],
    ]);
  });

  it('takes nothing from an endpoint that asks for less than its share', () => {
    const cells = cellsOf({ steps: ['{ concurrency: 32, requests: 5 }'], more: parallel });
    expect(cells.map(slots)).toEqual([
      [32, 32],
      [32, 32],
      [32, 32],
    ]);
  });

  it('holds for everything that runs together, whatever the model, the GPUs and the workloads', () => {
    for (const cap of [1, 2, 3, 7, 50, 99, 100]) {
      for (let gpus = 1; gpus <= Math.min(cap, 8); gpus++) {
        const list = Array.from({ length: gpus }, (_, gpu) => gpu).join(', ');
        const targets = [`{ model: hermes, gpus: [${list}], workloads: [chat] }`];
        const cells = cellsOf({
          targets,
          steps: ['{ concurrency: 100, requests: 5 }'],
          more: `${parallel}limits: { concurrentPerModel: ${cap} }\n`,
        });
        const effective = cells.map(cell => slots(cell)[1]);
        expect(effective.reduce((sum, value) => sum + value, 0)).toBe(cap);
        expect(Math.max(...effective) - Math.min(...effective)).toBeLessThanOrEqual(1);
      }
    }
    const two = cellsOf({
      targets: ['{ model: hermes, gpus: [0], workloads: [chat, code] }'],
      steps: ['{ concurrency: 100, requests: 5 }'],
      more: parallel,
    });
    expect(two.map(slots)).toEqual([
      [100, 50],
      [100, 50],
    ]);
  });

  it('bounds what an open loop may have in flight as well, and keeps what was asked for', () => {
    const steps = [
      '{ ratePerS: 5, requests: 5 }',
      '{ ratePerS: 5, requests: 5, maxInFlight: 40 }',
      '{ ratePerS: 5, requests: 5, maxInFlight: 400 }',
    ];
    expect(cellsOf({ steps: steps.map(step => step.replace(' }', ', order: parallel }')) }).map(inFlight)).toEqual([
      [undefined, 50],
      [undefined, 50],
      [undefined, 100],
      [40, 40],
      [40, 40],
      [40, 40],
      [400, 50],
      [400, 50],
      [400, 100],
    ]);
  });

  it('is none where the scenario consents to exceed it', () => {
    const cells = cellsOf({
      steps: ['{ concurrency: 250, requests: 5 }', '{ ratePerS: 5, requests: 5 }'],
      more: `${parallel}limits: { exceed: true }\n`,
    });
    expect(cells.slice(0, 3).map(slots)).toEqual([
      [250, 250],
      [250, 250],
      [250, 250],
    ]);
    expect(cells.slice(3).map(inFlight)).toEqual(new Array(3).fill([undefined, undefined]));
  });

  it('cannot leave an endpoint with nothing', () => {
    const given = {
      targets: three,
      steps: ['{ concurrency: 8, requests: 5 }'],
      more: `${parallel}limits: { concurrentPerModel: 2 }\n`,
    };
    expect(() => cellsOf(given)).toThrow(HarnessError);
    expect(() => cellsOf(given)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(/load\.steps\[0\].*hermes/) }),
    );
    expect(cellsOf({ ...given, more: 'limits: { concurrentPerModel: 2 }\n' })).toHaveLength(4);
  });
});

describe('per: model', () => {
  const steps = ['{ concurrency: 7, requests: 5, per: model }'];

  it('shares the concurrency among the endpoints of a model that run together', () => {
    const cells = cellsOf({ steps, more: 'order: parallel\n' });
    expect(cells.map(cell => [cell.target.name, slots(cell)[1]])).toEqual([
      ['hermes/gpu0', 4],
      ['hermes/gpu1', 3],
      ['llava/gpu0', 7],
    ]);
  });

  it('gives all of it to an endpoint that runs alone', () => {
    expect(cellsOf({ steps }).map(cell => slots(cell)[1])).toEqual([7, 7, 7]);
  });

  it('stays within the limit of the model', () => {
    const cells = cellsOf({ steps: ['{ concurrency: 150, requests: 5, per: model }'], more: 'order: parallel\n' });
    expect(cells.map(cell => slots(cell)[1])).toEqual([50, 50, 100]);
  });
});

describe('loadLabel', () => {
  it('names a load as tables show it, and what was asked where that was more', () => {
    const [closed, limited, open] = cellsOf({
      targets: ['{ model: m, gpus: [0], workloads: [chat] }'],
      steps: ['{ concurrency: [8, 150], requests: 5 }', '{ ratePerS: 2.5, requests: 5 }'],
    }).map(cell => loadLabel(cell.load));
    expect(closed).toBe('concurrency 8');
    expect(limited).toBe('concurrency 100 (of 150 asked)');
    expect(open).toBe('2.5/s poisson');
  });
});
