/** What a run is driven by: this thread, or threads of its own. */
import { sharesOf } from '../driver/lanes.ts';
import { stripedDriver } from '../driver/striped.ts';
import { driverLimits } from '../scenario/driver-limits.ts';
import { systemClocks, watchClocks } from '../telemetry/clock-steps.ts';
import { watchProcess, watchThread } from '../telemetry/generator.ts';
import { worstOf } from '../telemetry/thread-samples.ts';
import { needOf } from './needs.ts';
import type { Bench } from './run-scenario.ts';
import type { ServiceBench } from './service-bench.ts';
import type { ThreadData } from './thread-messages.ts';
import { startThreads, type Thread } from './threads.ts';

/** A bench to be closed when the run is over; the service stays open. */
export interface OpenBench extends Bench {
  close(): Promise<void>;
}

type EngineLateRatio = Bench['engineLateRatio'];

/** The bench over so many threads; one is this one. Rejects where a thread does not start. */
export async function openBench(
  service: ServiceBench,
  threads: number,
  data: Omit<ThreadData, 'number'>,
  engineLateRatio: EngineLateRatio,
): Promise<OpenBench> {
  return threads === 1
    ? ownBench(service, engineLateRatio)
    : threadedBench(service, await startThreads(threads, data), engineLateRatio);
}

/** Everything in this thread. */
function ownBench(service: ServiceBench, engineLateRatio: EngineLateRatio): OpenBench {
  const self = watchProcess();
  return {
    clock: service.clock,
    driverOf: service.driverOf,
    prepare: cells => service.open(cells.map(cell => needOf(cell))),
    sampleProcess: self.take,
    engineLateRatio,
    close: async () => self.stop(),
  };
}

/** So long threads have to hear when they are to begin. */
const startLeadMs = 50;

/** Requests are sent by threads, this one keeps what becomes of them. autocannon stays here: what it is a check of should not be spread with it. */
export function threadedBench(
  service: ServiceBench,
  threads: readonly Thread[],
  engineLateRatio: EngineLateRatio,
): OpenBench {
  const { clock } = service;
  const own = watchThread();
  const clocks = watchClocks(systemClocks);
  return {
    clock,
    startLeadMs,
    driverOf: (target, name) =>
      name === 'autocannon' ? service.driverOf(target, name) : stripedDriver(threads, clock, driverLimits[name]),
    async prepare(cells) {
      await Promise.all(
        threads.map(thread =>
          thread.open(
            cells.flatMap(cell =>
              sharesOf(cell, threads).flatMap(({ lane, ...share }) => (lane === thread ? [needOf(cell, share)] : [])),
            ),
          ),
        ),
      );
    },
    sampleProcess() {
      const sending = threads.flatMap(thread => thread.takeSample() ?? []);
      const worst = worstOf(sending);
      return {
        ...worst,
        cpuRatio: Math.max(worst.cpuRatio, own.take().cpuRatio),
        memoryBytes: process.memoryUsage.rss(),
        ...clocks.take(),
        threads: sending,
      };
    },
    engineLateRatio,
    async close() {
      own.stop();
      await Promise.all(threads.map(thread => thread.stop()));
    },
  };
}
