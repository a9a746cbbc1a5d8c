import type { GpuReading } from './device.ts';

/** One column of a query: its canonical name, its unit, what it says, and its value for one GPU at one time. */
export interface QueryField {
  readonly name: string;
  readonly unit?: '%' | 'MiB' | 'W' | 'MHz';
  readonly help: string;
  value(gpu: GpuReading, now: Date): string;
}

/** A driver's version that no driver has. */
export const simulatedDriver = '550.00';

const notAvailable = () => '[N/A]';
const percent = (ratio: number) => String(Math.round(ratio * 100));
const whole = (value: number) => String(Math.round(value));
const watts = (value: number) => value.toFixed(2);

/** The bits of `clocks_event_reasons.active`: at rest, and held by the power limit. */
function eventReasons({ utilisationRatio, powerCapped }: GpuReading): string {
  const bits = (utilisationRatio === 0 ? 0x1 : 0) | (powerCapped ? 0x4 : 0);
  return `0x${bits.toString(16).padStart(16, '0').toUpperCase()}`;
}

/** Local time without a zone, as the real one prints it. */
function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  return `${day} ${time}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/** What can be asked for; some of it exists and is not available, as on every card. */
export const queryFields: readonly QueryField[] = [
  { name: 'timestamp', help: 'When the query was made, YYYY/MM/DD HH:MM:SS.msec.', value: (_, now) => timestamp(now) },
  { name: 'driver_version', help: 'The version of the driver.', value: () => simulatedDriver },
  { name: 'name', help: 'The product name of the GPU.', value: gpu => gpu.name },
  { name: 'index', help: 'Zero based index of the GPU.', value: gpu => String(gpu.index) },
  { name: 'uuid', help: 'Globally unique identifier of the GPU.', value: gpu => gpu.uuid },
  { name: 'pci.bus_id', help: 'PCI bus id, as domain:bus:device.function.', value: gpu => gpu.busId },
  { name: 'serial', help: 'Serial number of the board.', value: notAvailable },
  { name: 'vbios_version', help: 'The BIOS of the board.', value: notAvailable },
  { name: 'persistence_mode', help: 'Whether the driver stays loaded without clients.', value: () => 'Enabled' },
  { name: 'mig.mode.current', help: 'The current MIG mode.', value: () => 'Disabled' },
  { name: 'compute_mode', help: 'Whether several compute applications may share the GPU.', value: () => 'Default' },
  { name: 'fan.speed', unit: '%', help: 'The intended speed of the fan.', value: notAvailable },
  { name: 'pstate', help: 'P0 (highest performance) to P12.', value: gpu => (gpu.utilisationRatio > 0 ? 'P0' : 'P8') },
  { name: 'clocks_event_reasons.active', help: 'Bitmask of what holds the clocks down.', value: eventReasons },
  { name: 'memory.total', unit: 'MiB', help: 'Total memory.', value: gpu => whole(gpu.memoryTotalMiB) },
  { name: 'memory.reserved', unit: 'MiB', help: 'Memory reserved by the driver.', value: notAvailable },
  { name: 'memory.used', unit: 'MiB', help: 'Memory taken by contexts.', value: gpu => whole(gpu.memoryUsedMiB) },
  {
    name: 'memory.free',
    unit: 'MiB',
    help: 'Free memory.',
    value: gpu => whole(gpu.memoryTotalMiB - gpu.memoryUsedMiB),
  },
  {
    name: 'utilization.gpu',
    unit: '%',
    help: 'Percent of the past sample period during which kernels ran. The period is 1/6 second.',
    value: gpu => percent(gpu.utilisationRatio),
  },
  {
    name: 'utilization.memory',
    unit: '%',
    help: 'Percent of the past sample period during which memory was read or written.',
    value: gpu => percent(gpu.memoryUtilisationRatio),
  },
  {
    name: 'utilization.encoder',
    unit: '%',
    help: 'Percent of the period during which it encoded.',
    value: notAvailable,
  },
  { name: 'temperature.gpu', help: 'Core temperature in degrees C.', value: gpu => whole(gpu.temperatureCelsius) },
  { name: 'temperature.memory', help: 'Memory temperature in degrees C.', value: () => 'N/A' },
  {
    name: 'power.draw',
    unit: 'W',
    help: 'Power of the board, the mean of a second.',
    value: gpu => watts(gpu.powerWatts),
  },
  { name: 'power.draw.average', unit: 'W', help: 'The same.', value: gpu => watts(gpu.powerWatts) },
  { name: 'power.draw.instant', unit: 'W', help: 'Power of the board at this instant.', value: notAvailable },
  { name: 'power.limit', unit: 'W', help: 'The software power limit.', value: gpu => watts(gpu.powerLimitWatts) },
  { name: 'enforced.power.limit', unit: 'W', help: 'The limit in force.', value: gpu => watts(gpu.powerLimitWatts) },
  { name: 'clocks.current.graphics', unit: 'MHz', help: 'Shader clock.', value: gpu => whole(gpu.graphicsClockMHz) },
  { name: 'clocks.current.sm', unit: 'MHz', help: 'Multiprocessor clock.', value: gpu => whole(gpu.graphicsClockMHz) },
  { name: 'clocks.current.memory', unit: 'MHz', help: 'Memory clock.', value: notAvailable },
  {
    name: 'clocks.max.sm',
    unit: 'MHz',
    help: 'Highest multiprocessor clock.',
    value: gpu => whole(gpu.maxGraphicsClockMHz),
  },
  {
    name: 'ecc.errors.uncorrected.volatile.total',
    help: 'Uncorrected errors since the driver was loaded.',
    value: notAvailable,
  },
];

/** Other names for the same: short ones, and those of older drivers. */
const aliases: Readonly<Record<string, string>> = {
  gpu_name: 'name',
  gpu_uuid: 'uuid',
  gpu_bus_id: 'pci.bus_id',
  'clocks.gr': 'clocks.current.graphics',
  'clocks.sm': 'clocks.current.sm',
  'clocks.mem': 'clocks.current.memory',
  'clocks_throttle_reasons.active': 'clocks_event_reasons.active',
};

/** The field of that name or alias; a result's header has its canonical name either way. */
export function queryField(name: string): QueryField | undefined {
  const canonical = aliases[name] ?? name;
  return queryFields.find(field => field.name === canonical);
}
