import { systemClock } from '../clock.ts';
import type { Attempt } from '../driver/driver.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import { getJson } from '../http/get-json.ts';
import type { Target } from '../scenario/target.ts';
import { type ServiceBenchOptions, serviceBench } from './service-bench.ts';

/** How long the service may take to tell about itself. */
const patienceMs = 10_000;

/**
 * Asks every target for one token and the service for what it says of itself: a wrong token, path or address shows
 * before any load, and once. Throws a HarnessError where a target cannot be reached, does not exist or refuses the token.
 */
export async function greet(options: Omit<ServiceBenchOptions, 'clock'>, signal: AbortSignal): Promise<unknown> {
  const bench = serviceBench({ ...options, clock: systemClock() });
  try {
    for (const target of options.scenario.targets) {
      if (signal.aborted) return undefined;
      await bench.prepare(target, 1);
      const attempt = await bench.sendOf(target)(
        { prompt: 'Hello', images: [], maxNewTokens: 1, parameters: {}, stream: true },
        signal,
      );
      judge(target, bench.urlOf(target), attempt);
    }
    return await getJson(`${options.serviceUrl}/info`, options.secrets.tokens.get(''), patienceMs);
  } finally {
    await bench.close();
  }
}

function judge(target: Target, url: URL, { outcome }: Attempt): void {
  const where = url.origin + url.pathname;
  const unreachable = (expected: string, got: string, hint: string) =>
    new HarnessError(`${where}: expected ${expected}, got ${got}`, { hint, exitCode: exitCodes.unreachable });
  const said = outcome.detail ? `: ${outcome.detail}` : '';
  switch (outcome.kind) {
    case 'unauthorized':
      throw unreachable(
        'the token to be accepted',
        `401${said}`,
        'check VALID_TOKEN or --token-file; nothing more was sent, for repeated refusals can ban everyone',
      );
    case 'forbidden':
      if (outcome.banned)
        throw unreachable(
          'to be let in',
          `a ban (403)${said}`,
          'the gateway bars everyone for some minutes after several wrong tokens: wait, then check the token',
        );
      return;
    case 'connection':
      throw unreachable('an answer', `a broken connection${said}`, 'is it running, and is this its address?');
    case 'rejected':
      if (outcome.status === 404)
        throw unreachable(
          `an endpoint for ${target.name}`,
          `404${said}`,
          'model paths are taken verbatim: check the name and the GPU number',
        );
      return;
    default:
      // Anything else may pass under load as well: the records will tell.
      return;
  }
}
