import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/errors.ts';
import { schemaVersion } from '../../src/record/run.ts';
import { madeCurve } from '../analysis/capacity/made-curves.ts';
import { commandLine, scratch } from './tgi-bench.ts';

describe('tgi-bench capacity --simulate', () => {
  it.each([
    [['--gpu', 'L4'], '--gpu: expected --simulate beside it'],
    [['--simulate', '--gpu', 'L40'], '--gpu: expected one of A100-80G, H100-80G, RTX-4090, A10G, L4, got "L40"'],
    [['--simulate', '--gpus', '4..1'], '--gpus: expected sizes of fleets such as 1..16 or 2,4,8'],
    [['--simulate', '--gpus', '0,2'], '--gpus: expected sizes of fleets'],
    [['--simulate', '--set', 'maxBatch=8'], '--set: expected one of maxBatchSize'],
    [['--simulate', '--engine', 'tgi=v9'], '--engine tgi: expected v2 or v3'],
  ])('refuses %s', async (options, said) => {
    const { exitCode, stderr } = await commandLine(['capacity', 'any', ...options]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
  });

  it('reads the records of the run, and tries nothing where they say too little', async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, 'a'));
    writeFileSync(join(cwd, 'a/run.json'), JSON.stringify({ schemaVersion, ...madeCurve() }));
    const times = { dueMs: 0, sentMs: 0, tokenTimesMs: [20, 40], endMs: 40, inputTokens: 9, outputTokens: 2 };
    const record = {
      ...times,
      cell: 0,
      phase: 'measured',
      target: 'hermes/gpu0',
      workload: 'chat',
      outcome: { kind: 'ok' },
    };
    writeFileSync(join(cwd, 'a/requests.jsonl'), `${JSON.stringify(record)}\n`);
    const { exitCode, stdout, stderr } = await commandLine(['capacity', 'a', '--simulate', '--json'], { cwd });
    expect(stderr).toContain('trying in virtual time what hermes/gpu0 chat would take otherwise');
    expect(exitCode).toBe(exitCodes.done);
    const { whatIf } = JSON.parse(stdout);
    expect(whatIf).toHaveLength(1);
    expect(whatIf[0]).toMatchObject({ label: 'hermes/gpu0 chat', fit: { kind: 'impossible' }, whatIfs: [] });
    expect(whatIf[0].unusable[0]).toEqual({
      label: '2/s poisson',
      why: 'too few: 1 measured answer, of 20 that are needed',
    });
  });
});
