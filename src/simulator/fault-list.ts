import type { Fault } from './faults.ts';
import { mistyped } from './parameters.ts';
import { Refused } from './refusal.ts';

type Field = 'string' | 'count' | 'share' | 'status';

const scope: Readonly<Record<string, Field>> = {
  model: 'string',
  gpu: 'count',
  fromMs: 'count',
  forMs: 'count',
  ratio: 'share',
};

/** The fields that each kind of fault must have besides its scope. */
const required: Readonly<Record<Fault['kind'], Readonly<Record<string, Field>>>> = {
  stall: {},
  gpu_gone: {},
  status: { status: 'status' },
  slow_headers: { delayMs: 'count' },
  slow_token: { delayMs: 'count', afterTokens: 'count' },
  reset: { afterTokens: 'count' },
  eof: { afterTokens: 'count' },
  malformed: { afterTokens: 'count' },
  error_event: { afterTokens: 'count' },
};

/** Reads one fault or a list of them from JSON. Throws Refused: mistyped or invalid, with the field that is wrong. */
export function readFaults(value: unknown): Fault[] {
  return (Array.isArray(value) ? value : [value]).map(readFault);
}

function readFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null) throw mistyped('fault', 'an object', value);
  const given = value as Readonly<Record<string, unknown>>;
  const kind = given['kind'];
  const needs = Object.entries(required).find(([name]) => name === kind)?.[1];
  if (needs === undefined) throw mistyped('kind', `one of ${Object.keys(required).join(', ')}`, kind);
  for (const [name, field] of Object.entries(needs)) check(name, field, given[name]);
  for (const [name, field] of Object.entries(scope)) if (given[name] !== undefined) check(name, field, given[name]);
  const unknown = Object.keys(given).find(name => name !== 'kind' && !(name in needs) && !(name in scope));
  if (unknown !== undefined)
    throw new Refused({ kind: 'invalid', message: `a fault of kind ${kind} has no field ${unknown}` });
  return value as Fault;
}

function check(name: string, field: Field, value: unknown): void {
  switch (field) {
    case 'string':
      if (typeof value !== 'string') throw mistyped(name, 'a string', value);
      return;
    case 'count':
      if (typeof value !== 'number' || !(value >= 0)) throw mistyped(name, 'a number of 0 or more', value);
      return;
    case 'share':
      if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw mistyped(name, 'a number from 0 to 1', value);
      return;
    case 'status':
      if (value !== 500 && value !== 502 && value !== 503) throw mistyped(name, '500, 502 or 503', value);
  }
}
