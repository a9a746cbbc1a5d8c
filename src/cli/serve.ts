import { randomBytes } from 'node:crypto';
import { type ExitCode, exitCodes } from '../errors.ts';
import { deployedModels, documentedModel, type ServedModel } from '../simulator/catalogue.ts';
import { nvidiaSmiOf } from '../simulator/launch.ts';
import { startService } from '../simulator/service.ts';
import { type Io, say } from './io.ts';

export interface ServeArguments {
  readonly port: number;
  readonly host: string;
  readonly fidelity: 'documented' | 'deployed';
  readonly gpu: string;
  readonly speed: number;
  /** The routes to serve; the fidelity's own models where none is named. */
  readonly model?: readonly string[] | undefined;
  readonly gpus: number;
}

/** `tgi-bench serve`: the embedded service, for people, until Ctrl-C. */
export async function serve(args: ServeArguments, io: Io): Promise<ExitCode> {
  const given = io.environment['VALID_TOKEN'];
  const token = given || randomBytes(24).toString('base64url');
  const models = modelsOf(args);
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
  const { command, env } = nvidiaSmiOf(service);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  say(io.stdout, `its GPUs, as nvidia-smi shows them: ${[...variables, ...command].join(' ')}`);
  say(io.stdout, 'Ctrl-C ends it');
  await new Promise<void>(resolve => {
    if (io.interrupted.aborted) resolve();
    io.interrupted.addEventListener('abort', () => resolve(), { once: true });
  });
  await service.close();
  return exitCodes.done;
}

const documentedRoutes = ['hermes-2-pro-tgi', 'llava-v1.6-mistral-7b-tgi'];

function modelsOf({ fidelity, model, gpus }: ServeArguments): ServedModel[] {
  const numbers = Array.from({ length: gpus }, (_, gpu) => gpu);
  if (model === undefined && fidelity === 'deployed') return deployedModels(numbers);
  return (model ?? documentedRoutes).map(route => documentedModel(route, numbers));
}
