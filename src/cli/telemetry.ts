import { sleepUntil, systemClock } from '../clock.ts';
import { type ExitCode, exitCodes, HarnessError } from '../errors.ts';
import { type GpuDevice, type GpuLine, isDevice, isGap } from '../record/gpu-sample.ts';
import { RunTelemetry } from '../record/run-telemetry.ts';
import type { ServerLine } from '../record/server-sample.ts';
import { visible } from '../report/document.ts';
import { startEmbedded } from '../run/embedded.ts';
import { serviceBench } from '../run/service-bench.ts';
import { asked, type TelemetryOptions, watchAll } from '../run/telemetry.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { devicesOf } from '../scenario/telemetry.ts';
import { settledWithin } from '../telemetry/watch.ts';
import { formatBytes, formatDuration, formatNumber, formatRatio, parseDurationMs } from '../units.ts';
import { type Io, say } from './io.ts';
import { readCertificates, serviceUrlOf } from './one-run.ts';
import { type LoadedScenario, loadScenarios, type ScenarioArguments } from './scenario-source.ts';

export interface TelemetryArguments extends ScenarioArguments {
  readonly for: string;
  readonly json?: boolean | undefined;
}

/** How long is waited for the first samples; the time that was asked for counts from then on. */
const patienceMs = 10_000;

/** `tgi-bench telemetry`: what a run of a scenario would see of GPUs and model servers, as it comes, without any load. */
export async function telemetry(args: TelemetryArguments, io: Io): Promise<ExitCode> {
  const forMs = durationOf(args.for);
  const [loaded] = loadScenarios(args, io) as [LoadedScenario];
  const { scenario } = loaded;
  const { options, close } = await ready(loaded, io);
  const seen = new RunTelemetry();
  let samples = 0;
  const show = (line: GpuLine | ServerLine, text: string) => {
    if (!isGap(line)) samples++;
    say(io.stdout, args.json ? JSON.stringify(line) : visible(`${formatDuration(line.atMs).padStart(9)}  ${text}`));
  };
  try {
    if (!args.json) for (const text of asked(options)) say(io.stdout, visible(text));
    const watch = watchAll(options, {
      gpu(line) {
        seen.addGpu(line);
        show(line, gpuText(line));
      },
      server(line) {
        seen.addServer(line);
        show(line, serverText(line));
      },
      isDriven: () => true,
    });
    const { clock } = options;
    await settledWithin(watch, patienceMs, clock, io.interrupted);
    await sleepUntil(clock, clock.nowMs() + forMs, io.interrupted);
    await watch.stop();
    if (!args.json) for (const text of matched(scenario, seen.devices())) say(io.stdout, visible(text));
  } finally {
    await close();
  }
  return samples === 0 ? exitCodes.noData : exitCodes.done;
}

function durationOf(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw new HarnessError(`--for: expected a duration, got ${JSON.stringify(text)}`, {
    hint: 'for example --for 10s',
    exitCode: exitCodes.usage,
  });
}

/** All that is needed to watch, with an embedded service where the scenario wants one. */
async function ready(
  { scenario, secrets }: LoadedScenario,
  io: Io,
): Promise<{ options: TelemetryOptions; close: () => Promise<void> }> {
  const ca = scenario.service.ca === undefined ? undefined : readCertificates(scenario.service.ca, io.directory);
  const isEmbedded = scenario.service.url === 'embedded' && scenario.targets.some(({ url }) => url === undefined);
  const embedded = isEmbedded ? await startEmbedded(scenario) : undefined;
  const clock = systemClock();
  const serviceUrl = embedded?.url ?? serviceUrlOf(scenario);
  const tokens = embedded === undefined ? secrets.tokens : new Map([...secrets.tokens, ['', embedded.token]]);
  const bench = serviceBench({
    scenario,
    secrets: { ...secrets, tokens },
    clock,
    serviceUrl,
    ca,
  });
  const { urlOf, headersOf } = bench;
  return {
    options: { scenario, clock, serviceUrl, ca, urlOf, headersOf, lookAlike: embedded?.lookAlike },
    async close() {
      await bench.close();
      await embedded?.stop();
    },
  };
}

function gpuText(line: GpuLine): string {
  if (isGap(line)) return `${line.absent ? 'not watched' : 'gap'}: ${line.gap}`;
  const known = [
    line.utilisationRatio === undefined ? [] : [`busy ${formatRatio(line.utilisationRatio)}`],
    line.memoryUsedBytes === undefined ? [] : [formatBytes(line.memoryUsedBytes)],
    line.powerWatts === undefined ? [] : [`${formatNumber(line.powerWatts)} W`],
    line.temperatureCelsius === undefined ? [] : [`${formatNumber(line.temperatureCelsius)} °C`],
    line.smClockMHz === undefined ? [] : [`${formatNumber(line.smClockMHz)} MHz`],
    line.throttled === undefined || line.throttled.length === 0 ? [] : [`held down by ${line.throttled.join(', ')}`],
  ].flat();
  const what = known.length === 0 ? 'shows nothing that can be read' : known.join(' · ');
  return `${line.source}, ${gpuName(line.device)}${line.simulated ? ' (simulated)' : ''}: ${what}`;
}

function gpuName({ host, index, uuid }: GpuDevice): string {
  return `GPU ${index ?? uuid ?? '?'}${host === undefined ? '' : ` of ${host}`}`;
}

function serverText(line: ServerLine): string {
  if (isGap(line)) return `${line.absent ? 'not watched' : 'gap'}: ${line.gap}`;
  const { target, queueSize, batchSize, successes } = line;
  const known = [
    queueSize === undefined ? [] : [`${queueSize} waiting`],
    batchSize === undefined ? [] : [`${batchSize} in the batch`],
    successes === undefined ? [] : [`${successes} answered since it began`],
  ].flat();
  return `model server of ${target}: ${known.length === 0 ? 'not used yet' : known.join(' · ')}`;
}

/** Which GPU stands behind each endpoint, of those that were seen. */
function matched({ targets, telemetry }: Scenario, devices: readonly GpuDevice[]): string[] {
  return targets.map(target => {
    const names = devicesOf(target, telemetry);
    const own = devices.filter(device => names.some(name => isDevice(device, name)));
    const asked = names.map(({ host, id }) => (host === undefined ? id : `${host}:${id}`)).join(', ');
    if (names.length === 0) return `${target.name}: its GPUs are not named; give devices`;
    if (own.length === 0) return `${target.name}: no GPU ${asked} was seen; say which it is in telemetry.gpuMap`;
    return `${target.name}: ${own.map(each => `${gpuName(each)} ${each.name ?? ''} ${each.uuid ?? ''}`.trim()).join('; ')}`;
  });
}
