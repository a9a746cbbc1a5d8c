/** What is watched while a scenario runs: which command, which pages, and whose GPUs they show. */
import { accessSync, constants } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { pageReader } from '../http/page.ts';
import { isSimulated } from '../record/cell-telemetry.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
import { type CommandOrigin, devicesOf, type GpuSource } from '../scenario/telemetry.ts';
import { watchGpuCommand } from '../telemetry/gpu-command.ts';
import { watchGpuPage } from '../telemetry/gpu-pages.ts';
import { nvidiaSmi, xpuSmi } from '../telemetry/gpu-tools.ts';
import { listInstances } from '../telemetry/mig.ts';
import { type ServerPage, watchServerPages } from '../telemetry/server-pages.ts';
import type { TelemetryListener, Watch } from '../telemetry/watch.ts';

export interface TelemetryOptions {
  readonly scenario: Scenario;
  readonly clock: Clock;
  /** Where the service is, now that an embedded one has been started. */
  readonly serviceUrl: string;
  readonly ca: string | undefined;
  readonly urlOf: (target: Target) => URL;
  readonly headersOf: (target: Target) => Readonly<Record<string, string>>;
  /** What shows the GPUs of the embedded service, where it is the target. */
  readonly lookAlike: LookAlike | undefined;
}

/** A command with what it needs in its environment. */
export interface LookAlike {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** How long a page may take, and be. */
const pageTimeoutMs = 5_000;
const mostPageBytes = 4_000_000;

/** How long a command may say nothing: a driver that nobody uses can take seconds for each GPU. */
const patienceMs = (intervalMs: number) => Math.max(15_000, 10 * intervalMs);

/** Starts to watch; the watch is settled when every source has shown itself, or failed. */
export function watchAll(options: TelemetryOptions, listener: TelemetryListener): Watch {
  const { scenario, clock, ca } = options;
  const { gpu, metrics } = scenario.telemetry;
  const reader = pageReader({ ca, timeoutMs: pageTimeoutMs, mostBytes: mostPageBytes });
  const watches = gpu.map(source => watchSource(source, options, listener, reader));
  if (metrics !== undefined)
    watches.push(
      watchServerPages({
        pages: scenario.targets.map(target => pageOf(target, options)),
        intervalMs: metrics.intervalMs,
        reader,
        clock,
        listen: line => listener.server(line),
        isDriven: target => listener.isDriven(target),
      }),
    );
  return {
    settled: Promise.all(watches.map(({ settled }) => settled)).then(() => {}),
    async stop() {
      await Promise.all(watches.map(watch => watch.stop()));
      await reader.close();
    },
  };
}

function watchSource(
  source: GpuSource,
  options: TelemetryOptions,
  listener: TelemetryListener,
  reader: ReturnType<typeof pageReader>,
): Watch {
  const { clock } = options;
  const { host, intervalMs } = source;
  const at = host === undefined ? '' : ` at ${host}`;
  const listen = listener.gpu.bind(listener);
  if (source.from.kind === 'dcgm')
    return watchGpuPage({ url: source.from.url, host, source: `dcgm${at}`, intervalMs, reader, clock, listen });
  const found = commandOf(source.from, options);
  if (typeof found === 'string') {
    listen({ atMs: clock.nowMs(), source: `nvidia-smi${at}`, simulated: false, gap: found, absent: true });
    return { settled: Promise.resolve(), stop: async () => {} };
  }
  const { command, env, tool, simulated } = found;
  const watched = {
    command,
    env,
    source: `${tool}${simulated ? ' look-alike' : ''}${at}`,
    host,
    simulated,
    clock,
    listen,
    patienceMs: patienceMs(intervalMs),
    // Nobody else uses simulated GPUs, so that there is nothing to look for before the load; but that it starts while
    // nothing is measured is worth the wait.
    settlesAfter: simulated ? 1 : 2,
  };
  if (tool === 'xpu-smi') return watchGpuCommand({ ...watched, dialogue: xpuSmi(intervalMs) });
  const dialogue = nvidiaSmi(intervalMs);
  if (!namesInstances(options.scenario)) return watchGpuCommand({ ...watched, dialogue });
  return later(async () => {
    const instances = await listInstances(command, env);
    return watchGpuCommand({ ...watched, dialogue, instances });
  });
}

/** A watch that begins once something is known. */
function later(start: () => Promise<Watch>): Watch {
  const starting = start();
  return {
    settled: starting.then(({ settled }) => settled),
    stop: async () => (await starting).stop(),
  };
}

function namesInstances({ targets, telemetry }: Scenario): boolean {
  return targets.some(target => devicesOf(target, telemetry).some(({ id }) => /^mig-/i.test(id)));
}

interface Found {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly tool: 'nvidia-smi' | 'xpu-smi';
  readonly simulated: boolean;
}

/** The command of a source, or why there is none. */
function commandOf(from: CommandOrigin, options: TelemetryOptions): Found | string {
  if (from.kind === 'command') return { ...from, env: {}, simulated: false };
  if (options.lookAlike !== undefined) return { ...options.lookAlike, tool: 'nvidia-smi', simulated: true };
  const { hostname: host } = new URL(options.serviceUrl);
  if (!isThisHost(host))
    return `the GPUs of ${host} are not on this host: give telemetry.gpu.command, such as [ssh, ${host}, nvidia-smi]`;
  const tool = (['nvidia-smi', 'xpu-smi'] as const).find(isOnPath);
  return tool === undefined
    ? 'neither nvidia-smi nor xpu-smi is on the path'
    : { command: [tool], env: {}, tool, simulated: false };
}

function isThisHost(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host) || host === hostname().toLowerCase();
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Where the page of a target's model server may be: below its endpoint, which gateways let through, or beside it. */
function pageOf(target: Target, { scenario, urlOf, headersOf }: TelemetryOptions): ServerPage {
  const url = urlOf(target);
  const named = scenario.telemetry.metrics?.urls[target.name];
  const endpoint = url.origin + url.pathname.replace(/\/v1\/chat\/completions$/, '').replace(/\/$/, '');
  const looked = [...new Set([`${endpoint}/metrics`, `${endpoint.replace(/\/generate$/, '')}/metrics`])];
  // The token goes where the requests of the target go, and nowhere else.
  const isOurs = named === undefined || new URL(named).origin === url.origin;
  return {
    target: target.name,
    simulated: isSimulated(target, scenario),
    urls: named === undefined ? looked : [named],
    headers: isOurs ? headersOf(target) : {},
    isNamed: named !== undefined,
  };
}
