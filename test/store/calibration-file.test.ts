import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Calibration } from '../../src/record/calibration.ts';
import { calibrationPath, keepCalibration, readCalibration } from '../../src/store/calibration-file.ts';

const calibration: Calibration = {
  at: '2026-11-26T08:00:00.000Z',
  harness: '1.0.0',
  node: '20.20.2',
  host: { platform: 'linux', cpu: 'A CPU', cores: 2, memoryBytes: 1e9 },
  tookMs: 40_000,
  timerLatenessMs: { p50: 0.5, p99: 1.1 },
  floorMs: { ttft: { p50: 0.2, p99: 0.5 }, response: { p50: 0.2, p99: 0.4 } },
  requestsPerS: 10_000,
  requestsPerCpuS: 12_000,
  eventsPerCpuS: 120_000,
  rungs: [],
  largest: { staggered: null, inStep: null },
  disturbed: [],
};

const scratch = () => calibrationPath({ XDG_CACHE_HOME: mkdtempSync(join(tmpdir(), 'tgi-bench-')) });

describe('a kept calibration', () => {
  it('lies in the cache of its user', () => {
    expect(calibrationPath({ XDG_CACHE_HOME: '/c', HOME: '/h' })).toBe('/c/tgi-bench/calibration.json');
    expect(calibrationPath({ HOME: '/h' })).toBe('/h/.cache/tgi-bench/calibration.json');
  });

  it('is found for the same machine, Node and version only, beside those of others, the latest of each', () => {
    const path = scratch();
    const other = { ...calibration, node: '22.1.0' };
    keepCalibration(path, { ...calibration, requestsPerS: 1 });
    keepCalibration(path, other);
    keepCalibration(path, calibration);
    expect(readCalibration(path, calibration)).toEqual(calibration);
    expect(readCalibration(path, other)).toEqual(other);
    expect(readCalibration(path, { ...calibration, harness: '2.0.0' })).toBeUndefined();
    expect(readCalibration(path, { ...calibration, host: { ...calibration.host, cores: 4 } })).toBeUndefined();
    expect(readdirSync(dirname(path))).toEqual(['calibration.json']);
  });

  it.each(['', 'null', '[1]', '{"A CPU × 2, Node 20.20.2, tgi-bench 1.0.0": {"at": "today"}}'])(
    'is none where the file holds something else: %s',
    text => {
      const path = scratch();
      expect(readCalibration(path, calibration)).toBeUndefined();
      keepCalibration(path, calibration);
      writeFileSync(path, text);
      expect(readCalibration(path, calibration)).toBeUndefined();
      keepCalibration(path, calibration);
      expect(readCalibration(path, calibration)).toEqual(calibration);
    },
  );
});
