/**
 * A thread that drives stripes: it has the scenario, its workloads and connections of its own, and does as it is told.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { driveStripe } from '../driver/stripe.ts';
import { exitCodes, HarnessError, messageOf } from '../errors.ts';
import { watchThread } from '../telemetry/generator.ts';
import { phaseOf } from './phase.ts';
import { serviceBench } from './service-bench.ts';
import {
  type FromThread,
  type Opened,
  portOf,
  sampleEveryMs,
  type ThreadData,
  type ToThread,
} from './thread-messages.ts';

const main = parentPort as MessagePort;
const { material, beganMs, number, ...service } = workerData as ThreadData;
const { scenario } = material;
const clock = systemClock(beganMs);
const bench = serviceBench({ ...service, scenario, clock, thread: number });
const self = watchThread();

main.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'open':
      void open(message).then(opened => message.port.postMessage(opened));
      break;
    case 'drive':
      void drive(message);
  }
});
setInterval(() => tell({ kind: 'sample', sample: self.take() }), sampleEveryMs);
tell({ kind: 'ready' });

function tell(message: FromThread): void {
  main.postMessage(message);
}

async function open({ needs }: ToThread & { kind: 'open' }): Promise<Opened> {
  try {
    await bench.open(needs);
    return {};
  } catch (error) {
    const { hint, exitCode } =
      error instanceof HarnessError ? error : { hint: undefined, exitCode: exitCodes.internal };
    return { failure: { message: messageOf(error), exitCode, ...(hint === undefined ? {} : { hint }) } };
  }
}

/** What goes wrong in it ends the thread, and with it the run: a stripe without its driver would be less load than asked for. */
async function drive({ order, port }: ToThread & { kind: 'drive' }): Promise<void> {
  const { cell } = order;
  const driver = bench.driverOf(cell.target, cell.driver);
  await driveStripe(driver, phaseOf(cell, material), order, portOf(port), clock);
}
