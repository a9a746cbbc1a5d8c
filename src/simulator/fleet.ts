import type { Clock } from '../clock.ts';
import type { ServedModel } from './catalogue.ts';
import { Device, type GpuReading, windowMs } from './device.ts';
import { Endpoint, type EndpointStatistics } from './endpoint.ts';
import { concerns, type EngineFault } from './faults.ts';
import type { ServiceOptions } from './options.ts';
import { Occupancy, Permits } from './permits.ts';

/** How many requests of a model are in service, how many ever were at once, and how many may be. */
export interface ModelStatistics {
  readonly model: string;
  readonly inService: number;
  readonly maxInService: number;
  /** Documented: over all GPUs of the model; deployed: of each of its containers. */
  readonly maxConcurrentRequests: number;
}

/** Every model on every GPU that is served. */
export class Fleet {
  readonly models: readonly ServedModel[];
  readonly endpoints: readonly Endpoint[];
  readonly #devices: readonly Device[];
  readonly #sampler: NodeJS.Timeout;
  readonly #clock: Clock;
  readonly #occupancies = new Map<ServedModel, Occupancy>();
  readonly #timers = new Set<() => void>();

  constructor(options: ServiceOptions, clock: Clock) {
    this.models = options.models;
    this.#clock = clock;
    this.endpoints = options.models.flatMap(served => this.#endpointsOf(served, options));
    this.#devices = this.#devicesOf(options.gpu);
    this.#sampler = setInterval(() => this.#sample(), windowMs).unref();
  }

  #endpointsOf(served: ServedModel, options: ServiceOptions): Endpoint[] {
    const occupancy = new Occupancy();
    this.#occupancies.set(served, occupancy);
    const permits = () => new Permits(served.maxConcurrentRequests, occupancy);
    const ofModel = permits();
    return served.gpus.map(gpu => {
      const { speed, seed, gpu: gpuPreset, fidelity } = options;
      const ownPermits = fidelity === 'documented' ? ofModel : permits();
      return new Endpoint({ served, gpu, gpuPreset, speed, seed: seed + gpu, permits: ownPermits, clock: this.#clock });
    });
  }

  #devicesOf(preset: string): Device[] {
    const indices = [...new Set(this.endpoints.map(({ gpu }) => gpu))].sort((a, b) => a - b);
    return indices.map(index => {
      const endpoints = this.endpoints.filter(({ gpu }) => gpu === index);
      return new Device(index, preset, endpoints, this.#clock.nowMs());
    });
  }

  #sample(): void {
    const nowMs = this.#clock.nowMs();
    for (const device of this.#devices) device.sample(nowMs);
  }

  find(route: string, gpu: number): Endpoint | undefined {
    return this.endpoints.find(endpoint => endpoint.served.route === route && endpoint.gpu === gpu);
  }

  /** Lets a fault befall the engines that it concerns, now or when its time comes. */
  arm(fault: EngineFault): void {
    const hit = this.endpoints.filter(({ served, gpu }) => concerns(fault, served.route, gpu));
    const fromMs = this.#clock.nowMs() + (fault.fromMs ?? 0);
    if (fault.kind === 'stall') {
      for (const endpoint of hit) endpoint.stall(fromMs, fault.forMs ?? Number.MAX_SAFE_INTEGER);
      return;
    }
    this.#at(fromMs, () => {
      for (const endpoint of hit) endpoint.lose();
    });
    if (fault.forMs === undefined) return;
    this.#at(fromMs + fault.forMs, () => {
      for (const endpoint of hit) endpoint.bringBack();
    });
  }

  modelStatistics(): ModelStatistics[] {
    return [...this.#occupancies].map(([{ route, maxConcurrentRequests }, occupancy]) => ({
      model: route,
      inService: occupancy.now,
      maxInService: occupancy.most,
      maxConcurrentRequests,
    }));
  }

  endpointStatistics(): EndpointStatistics[] {
    return this.endpoints.map(endpoint => endpoint.statistics());
  }

  gpuReadings(): GpuReading[] {
    return this.#devices.map(device => device.reading());
  }

  close(): void {
    clearInterval(this.#sampler);
    for (const callOff of this.#timers) callOff();
    for (const endpoint of this.endpoints) endpoint.close();
  }

  #at(atMs: number, action: () => void): void {
    const callOff = this.#clock.at(atMs, () => {
      this.#timers.delete(callOff);
      action();
    });
    this.#timers.add(callOff);
  }
}
