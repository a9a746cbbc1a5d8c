import type { SearchResult } from '../../record/search.ts';
import { type Objective, parseObjective } from '../../scenario/objective.ts';
import { formatNumber, formatRatio, plural } from '../../units.ts';
import type { Capacity } from './capacity.ts';
import { nameOf, plainText } from './criterion.ts';
import { operatingAt } from './crossing.ts';
import type { Curve } from './curve.ts';

/** What a search for one objective says, in place of what the curve says of it; undefined where none looked for it and found out. */
export function searched(curve: Curve, objective: Objective, byCurve: Capacity): Capacity | undefined {
  const found = curve.searches.filter(each => {
    const looked = lookedFor(each);
    return looked !== undefined && plainText(looked) === plainText(objective) && each.kind !== 'unknown';
  });
  // The last word: of several runs the one that is named last.
  const search = found.at(-1);
  if (search === undefined) return undefined;
  const binding = byCurve.binding ?? nameOf(objective.metric);
  return { ...byCurve, doubts: curve.doubts, ...replaced(curve, search, { ...byCurve, binding }) };
}

/** What a search looked for; undefined where its text is no objective. */
export function lookedFor({ objective }: SearchResult): Objective | undefined {
  try {
    return parseObjective(objective);
  } catch {
    return undefined;
  }
}

function replaced(curve: Curve, search: SearchResult, { binding, signs }: Capacity): Partial<Capacity> {
  const { kind, low, estimate, high, confidence, probes, requests } = search;
  const unit = search.over === 'concurrency' ? ' in flight' : '/s';
  const cost = `${plural(probes.length, 'probe')}, ${plural(requests, 'request')}`;
  if (kind === 'below from')
    return {
      kind: 'below',
      load: null,
      perS: null,
      why: `a search found it missed from ${formatNumber(high ?? probes[0]?.load ?? 0)}${unit} on, the lowest load it tried (${cost})`,
    };
  const value = estimate ?? low;
  if (value === undefined) return {};
  const isOpen = kind === 'at least';
  const interval = isOpen
    ? `at least ${formatNumber(value)}`
    : `${formatNumber(low ?? value)} to ${formatNumber(high ?? value)}`;
  return {
    ...operatingAt(curve, { value, low: low ?? null, high: isOpen ? null : (high ?? null) }, 'measured'),
    kind: isOpen ? 'at least' : 'found',
    binding: isOpen ? null : binding,
    signs: isOpen ? [] : signs,
    why: `a search found ${interval}${unit}, with ${formatRatio(confidence)} confidence (${cost})`,
  };
}
