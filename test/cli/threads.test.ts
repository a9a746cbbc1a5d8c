import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { exitOf, readLines, readRunJson, scenarioText, scratch, tgiBench, until } from './tgi-bench.ts';

describe('tgi-bench run --threads', () => {
  it('sends the embedded service the same requests, due at the same times, with any number of them', async () => {
    const cwd = scratch();
    const text = scenarioText({ steps: '[{ ratePerS: 30, duration: 1500ms, warmup: 300ms }]' });
    writeFileSync(join(cwd, 's.yaml'), text.replace('tokens: 32', 'tokens: { kind: uniform, min: 8, max: 64 }'));
    const sentOver = async (threads: number) => {
      const { exitCode } = await tgiBench(['run', 's.yaml', '--threads', `${threads}`, '--out', `${threads}`], { cwd });
      const run = readRunJson(join(cwd, `${threads}`));
      expect(exitCode).toBe(exitOf(run));
      expect(run.environment.threads).toBe(threads);
      const [from] = run.cells[0]?.windowMs ?? [Number.NaN];
      const records = readLines(join(cwd, `${threads}/requests.jsonl`));
      expect(new Set(records.map(({ seq }) => seq)).size).toBe(records.length);
      return records
        .filter(({ phase, outcome }) => phase === 'measured' && outcome.kind === 'ok')
        .map(({ dueMs, askedInputTokens, requestBytes }: RequestRecord) => ({
          dueMs: dueMs - from,
          content: [askedInputTokens, requestBytes],
        }))
        .sort((a, b) => a.dueMs - b.dueMs);
    };
    const [alone, spread] = await Promise.all([sentOver(1), sentOver(2)]);
    expect(alone.length).toBeGreaterThan(20);
    expect(spread.map(({ content }) => content)).toEqual(alone.map(({ content }) => content));
    // Records keep whole microseconds.
    spread.forEach(({ dueMs }, i) => expect(dueMs).toBeCloseTo(alone[i]?.dueMs ?? Number.NaN, 2));
  });

  it('ends a phase on Ctrl-C in all of them, loses nothing and exits 130', async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps: '[{ concurrency: 4, duration: 60s }]' }));
    const child = tgiBench(['run', 's.yaml', '--threads', '2', '--out', 'run'], { cwd });
    const requests = join(cwd, 'run/requests.jsonl');
    await until(() => existsSync(requests) && readFileSync(requests, 'utf8').includes('"measured"'));
    child.kill('SIGINT');
    const { exitCode } = await child;
    expect(exitCode).toBe(130);
    const run = readRunJson(join(cwd, 'run'));
    expect(run).toMatchObject({ status: 'interrupted', unaccounted: 0 });
    expect(run.cells[0]?.counts.ok).toBeGreaterThan(0);
  });
});
