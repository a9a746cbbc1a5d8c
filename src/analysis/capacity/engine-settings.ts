/** How an engine is started: the launcher's flags by the names that the command line has for them. */

import type { EngineLimits } from '../../engine/engine.ts';
import type { SimulationOptions } from '../../engine/station.ts';
import { exitCodes, HarnessError } from '../../errors.ts';
import { nearest } from '../../schema/nearest.ts';

const counts = [
  'maxBatchSize',
  'maxBatchPrefillTokens',
  'maxBatchTotalTokens',
  'maxConcurrentRequests',
  'maxInputTokens',
  'maxTotalTokens',
  'maxWaitingTokens',
] as const;

/** What of an engine may be set; `maxBatchTotalTokens` is the room of its KV cache. */
export type EngineSettings = Partial<EngineLimits> & {
  readonly maxBatchTotalTokens?: number;
  readonly tgi?: 'v2' | 'v3';
};

const names = [...counts, 'waitingServedRatio', 'tgi'] as const;

/** Reads settings such as `maxBatchSize=8`, `waitingServedRatio=1.2` or `tgi=v3`. Throws a HarnessError on anything else. */
export function parseSettings(texts: readonly string[], option: string): EngineSettings {
  return Object.fromEntries(texts.map(text => parseSetting(text, option))) as EngineSettings;
}

function parseSetting(text: string, option: string): [string, number | string] {
  const [name = '', value = ''] = text.split('=').map(part => part.trim());
  if (!(names as readonly string[]).includes(name)) {
    const close = nearest(name, names);
    throw refusal(`${option}: expected one of ${names.join(', ')} with =, got ${JSON.stringify(text)}`, close);
  }
  if (name === 'tgi') {
    if (value === 'v2' || value === 'v3') return [name, value];
    throw refusal(`${option} tgi: expected v2 or v3, got ${JSON.stringify(value)}`);
  }
  const number = Number(value);
  const isGood = name === 'waitingServedRatio' ? number >= 0 : Number.isInteger(number) && number >= 1;
  if (value !== '' && isGood) return [name, number];
  const kind = name === 'waitingServedRatio' ? 'a number of 0 or more' : 'a whole number of 1 or more';
  throw refusal(`${option} ${name}: expected ${kind}, got ${JSON.stringify(value)}`);
}

function refusal(message: string, close?: string): HarnessError {
  const hint = close === undefined ? `such as ${'maxBatchSize=8'}` : `did you mean ${close}?`;
  return new HarnessError(message, { hint, exitCode: exitCodes.usage });
}

/** An engine with other settings; what is not set stays as it was. */
export function withSettings(engine: SimulationOptions, settings: EngineSettings): SimulationOptions {
  const { maxBatchTotalTokens, tgi, ...limits } = settings;
  return {
    ...engine,
    limits: { ...engine.limits, ...limits },
    ...(maxBatchTotalTokens === undefined ? {} : { kvCapacityTokens: maxBatchTotalTokens }),
    ...(tgi === undefined ? {} : { tgi }),
  };
}

/** Settings as they are typed: `maxBatchSize=8, tgi=v3`. */
export function settingsText(settings: EngineSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}
