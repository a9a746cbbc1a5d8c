import { simulatedName } from '../device.ts';
import type { Form } from '../generate.ts';
import { jsonAnswer, type Wording } from '../reply.ts';
import type { RequestTimes } from '../router-metrics.ts';
import { type Told, tokenEvents, wholeAnswer } from '../told.ts';
import type { Asked } from '../validation.ts';
import { deployedRefusal } from './errors.ts';
import type { Router } from './router.ts';
import { pipelineTag } from './router-info.ts';

const wording: Wording = { plain: deployedRefusal, events: refusal => [deployedRefusal(refusal).body] };

/** The routes of TGI itself: one object, and no prompt before the answer. */
export function nativeForm(router: Router, { inputs }: Asked): Form {
  return {
    ...routerForm(router, inputs.length),
    echoesByDefault: false,
    events: tokenEvents,
    whole: (told, times) => jsonAnswer(wholeAnswer(told), timingHeaders(router, inputs.length, told, times)),
  };
}

/** The route at the root, which the proxy leads to: an array of one object, the prompt before the answer of a text model. */
export function compatForm(router: Router, asked: Asked): Form {
  return {
    ...nativeForm(router, asked),
    echoesByDefault: pipelineTag(router.endpoint.served) === 'text-generation',
    whole: (told, times) => jsonAnswer([wholeAnswer(told)], timingHeaders(router, asked.inputs.length, told, times)),
  };
}

/** What all of TGI's routes have in common. */
function routerForm({ site }: Router, characters: number): Omit<Form, 'events' | 'whole' | 'echoesByDefault'> {
  const { options, seeds } = site;
  return {
    fidelity: 'deployed',
    stream: {
      framing: options.framing ?? 'sse',
      headers: { ...computeHeaders(options.gpu, characters), 'x-accel-buffering': 'no' },
      sendsComments: true,
      wording,
    },
    opensAtOnce: true,
    timeoutMs: undefined,
    // TGI draws 64 bits, more than a JavaScript number holds.
    drawSeed: samples => (samples ? Math.floor(seeds.uniform() * 2 ** 64) : options.seed),
  };
}

/** Where and on how much it was computed; the only headers of this kind that a stream has. */
function computeHeaders(gpu: string, characters: number): Record<string, string> {
  const words =
    simulatedName(gpu)
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return { 'x-compute-type': `1-${words.join('-')}`, 'x-compute-characters': String(characters) };
}

/** How long each part took, in whole milliseconds, cut and not rounded, as TGI gives them. */
function timingHeaders({ site }: Router, characters: number, told: Told, times: RequestTimes): Record<string, string> {
  const { arrivedMs, submittedMs, startedMs, endedMs } = times;
  const tokens = [told.answer, ...told.others].reduce((sum, answer) => sum + answer.tokens, 0);
  const wholeMs = (ms: number) => String(Math.trunc(ms));
  return {
    ...computeHeaders(site.options.gpu, characters),
    'x-compute-time': String((endedMs - arrivedMs) / 1000),
    'x-total-time': wholeMs(endedMs - arrivedMs),
    'x-validation-time': wholeMs(submittedMs - arrivedMs),
    'x-queue-time': wholeMs(startedMs - submittedMs),
    'x-inference-time': wholeMs(endedMs - startedMs),
    'x-time-per-token': wholeMs((endedMs - startedMs) / tokens),
    'x-prompt-tokens': String(told.inputTokens),
    'x-generated-tokens': String(tokens),
  };
}
