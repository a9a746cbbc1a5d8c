import type { GpuDevice, GpuSample } from '../record/gpu-sample.ts';
import { type MetricSample, parsePrometheus } from './prometheus.ts';

type GpuValues = Omit<GpuSample, 'atMs' | 'source' | 'simulated'>;

/** DCGM's way of saying that there is no value: numbers near 2^63, and near 2^31 for whole ones. */
const isBlank = (value: number) =>
  !Number.isFinite(value) || value >= 2 ** 62 || (value >= 0x7fff_fff0 && value < 2 ** 31);

const fields: Readonly<Record<string, (value: number) => Partial<GpuValues>>> = {
  DCGM_FI_DEV_GPU_UTIL: value => ({ utilisationRatio: value / 100 }),
  DCGM_FI_DEV_MEM_COPY_UTIL: value => ({ memoryUtilisationRatio: value / 100 }),
  DCGM_FI_DEV_FB_USED: value => ({ memoryUsedBytes: value * 2 ** 20 }),
  DCGM_FI_DEV_FB_TOTAL: value => ({ memoryTotalBytes: value * 2 ** 20 }),
  DCGM_FI_DEV_POWER_USAGE: value => ({ powerWatts: value }),
  DCGM_FI_DEV_GPU_TEMP: value => ({ temperatureCelsius: value }),
  DCGM_FI_DEV_SM_CLOCK: value => ({ smClockMHz: value }),
  DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: value => ({ energyCounterJoules: value / 1000 }),
  DCGM_FI_PROF_SM_ACTIVE: value => ({ smActiveRatio: value }),
  DCGM_FI_PROF_PIPE_TENSOR_ACTIVE: value => ({ tensorActiveRatio: value }),
  DCGM_FI_PROF_DRAM_ACTIVE: value => ({ dramActiveRatio: value }),
};

/** What the page of a DCGM exporter says of each GPU; undefined where it is another's page, or none. */
export function readDcgmPage(text: string, host?: string): GpuValues[] | undefined {
  const samples = parsePrometheus(text, name => name in fields);
  if (samples === undefined || samples.length === 0) return undefined;
  const gpus = new Map<string, GpuValues>();
  for (const sample of samples) {
    const { labels, name, value } = sample;
    // What is told of a MIG instance is not told of the GPU.
    if (labels['GPU_I_ID'] || isBlank(value)) continue;
    const key = labels['UUID'] ?? labels['gpu'] ?? '';
    gpus.set(key, { ...(gpus.get(key) ?? { device: deviceOf(sample, host) }), ...fields[name]?.(value) });
  }
  return [...gpus.values()];
}

function deviceOf({ labels }: MetricSample, host: string | undefined): GpuDevice {
  const { gpu = '', UUID: uuid, pci_bus_id: busId, modelName: name } = labels;
  return {
    ...(host === undefined ? {} : { host }),
    ...(/^\d{1,3}$/.test(gpu) ? { index: Number(gpu) } : {}),
    ...(uuid ? { uuid } : {}),
    ...(busId ? { busId } : {}),
    ...(name ? { name } : {}),
  };
}
