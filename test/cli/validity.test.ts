import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitOf, readRunJson, scenarioText, scratch, tgiBench } from './tgi-bench.ts';

/** Runs a scenario of so little load that any machine can keep up; gives what came of it. */
async function run(text: string, env: Record<string, string> = {}) {
  const cwd = scratch();
  writeFileSync(join(cwd, 's.yaml'), text);
  const result = await tgiBench(['run', 's.yaml', '--out', 'out', '--quiet'], { cwd, env });
  return { ...result, run: readRunJson(join(cwd, 'out')) };
}

const second = '[{ ratePerS: 20, duration: 1s }]';

/** Keeps the thread that runs a scenario, and no other, from everything else for most of the time between its first file and its reports. */
const busyLoop = `data:text/javascript,${encodeURIComponent(`
import { existsSync } from 'node:fs';
if (process.argv.includes('run')) setInterval(() => {
  if (!existsSync('out/generator.jsonl') || existsSync('out/requests.csv')) return;
  const began = performance.now();
  while (performance.now() - began < 100);
}, 50).unref();
`)}`;

describe.concurrent('the verdict of a real run', () => {
  it('is invalid where a busy loop keeps the generator from its work, and says so first', async () => {
    const {
      run: result,
      exitCode,
      stdout,
    } = await run(scenarioText({ steps: second }), {
      NODE_OPTIONS: `--import ${busyLoop}`,
    });
    expect(result.validity.verdict).toBe('invalid');
    expect(exitCode).toBe(6);
    expect(stdout.split('\n')[1]).toMatch(/^INVALID/);
    expect(result.validity.reasons.map(({ subject }) => subject)).toContainEqual(expect.stringContaining('event loop'));
  });

  it('has among its findings that the service stalled', async () => {
    const stall = '{ url: embedded, embedded: { faults: [{ kind: slow_token, delay: 1200ms, afterTokens: 5 }] } }';
    const text = scenarioText({
      steps: '[{ concurrency: 1, requests: 1 }], warmup: { turnovers: 0 }',
      service: stall,
      output: 40,
    });
    const { run: result, exitCode } = await run(text);
    expect(exitCode).toBe(exitOf(result));
    expect(result.cells[0]?.findings.map(({ subject }) => subject)).toContain(
      'all streams were silent in the middle of answers',
    );
  });
});
