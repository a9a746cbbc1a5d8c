/**
 * Prometheus' text form; pure. Only this much of it is read: names, labels and values of the series that are wanted.
 * Invariant: whatever a page holds, it becomes samples or is passed over.
 */

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The series with a wanted name, in their order; undefined where the text is no such page. */
export function parsePrometheus(text: string, isWanted: (name: string) => boolean): MetricSample[] | undefined {
  const samples: MetricSample[] = [];
  let series = 0;
  let others = 0;
  for (const line of text.split('\n')) {
    const first = line.charCodeAt(0);
    // Comments, types and empty lines.
    if (Number.isNaN(first) || first === 0x23 || first === 0x0d) continue;
    const name = /^[a-zA-Z_:][\w:]*(?=[{ \t])/.exec(line)?.[0];
    if (name === undefined) others++;
    else {
      series++;
      const sample = isWanted(name) ? sampleOf(name, line.slice(name.length)) : undefined;
      if (sample !== undefined) samples.push(sample);
    }
  }
  return others > series || others > 100 ? undefined : samples;
}

/** What follows a name: labels in braces, the value, and perhaps a time that is not used. */
function sampleOf(name: string, rest: string): MetricSample | undefined {
  const labels: Record<string, string> = {};
  let at = 0;
  if (rest.startsWith('{')) {
    const label = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?/y;
    label.lastIndex = 1;
    at = 1;
    for (let match = label.exec(rest); match !== null; match = label.exec(rest)) {
      labels[match[1] as string] = unescaped(match[2] as string);
      at = label.lastIndex;
    }
    const end = /\s*\}/y;
    end.lastIndex = at;
    if (!end.test(rest)) return undefined;
    at = end.lastIndex;
  }
  const value = numberOf(rest.slice(at).trim().split(/\s+/, 1)[0] ?? '');
  return value === undefined ? undefined : { name, labels, value };
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function numberOf(text: string): number | undefined {
  const infinite = /^([+-]?)Inf$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
