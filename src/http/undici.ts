import { createRequire } from 'node:module';

let loaded: typeof import('undici') | undefined;

/** undici, loaded by the first who speaks through it: a run over bare sockets begins without. */
export function undici(): typeof import('undici') {
  loaded ??= createRequire(import.meta.url)('undici') as typeof import('undici');
  return loaded;
}
