import { SseScanner } from '../../src/protocol/sse.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import { Recorder } from '../../src/record/recorder.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { stamped, tokenEvent } from '../../src/simulator/null-target/wire.ts';
import { mostLineBytes, writeLine } from '../../src/store/record-line.ts';

/** What each token of an answer costs at the stations it passes, in µs of CPU. */
export interface TokenCosts {
  /** From the bytes of an event to what it says. */
  readonly scannerUs: number;
  readonly recorderUs: number;
  readonly serialisationUs: number;
}

const answers = 400;
const tokens = 250;
const rounds = 7;

/** Measures the stations one by one, apart from any socket: medians of several rounds. */
export function tokenCosts(): TokenCosts {
  const protocol = tgi('tag');
  const chunk = stamped(tokenEvent, 123_456.789);
  const event = chunk.subarray(chunk.indexOf('data:'), chunk.length - 2); // without its chunk's frame
  const scan = () => {
    let seen = 0;
    const scanner = new SseScanner({
      take(bytes, from, to) {
        const isToken = protocol.isPlainToken(bytes, from, to);
        if (isToken) seen++;
        return isToken;
      },
      event(data) {
        if (protocol.decodeEvent(data).kind === 'token') seen++;
      },
    });
    for (let k = 0; k < tokens; k++) scanner.push(event);
    if (seen !== tokens) throw new Error(`the scanner saw ${seen} of ${tokens} tokens`);
  };
  const recorder = new Recorder({ goodput: undefined, requestTimeoutMs: 30_000 });
  recorder.open(0);
  const records = Array.from({ length: answers }, (_, seq) => record(seq));
  const line = Buffer.allocUnsafe(Math.max(...records.map(mostLineBytes)));
  const lengths = new Float64Array(answers);
  return {
    scannerUs: perTokenUs(scan),
    recorderUs: perTokenUs(k => recorder.add(records[k] as RequestRecord)),
    serialisationUs: perTokenUs(k => {
      lengths[k] = writeLine(records[k] as RequestRecord, line, 0);
    }),
  };
}

function perTokenUs(work: (answer: number) => void): number {
  const measured = Array.from({ length: rounds }, () => {
    const cpu = process.cpuUsage();
    for (let k = 0; k < answers; k++) work(k);
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / answers / tokens;
  });
  return measured.sort((a, b) => a - b)[rounds >> 1] as number;
}

/** An answer of 20 ms a token, with some unrest. */
function record(seq: number): RequestRecord {
  const sentMs = seq * 10 + 0.123;
  const tokenTimesMs = Array.from(
    { length: tokens },
    (_, k) => Math.round((sentMs + 100 + k * 20 + ((k * 7) % 13) / 10) * 1000) / 1000,
  );
  const endMs = tokenTimesMs.at(-1) ?? sentMs;
  return {
    seq,
    cell: 0,
    phase: 'measured',
    target: 'm/gpu0',
    workload: 'chat',
    dueMs: sentMs,
    sentMs,
    headersMs: sentMs + 50,
    tokenTimesMs,
    endMs,
    outputTokens: tokens,
    tokensFrom: 'server',
    requestId: '00000000-0000-0000-0000-000000000000',
    requestBytes: 400,
    outcome: { kind: 'ok', status: 200 },
  };
}
