import { randomBytes } from 'node:crypto';
import type { Check } from '../analysis/conformance.ts';
import { type ExitCode, exitCodes, HarnessError } from '../errors.ts';
import type { Document } from '../report/document.ts';
import { limitsReport } from '../report/limits-report.ts';
import { terminal } from '../report/terminal.ts';
import { discoverLimits } from '../run/limits.ts';
import { probe } from '../run/probe.ts';
import { documentedModel } from '../simulator/catalogue.ts';
import { launchService } from '../simulator/launch.ts';
import { type Io, say } from './io.ts';
import { readToken } from './scenario-source.ts';

export interface ProbeArguments {
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly fidelity: 'documented' | 'deployed';
  readonly model: string;
  readonly imageModel: string;
  readonly gpu: number;
  readonly limits?: boolean | undefined;
  readonly check?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const timeoutMs = 30_000;

/** `tgi-bench probe`: what a service really does, beside what its API document says; or, asked for, where it begins to refuse. */
export async function probeCommand(args: ProbeArguments, io: Io): Promise<ExitCode> {
  const service = args.url === undefined ? await startEmbedded(args) : undefined;
  try {
    const token = service?.token ?? readToken(args.tokenFile, io);
    if (token === undefined) {
      throw new HarnessError(`${args.url}: expected a token, got nothing`, {
        hint: 'export VALID_TOKEN=…, or use --token-file',
        exitCode: exitCodes.usage,
      });
    }
    const url = (service?.url ?? args.url ?? '').replace(/\/+$/, '');
    const name = service === undefined ? url : `the embedded service (${args.fidelity})`;
    const { model, gpu } = args;
    const show = (found: unknown, document: Document) =>
      say(
        io.stdout,
        args.json ? JSON.stringify(found) : terminal(document, { width: io.stdout.columns, colour: io.stdout.colour }),
      );
    if (args.limits) {
      const limits = await discoverLimits({ url, token, model, gpu, timeoutMs, signal: io.interrupted });
      show(limits, limitsReport(name, limits));
      return io.interrupted.aborted ? (io.interrupted.reason as ExitCode) : exitCodes.done;
    }
    const { interrupted: signal } = io;
    const checks = await probe({ url, token, model, imageModel: args.imageModel || undefined, gpu, timeoutMs, signal });
    show(checks, probeDocument(name, checks));
    return args.check && checks.some(({ conforms }) => !conforms) ? exitCodes.objectiveMissed : exitCodes.done;
  } finally {
    await service?.stop();
  }
}

async function startEmbedded({ fidelity, model, imageModel, gpu }: ProbeArguments) {
  const token = randomBytes(24).toString('base64url');
  const models = [...new Set([model, ...(imageModel === '' ? [] : [imageModel])])].map(route =>
    documentedModel(route, [gpu]),
  );
  const service = await launchService({
    port: 0,
    host: '127.0.0.1',
    token,
    fidelity,
    gpu: 'A100-80G',
    speed: 1,
    seed: 0,
    models,
    faults: [],
  });
  return { ...service, token };
}

function probeDocument(name: string, checks: readonly Check[]): Document {
  const deviations = checks.filter(({ conforms }) => !conforms);
  const verdict =
    deviations.length === 0
      ? `All ${checks.length} points are as documented.`
      : `${deviations.length} of ${checks.length} points differ: ${deviations.map(check => check.name).join(', ')}.`;
  return {
    title: `${name} against its API document`,
    blocks: [
      { kind: 'paragraph', text: verdict },
      { kind: 'list', items: checks.filter(({ conforms }) => conforms).map(({ name, found }) => `${name}: ${found}`) },
      ...deviations.flatMap(({ name, documented, found, advice }) => [
        { kind: 'heading' as const, text: `differs: ${name}` },
        {
          kind: 'list' as const,
          items: [`documented: ${documented}`, `found: ${found}`, ...(advice === undefined ? [] : [`so: ${advice}`])],
        },
      ]),
    ],
  };
}
