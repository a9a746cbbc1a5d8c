import { describe, expect, it } from 'vitest';
import { type GpuDialogue, nvidiaSmi, xpuSmi } from '../../src/telemetry/gpu-tools.ts';

const query = nvidiaSmi(500);

/** A row as nvidia-smi prints it, with some of its cells as another driver or card has them. */
function rowWith(cells: Readonly<Record<string, string>> = {}): string {
  const usual: Readonly<Record<string, string>> = {
    timestamp: '2026/07/14 08:12:53.353',
    index: '0',
    uuid: 'GPU-0c0ffee0-0000-1111-2222-333344445555',
    name: 'NVIDIA H100 80GB HBM3',
    'pci.bus_id': '00000000:18:00.0',
    'utilization.gpu': '100',
    'utilization.memory': '11',
    'memory.used': '19818',
    'memory.total': '81559',
    'power.draw': '631.95',
    'power.limit': '700.00',
    'temperature.gpu': '59',
    'clocks.sm': '1980',
    'clocks.max.sm': '1980',
    'clocks_event_reasons.active': '0x0000000000000000',
  };
  const fields = (query.arguments[0] ?? '').replace('--query-gpu=', '').split(',');
  return fields.map(field => cells[field] ?? usual[field] ?? '').join(', ');
}

describe('what nvidia-smi prints', () => {
  it('is asked for in a loop, without a header and units', () => {
    expect(query.arguments.slice(1)).toEqual(['--format=csv,noheader,nounits', '-lms', '500']);
  });

  it('is read from an H100 at work', () => {
    expect(query.read(rowWith())).toEqual({
      device: {
        index: 0,
        uuid: 'GPU-0c0ffee0-0000-1111-2222-333344445555',
        busId: '00000000:18:00.0',
        name: 'NVIDIA H100 80GB HBM3',
      },
      printedTime: '2026/07/14 08:12:53.353',
      utilisationRatio: 1,
      memoryUtilisationRatio: 0.11,
      memoryUsedBytes: 19_818 * 2 ** 20,
      memoryTotalBytes: 81_559 * 2 ** 20,
      powerWatts: 631.95,
      powerLimitWatts: 700,
      temperatureCelsius: 59,
      smClockMHz: 1980,
      smClockMaxMHz: 1980,
      throttled: [],
    });
  });

  it.each<[string, Record<string, string>, object]>([
    [
      'at rest',
      { 'utilization.gpu': '0', 'clocks_event_reasons.active': '0x0000000000000001' },
      { utilisationRatio: 0, throttled: [] },
    ],
    ['held by its power limit', { 'clocks_event_reasons.active': '0x0000000000000004' }, { throttled: ['power cap'] }],
    [
      'too hot',
      { 'clocks_event_reasons.active': '0x0000000000000068' },
      { throttled: ['hardware slowdown', 'software thermal', 'hardware thermal'] },
    ],
    [
      'with units all the same',
      { 'utilization.gpu': '37 %', 'power.draw': '12.34 W', 'memory.used': '5 MiB', 'clocks.sm': '210 MHz' },
      { utilisationRatio: 0.37, powerWatts: 12.34, memoryUsedBytes: 5 * 2 ** 20, smClockMHz: 210 },
    ],
    [
      'on Windows, with a carriage return stripped and a GeForce',
      { name: 'NVIDIA GeForce RTX 2080 SUPER' },
      { device: expect.objectContaining({ name: 'NVIDIA GeForce RTX 2080 SUPER' }) },
    ],
  ])('is read of a GPU %s', (_, cells, read) => {
    expect(query.read(rowWith(cells))).toMatchObject(read);
  });

  it.each([
    '[N/A]',
    'N/A',
    '[Not Supported]',
    '[Function Not Found]',
    '[Unknown Error]',
    '[Insufficient Permissions]',
    '[GPU requires reset]',
    '[Requested functionality has been deprecated]',
    'ERR!',
    'Not Active',
    '',
    '-',
    'NaN',
    'inf',
    '1e3',
    '0x1f',
    '12,5',
  ])('leaves out a cell that says %j, which is never 0', cell => {
    const measures = [
      'utilization.gpu',
      'utilization.memory',
      'memory.used',
      'power.draw',
      'temperature.gpu',
      'clocks.sm',
    ];
    const read = query.read(rowWith(Object.fromEntries(measures.map(name => [name, cell]))));
    if (cell.includes(',')) return expect(read).toBeUndefined();
    expect(Object.keys(read ?? {}).sort()).toEqual(
      ['device', 'memoryTotalBytes', 'powerLimitWatts', 'printedTime', 'smClockMaxMHz', 'throttled'].sort(),
    );
  });

  it('knows under MIG what is of the whole GPU, and that the rest is not told', () => {
    const cells = { 'utilization.gpu': '[N/A]', 'utilization.memory': '[N/A]', 'power.draw': '311.20' };
    const read = query.read(rowWith(cells));
    expect(read).not.toHaveProperty('utilisationRatio');
    expect(read).toMatchObject({ powerWatts: 311.2, memoryUsedBytes: 19_818 * 2 ** 20 });
  });

  it.each([
    'utilization.gpu [%], power.draw [W]',
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
    'Failed to initialize NVML: Driver/library version mismatch',
    'No devices were found',
    'Unable to determine the device handle for GPU0000:18:00.0: GPU is lost.  Reboot the system to recover this GPU',
    '2026/07/14 08:12:53.353, 0, GPU-0c0ffee0, NVIDIA H100 80GB HBM3, 00000000:18:00.0, 10',
    rowWith({ index: 'index' }),
    rowWith({ index: '-1' }),
    `${rowWith()}, 17`,
    ',,,,,,,,,,,,,,',
    '',
  ])('is no row where it says %j', line => {
    expect(query.read(line)).toBeUndefined();
  });

  it('is asked by its older name, then without, for what a driver does not know', () => {
    const fieldsOf = (dialogue: GpuDialogue | undefined) => dialogue?.arguments[0];
    const refusal = (name: string) => `Field "${name}" is not a valid field to query.\n`;
    const older = query.without(refusal('clocks_event_reasons.active'));
    expect(fieldsOf(older)).toContain(',clocks_throttle_reasons.active');
    expect(older?.read(rowWith({ 'clocks_event_reasons.active': '0x0000000000000004' }))?.throttled).toEqual([
      'power cap',
    ]);
    const none = older?.without(refusal('clocks_throttle_reasons.active'));
    expect(fieldsOf(none)).not.toContain('reasons');
    expect(fieldsOf(none?.without(refusal('clocks.max.sm')))).toMatch(/temperature\.gpu,clocks\.sm$/);
    expect(query.without(refusal('index'))).toBeUndefined();
    expect(query.without('No devices were found')).toBeUndefined();
  });
});

