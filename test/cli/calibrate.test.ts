import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Calibration } from '../../src/record/calibration.ts';
import { commandLine, readRunJson, scenarioText, scratch, tgiBench } from './tgi-bench.ts';

describe('tgi-bench calibrate', () => {
  it('measures this machine, keeps what it found, and a run quotes it and says where it asks for more', async () => {
    const cwd = scratch();
    const env = { XDG_CACHE_HOME: join(cwd, 'cache') };
    const tiny = ['--streams', '2,4', '--seconds', '0.2'];
    const { stdout, exitCode } = await tgiBench(['calibrate', ...tiny, '--json'], { cwd, env });
    expect(exitCode).toBe(0);
    const found = JSON.parse(stdout) as Calibration;
    const kept = Object.values(
      JSON.parse(readFileSync(join(cwd, 'cache/tgi-bench/calibration.json'), 'utf8')) as object,
    );
    expect(kept).toEqual([found]);
    for (const figure of [found.eventsPerCpuS, found.requestsPerS, found.requestsPerCpuS, found.floorMs.ttft.p50])
      expect(figure).toBeGreaterThan(0);
    expect(found.rungs.length).toBeGreaterThanOrEqual(2);
    for (const { errorMs } of found.rungs) expect(errorMs.p99).toBeGreaterThanOrEqual(errorMs.p50);

    writeFileSync(join(cwd, 's.yaml'), scenarioText({ steps: '[{ concurrency: 20, requests: 20 }]', output: 2 }));
    const run = await tgiBench(['run', 's.yaml', '--out', 'run'], { cwd, env });
    expect(run.stderr).toContain('warning: about 1,000 token events a second may come at once');
    const { environment, findings } = readRunJson(join(cwd, 'run'));
    const { rungs: _, ...quoted } = found;
    expect(environment.calibration).toEqual(quoted);
    expect(findings.map(({ text }) => text).join()).toContain('about 1,000 token events a second');
    expect(readFileSync(join(cwd, 'run/report.md'), 'utf8')).toContain('calibrated');
  });

  it('keeps nothing of what was interrupted, and leaves no process behind', async () => {
    const cwd = scratch();
    const env = { XDG_CACHE_HOME: join(cwd, 'cache') };
    const child = tgiBench(['calibrate', '--streams', '3'], { cwd, env });
    for await (const line of child.iterable({ from: 'stderr' })) {
      if (line.includes('staggered')) child.kill('SIGINT');
      if (line.includes('nothing is kept')) break;
    }
    const { exitCode, stdout } = await child;
    expect([exitCode, stdout]).toEqual([130, '']);
    expect(() => readFileSync(join(cwd, 'cache/tgi-bench/calibration.json'))).toThrow('ENOENT');
  });

  it('says in one line what is wrong with its options', async () => {
    for (const [args, says] of [
      [['--streams', '4,2'], /--streams: expected whole numbers in ascending order/],
      [['--seconds', '0'], /--seconds: expected more than 0/],
    ] as const) {
      const { exitCode, stderr } = await commandLine(['calibrate', ...args]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(says);
    }
  });
});
