import { randomBytes } from 'node:crypto';
import { type ExitCode, exitCodes } from '../errors.ts';
import { documentedModel } from '../simulator/catalogue.ts';
import { startService } from '../simulator/service.ts';
import { type Io, say } from './io.ts';

export interface ServeArguments {
  readonly port: number;
  readonly host: string;
  readonly fidelity: 'documented' | 'deployed';
  readonly gpu: string;
  readonly speed: number;
  readonly model: readonly string[];
  readonly gpus: number;
}

/** `tgi-bench serve`: the embedded service, for people, until Ctrl-C. */
export async function serve(args: ServeArguments, io: Io): Promise<ExitCode> {
  const given = io.environment['VALID_TOKEN'];
  const token = given || randomBytes(24).toString('base64url');
  const models = args.model.map(route =>
    documentedModel(
      route,
      Array.from({ length: args.gpus }, (_, gpu) => gpu),
    ),
  );
  const service = await startService({
    port: args.port,
    host: args.host,
    token,
    fidelity: args.fidelity,
    gpu: args.gpu,
    speed: args.speed,
    seed: 0,
    models,
    faults: [],
  });
  say(io.stdout, `serving on ${service.url}: a simulated ${args.gpu} per endpoint, ${args.fidelity}`);
  say(io.stdout, given ? 'token: as in VALID_TOKEN' : `token (shown once): ${token}`);
  for (const { route, gpus, maxConcurrentRequests, maxInputTokens, maxTotalTokens } of models) {
    for (const gpu of gpus) {
      say(
        io.stdout,
        `  POST ${service.url}/${route}/gpu${gpu}/generate   ${maxConcurrentRequests} at once, ${maxInputTokens} tokens in, ${maxTotalTokens} in all`,
      );
    }
  }
  say(io.stdout, 'Ctrl-C ends it');
  await new Promise<void>(resolve => {
    if (io.interrupted.aborted) resolve();
    io.interrupted.addEventListener('abort', () => resolve(), { once: true });
  });
  await service.close();
  return exitCodes.done;
}
