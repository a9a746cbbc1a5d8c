import { isSimulated } from '../record/cell-telemetry.ts';
import { isDevice } from '../record/gpu-sample.ts';
import type { Run } from '../record/run.ts';
import type { Gap, GpuSourceSummary, ServerSourceSummary } from '../record/run-telemetry.ts';
import { devicesOf } from '../scenario/telemetry.ts';
import { formatDuration, formatRatio, plural } from '../units.ts';
import type { Facts } from './document.ts';

/** How well was watched: sources, gaps, clocks, and what the watching itself asked of a gateway. */
export function watched(run: Run): Facts['items'] {
  const { gpu = [], servers = [] } = run.telemetry ?? {};
  const isAbsent = ({ answered, gaps }: ServerSourceSummary) => answered === 0 && gaps.some(gap => gap.absent);
  const absent = servers.filter(isAbsent).map(({ target }) => target);
  return [
    ...gpu.map(source => ({ label: 'GPUs', text: gpuSourceText(source) })),
    ...unmatched(run).map(text => ({ label: 'GPUs', text })),
    ...servers
      .filter(server => !isAbsent(server))
      .map(server => ({ label: 'model server', text: serverText(server, run) })),
    ...(absent.length === 0
      ? []
      : [{ label: 'model servers', text: `not asked, for no metrics page was found: ${absent.join(', ')}` }]),
  ];
}

function gpuSourceText({ source, simulated, samples, devices, gaps, clockAheadMs }: GpuSourceSummary): string {
  const absent = gaps.find(gap => gap.absent);
  if (absent !== undefined && samples === 0) return `not watched: ${absent.text}`;
  const names = [...new Set(devices.map(({ name }) => name).filter(name => name !== undefined))];
  const what = `${plural(samples, 'sample')} of ${plural(devices.length, 'GPU')}${names.length === 0 ? '' : ` (${names.join(', ')})`}`;
  const clock = clockAheadMs === null ? '' : `; its clock seemed ${aheadText(clockAheadMs)}, which was not used`;
  return `${source}${simulated ? ', simulated' : ''}: ${what}${clock}${gapsText(gaps)}`;
}

/** Endpoints beside whose times no GPU can be laid, though some were seen. */
function unmatched({ scenario, telemetry }: Run): string[] {
  const seen = (telemetry?.gpu ?? []).filter(({ samples }) => samples > 0);
  if (seen.length === 0) return [];
  return scenario.targets.flatMap(target => {
    const names = devicesOf(target, scenario.telemetry);
    const own = seen.filter(({ devices }) => devices.some(each => names.some(name => isDevice(each, name))));
    if (names.length === 0) return [`none is named for ${target.name}: give devices`];
    if (own.length === 0)
      return [
        `none that was seen is ${names.map(({ id }) => id).join(', ')} for ${target.name}: say which it is in telemetry.gpuMap`,
      ];
    if (own.some(({ simulated }) => simulated === isSimulated(target, scenario))) return [];
    return [
      `those of ${target.name} are ${own[0]?.simulated ? 'simulated and its times are not' : 'real and its times are simulated'}: kept, and not laid beside them`,
    ];
  });
}

/** A difference of wall clocks: what may be a time zone, and the rest. */
function aheadText(aheadMs: number): string {
  const quarterMs = 15 * 60_000;
  const zoneMs = Math.round(aheadMs / quarterMs) * quarterMs;
  const rest = aheadMs - zoneMs;
  const zone = zoneMs === 0 ? '' : `${zoneMs > 0 ? '+' : '−'}${formatDuration(Math.abs(zoneMs))} (a time zone) and `;
  return `${zone}${rest < 0 ? '−' : '+'}${formatDuration(Math.abs(rest))} off ours as samples arrived`;
}

function gapsText(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return '';
  const texts = gaps.map(({ fromMs, toMs, text }) => {
    const until = toMs === null ? 'to the end' : `to ${formatDuration(toMs)}`;
    return `from ${formatDuration(fromMs)} ${until}: ${text}`;
  });
  return `; nothing ${texts.join('; nothing ')}`;
}

function serverText({ target, answered, missed, gaps }: ServerSourceSummary, run: Run): string {
  const asked = answered + missed;
  const own = run.cells.filter(cell => cell.target.name === target);
  const sent = own.reduce((sum, { counts, warmupRequests }) => sum + counts.due - counts.dropped + warmupRequests, 0);
  const part = `${formatRatio(asked / Math.max(1, asked + sent))} of all that its gateway was asked`;
  return `${target}: asked ${plural(asked, 'time')}, ${answered} answered; ${part}${gapsText(gaps)}`;
}
