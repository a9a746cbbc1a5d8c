import { parse } from 'yaml';
import { exitCodes, HarnessError } from '../errors.ts';
import type { Path } from './checked-yaml.ts';

/** Reads `load.steps[0].concurrency=8`: a path and a YAML value. Throws a HarnessError on anything else. */
export function parseSetArgument(argument: string): { path: Path; value: unknown } {
  const equals = argument.indexOf('=');
  const name = argument.slice(0, Math.max(0, equals));
  if (!/^[\w-]+(?:\.[\w-]+|\[\d+\])*$/.test(name)) {
    throw new HarnessError(`--set: expected path=value, got ${JSON.stringify(argument)}`, {
      hint: 'for example --set load.steps[0].concurrency=8',
      exitCode: exitCodes.usage,
    });
  }
  const path = [...name.matchAll(/[\w-]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
  try {
    return { path, value: parse(argument.slice(equals + 1)) as unknown };
  } catch (cause) {
    throw new HarnessError(`--set ${name}: expected a YAML value, got ${JSON.stringify(argument.slice(equals + 1))}`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
