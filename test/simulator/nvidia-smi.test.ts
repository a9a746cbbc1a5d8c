import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/simulator/nvidia-smi-arguments.ts';
import { queryField } from '../../src/simulator/nvidia-smi-fields.ts';

describe('the arguments of nvidia-smi', () => {
  it('ask for fields by name or alias, in a form, of some GPUs, once or in a loop', () => {
    const argv = ['--query-gpu=index,clocks.sm', '--format=csv,noheader,nounits', '-lms', '200', '-i', '0,1'];
    expect(readArguments(argv)).toMatchObject({
      kind: 'query',
      fields: [{ name: 'index' }, { name: 'clocks.current.sm' }],
      header: false,
      units: false,
      ids: ['0', '1'],
      everyMs: 200,
    });
    expect(readArguments(['--query-gpu', 'name', '--format', 'csv', '--loop=2', '--id=GPU-1'])).toMatchObject({
      header: true,
      units: true,
      ids: ['GPU-1'],
      everyMs: 2000,
    });
    expect(readArguments(['--query-gpu=name', '--format=csv'])).toMatchObject({ ids: undefined, everyMs: undefined });
  });

  it.each([
    [['-L'], 'list'],
    [['--list-gpus'], 'list'],
    [['--version'], 'version'],
    [['--help-query-gpu'], 'help'],
    [[], 'invalid'],
    [['--query-gpu=name'], 'invalid'],
    [['--query-gpu=name', '--format=xml'], 'invalid'],
    [['--query-gpu=name', '--format=csv', '-lms', 'often'], 'invalid'],
  ])('%j is %s', (argv, kind) => {
    expect(readArguments(argv).kind).toBe(kind);
  });

  it('name the field that is unknown', () => {
    const command = readArguments(['--query-gpu=index,colour', '--format=csv']);
    expect(command).toEqual({ kind: 'invalid', message: 'Field "colour" is not a valid field to query.\n' });
  });
});

describe('a field', () => {
  const gpu = {
    index: 0,
    uuid: 'GPU-1',
    busId: '00000000:01:00.0',
    name: 'NVIDIA A100-SXM4-80GB (simulated)',
    lost: false,
    utilisationRatio: 0.996,
    memoryUtilisationRatio: 0.504,
    memoryUsedMiB: 73_500,
    memoryTotalMiB: 81_920,
    powerWatts: 312.345,
    powerLimitWatts: 400,
    temperatureCelsius: 61.6,
    graphicsClockMHz: 1410,
    maxGraphicsClockMHz: 1410,
    powerCapped: true,
  };
  const now = new Date(2026, 6, 4, 8, 12, 3, 7);
  const cell = (name: string, reading = gpu) => queryField(name)?.value(reading, now);

  it('is printed as the real one prints it', () => {
    expect(cell('timestamp')).toBe('2026/07/04 08:12:03.007');
    expect([cell('utilization.gpu'), cell('utilization.memory')]).toEqual(['100', '50']);
    expect([cell('memory.used'), cell('memory.total'), cell('memory.free')]).toEqual(['73500', '81920', '8420']);
    expect([cell('power.draw'), cell('power.limit')]).toEqual(['312.35', '400.00']);
    expect([cell('temperature.gpu'), cell('temperature.memory')]).toEqual(['62', 'N/A']);
    expect([cell('pstate'), cell('fan.speed')]).toEqual(['P0', '[N/A]']);
  });

  it('says why the clocks are held down, in bits', () => {
    expect(cell('clocks_event_reasons.active')).toBe('0x0000000000000004');
    const idle = { ...gpu, utilisationRatio: 0, powerCapped: false };
    expect(cell('clocks_throttle_reasons.active', idle)).toBe('0x0000000000000001');
    expect(cell('pstate', idle)).toBe('P8');
  });
});
