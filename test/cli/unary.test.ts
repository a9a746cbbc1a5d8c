import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLines, readRunJson, scenarioText, scratch, tgiBench } from './tgi-bench.ts';

const steps = '[{ concurrency: 4, requests: 30, driver: autocannon }, { concurrency: 4, requests: 30 }]';

const benched = async (...args: string[]) => {
  const directory = scratch();
  writeFileSync(join(directory, 'unary.yaml'), scenarioText({ steps, output: 16 }));
  const result = await tgiBench(['run', 'unary.yaml', '--out', 'out', '--quiet', ...args], { cwd: directory });
  return { ...result, out: join(directory, 'out') };
};

describe('tgi-bench run with autocannon', () => {
  it('leaves the same run as with undici, and says how far it is to the gateway', async () => {
    const { exitCode, out } = await benched('--set', 'workloads.chat.stream=false', '--set', 'load.floor=true');
    expect([0, 6]).toContain(exitCode); // 6: this machine was too slow for the embedded service
    const { cells, environment, status } = readRunJson(out);
    expect(status).toBe('complete');
    expect(cells.map(({ counts }) => [counts.due, counts.ok])).toEqual([
      [30, 30],
      [30, 30],
    ]);
    expect(environment.service.floorMs).toMatchObject([
      {
        service: 'embedded',
        path: '/health',
        connections: 4,
        n: 200,
        p50: expect.any(Number),
        p95: expect.any(Number),
      },
    ]);
    const records = readLines(join(out, 'requests.jsonl'));
    expect(records.filter(({ phase }) => phase === 'measured')).toHaveLength(60);
    for (const record of records)
      expect(record).toMatchObject({ outcome: { kind: 'ok' }, outputTokens: 16, tokensFrom: 'server' });
    const report = readFileSync(join(out, 'report.md'), 'utf8');
    expect(report).toContain('concurrency 4 over autocannon');
    expect(report).toMatch(
      /the way to embedded and back: p50 .* ms, p95 .* ms \(GET \/health, 200 requests, 4 at once\)/,
    );
  });

  it('is refused before anything is sent where it cannot hold what is asked', async () => {
    const { exitCode, stderr } = await benched();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/expected stream: false in chat with driver: autocannon \(it tells of an answer only/);
  });
});
