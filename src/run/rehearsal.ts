/**
 * Has the code that every answer passes compiled before the first answer comes. V8 runs what has seldom run ten times
 * slower than what it has compiled, and the answers of the first seconds would be stamped, and said to be, as late.
 */
import { monotonicMs, systemClock } from '../clock.ts';
import { Exchange, endpointOf } from '../driver/exchange.ts';
import { recordOf } from '../driver/record-of.ts';
import { AnswerParser } from '../http/answer-parser.ts';
import { tgi } from '../protocol/tgi.ts';
import { EvidenceRecorder } from '../record/evidence.ts';
import { Recorder } from '../record/recorder.ts';
import type { RequestRecord } from '../record/request-record.ts';
import { lastEvent, streamHead, tokenEvent, unaryAnswer } from '../simulator/null-target/wire.ts';
import { mostLineBytes, writeLine } from '../store/record-line.ts';
import type { GenerationRequest } from '../workload/workload.ts';

/** So many answers of so many tokens, and as many unary ones: about a tenth of a second. */
const answers = 600;
const tokens = 30;

const request: GenerationRequest = { prompt: '', images: [], maxNewTokens: tokens, parameters: {}, stream: true };
const named = { cell: 0, phase: 'measured', target: 'rehearsal', workload: 'rehearsal' } as const;

let isDone = false;

/** Rehearses, once in a thread. */
export function rehearse(): void {
  if (isDone) return;
  isDone = true;
  rehearsal(keeper());
}

/** Passes answers from memory through all that answers of a service pass, and hands on their records. */
export function rehearsal(take: (record: RequestRecord) => void): void {
  const endpoint = endpointOf({
    protocol: tgi('tag'),
    clock: systemClock(monotonicMs()),
    token: 'rehearsal',
    headers: {},
    requestTimeoutMs: 60_000,
  });
  const { signal } = new AbortController();
  const stream = [...Array<Buffer>(tokens - 1).fill(tokenEvent), lastEvent(tokens)];
  for (let seq = 0; seq < answers; seq++) {
    for (const pieces of [[streamHead, ...stream], [unaryAnswer(tokens)]]) {
      const identity = { requestId: String(seq), requestBytes: 0 };
      const exchange = new Exchange(endpoint, identity, signal, attempt =>
        take(recordOf({ ...named, seq }, attempt.sentMs, undefined, request, attempt)),
      );
      exchange.begin({ hangUp: () => {} }, () => exchange.sent(false));
      const parser = new AnswerParser(exchange);
      for (const piece of pieces) {
        exchange.arrived(endpoint.clock.nowMs());
        parser.push(piece, 0, piece.length);
      }
      exchange.end();
    }
  }
}

/** Counts and writes records as a run does, and keeps nothing. */
function keeper(): (record: RequestRecord) => void {
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 60_000 });
  const evidence = new EvidenceRecorder({
    load: { kind: 'closed', concurrency: 1, effectiveConcurrency: 1, thinkTimeMs: 0 },
    oneTokenAnEvent: true,
  });
  recorder.open(0);
  evidence.open(0);
  let line = Buffer.alloc(0);
  return record => {
    recorder.add(record);
    evidence.add(record);
    if (line.length === 0) line = Buffer.allocUnsafe(2 * mostLineBytes(record));
    writeLine(record, line, 0);
  };
}