describe('what xpu-smi prints', () => {
  const header =
    'Timestamp, DeviceId, GPU Utilization (%), GPU Power (W), GPU Frequency (MHz), GPU Core Temperature (Celsius Degree), GPU Energy Consumed (J), GPU Memory Used (MiB)';

  it('is read by its header, whose columns may stand in any order', () => {
    const dialogue = xpuSmi(500);
    expect(dialogue.arguments).toEqual(['dump', '-d', '-1', '-m', '0,1,2,3,8,18', '-i', '1']);
    expect(dialogue.read('08:08:16.817,    0, 0.00, 118.87, 1550, 31.00, 95554.67, 27.99')).toBeUndefined();
    expect(dialogue.read(header)).toBeUndefined();
    expect(dialogue.read('08:08:16.817,    0, 45.00, 118.87, 1550, 31.00, 95554.67, 27.50')).toEqual({
      device: { index: 0 },
      printedTime: '08:08:16.817',
      utilisationRatio: 0.45,
      powerWatts: 118.87,
      smClockMHz: 1550,
      temperatureCelsius: 31,
      energyCounterJoules: 95_554.67,
      memoryUsedBytes: 27.5 * 2 ** 20,
    });
    dialogue.read('Timestamp, DeviceId, GPU Memory Used (MiB), GPU Utilization (%)');
    expect(dialogue.read('08:08:17.817,    1, 82.44, 3.00')).toEqual({
      device: { index: 1 },
      printedTime: '08:08:17.817',
      utilisationRatio: 0.03,
      memoryUsedBytes: 82.44 * 2 ** 20,
    });
  });

  it('leaves out what a card does not tell, as Max 1550 does of its utilisation and temperature', () => {
    const dialogue = xpuSmi(2_000);
    dialogue.read(header);
    expect(dialogue.read('21:48:07.398,    1,  N/A, 118.10, 1550,  N/A, N/A, 27.99')).toEqual({
      device: { index: 1 },
      printedTime: '21:48:07.398',
      powerWatts: 118.1,
      smClockMHz: 1550,
      memoryUsedBytes: 27.99 * 2 ** 20,
    });
    expect(dialogue.read('Error: Fail to connect daemon')).toBeUndefined();
  });
});
