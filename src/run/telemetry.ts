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
import { type GpuDialogue, nvidiaSmi, xpuSmi } from '../telemetry/gpu-tools.ts';
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
  const watches = gpu.map(source => watchSource(sourceOf(source, options), options, listener, reader));
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

/** What is asked, in words: the commands as they can be typed, and the pages. */
export function asked(options: TelemetryOptions): string[] {
  const { gpu, metrics } = options.scenario.telemetry;
  const sources = gpu.map(each => {
    const source = sourceOf(each, options);
    switch (source.kind) {
      case 'command':
        return `${source.name}: ${[...source.command, ...source.dialogue.arguments].map(quoted).join(' ')}`;
      case 'dcgm':
        return `${source.name}: ${source.url}`;
      case 'absent':
        return `${source.name}: ${source.why}`;
    }
  });
  const pages = metrics === undefined ? [] : options.scenario.targets.map(target => pageOf(target, options));
  return [...sources, ...pages.map(({ target, urls }) => `model server of ${target}: ${urls.join(' or ')}`)];
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A source as it is watched: what to start or to ask, or why there is nothing. */
type Source = { readonly name: string; readonly host: string | undefined; readonly intervalMs: number } & (
  | {
      readonly kind: 'command';
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly dialogue: GpuDialogue;
      readonly simulated: boolean;
      readonly knowsInstances: boolean;
    }
  | { readonly kind: 'dcgm'; readonly url: string }
  | { readonly kind: 'absent'; readonly why: string }
);

function sourceOf({ host, intervalMs, from }: GpuSource, options: TelemetryOptions): Source {
  const at = host === undefined ? '' : ` at ${host}`;
  if (from.kind === 'dcgm') return { kind: 'dcgm', name: `dcgm${at}`, url: from.url, host, intervalMs };
  const found = commandOf(from, options);
  if (typeof found === 'string') return { kind: 'absent', name: `nvidia-smi${at}`, why: found, host, intervalMs };
  const { tool, simulated } = found;
  return {
    ...found,
    kind: 'command',
    name: `${tool}${simulated ? ' look-alike' : ''}${at}`,
    dialogue: tool === 'nvidia-smi' ? nvidiaSmi(intervalMs) : xpuSmi(intervalMs),
    knowsInstances: tool === 'nvidia-smi',
    host,
    intervalMs,
  };
}

function watchSource(
  source: Source,
  { clock, scenario }: TelemetryOptions,
  listener: TelemetryListener,
  reader: ReturnType<typeof pageReader>,
): Watch {
  const { name, intervalMs } = source;
  const listen = listener.gpu.bind(listener);
  switch (source.kind) {
    case 'dcgm':
      return watchGpuPage({ ...source, source: name, reader, clock, listen });
    case 'absent':
      listen({ atMs: clock.nowMs(), source: name, simulated: false, gap: source.why, absent: true });
      return { settled: Promise.resolve(), stop: async () => {} };
    case 'command': {
      const { command, env, simulated, knowsInstances } = source;
      const watched = {
        ...source,
        source: name,
        clock,
        listen,
        patienceMs: patienceMs(intervalMs),
        // Nobody else uses simulated GPUs, so that there is nothing to look for before the load; but that it starts
        // while nothing is measured is worth the wait.
        settlesAfter: simulated ? 1 : 3,
      };
      if (!knowsInstances || !namesInstances(scenario)) return watchGpuCommand(watched);
      return later(async () => watchGpuCommand({ ...watched, instances: await listInstances(command, env) }));
    }
  }
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
    return `the GPUs of ${host} are not on this host: give telemetry.gpu.command, such as [ssh, -tt, ${host}, nvidia-smi]`;
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
