import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { commandLine, exitOf, readRunJson, scenarioText, scratch, tgiBench } from './tgi-bench.ts';

const burstgpt = `Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,20,8,28,Conversation log
5.2,ChatGPT,30,0,30,API log
5.5,GPT-4,40,4,44,Conversation log
`;
const converted = '{"dueMs":0,"inputTokens":20,"outputTokens":8}\n{"dueMs":500,"inputTokens":40,"outputTokens":4}\n';

function directoryWith(files: Readonly<Record<string, string>>): string {
  const cwd = scratch();
  mkdirSync(join(cwd, 'scenarios'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

describe('tgi-bench trace convert', () => {
  it('prints a trace and nothing else, and says what it left out', async () => {
    const cwd = directoryWith({ 'b.csv': burstgpt });
    const { stdout, stderr, exitCode } = await commandLine(['trace', 'convert', 'b.csv'], { cwd });
    expect(`${stdout}\n`).toBe(converted);
    expect(stderr).toBe('b.csv: 2 requests, 1 failed request left out');
    expect(exitCode).toBe(0);
  });

  it('refuses a bad line with its place, and exits 2', async () => {
    const cwd = directoryWith({ 'b.csv': burstgpt.replace('5.5,', '4.5,') });
    const { stderr, exitCode } = await commandLine(['trace', 'convert', 'b.csv'], { cwd });
    expect(stderr).toContain('error: b.csv:4: expected a time not before that of the line above');
    expect(exitCode).toBe(2);
    const missing = await commandLine(['trace', 'convert', 'none.csv'], { cwd });
    expect(missing.stderr).toContain('error: none.csv: expected a file to read');
    expect(missing.exitCode).toBe(2);
  });

  it('outlives a reader that goes away', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `${i},ChatGPT,1,1,2,API log`).join('\n');
    const cwd = directoryWith({ 'b.csv': `${burstgpt.split('\n')[0]}\n${rows}\n` });
    const main = join(process.cwd(), 'dist/main.js');
    const command = `${process.execPath} ${main} trace convert b.csv | head -n 1; echo \${PIPESTATUS[0]}`;
    const { stdout, stderr } = await execa('bash', ['-c', command], { cwd });
    expect(stdout).toBe('{"dueMs":0,"inputTokens":1,"outputTokens":1}\n0');
    expect(stderr).toBe('b.csv: 200,000 requests');
  });
});

describe('a run of a trace', () => {
  const text = scenarioText({ steps: '[{ trace: t.jsonl, warmup: 100ms }]' });

  it('replays it from beside the scenario, and can be reported again without it', async () => {
    const cwd = directoryWith({ 'scenarios/s.yaml': text, 'scenarios/t.jsonl': converted });
    const { exitCode, stderr } = await tgiBench(['run', 'scenarios/s.yaml', '--out', 'out', '--quiet'], { cwd });
    expect(stderr).toBe('');
    const run = readRunJson(join(cwd, 'out'));
    expect(exitCode).toBe(exitOf(run));
    expect(run.cells[0]?.counts).toMatchObject({ due: 2, ok: 2 });
    rmSync(join(cwd, 'scenarios'), { recursive: true });
    expect((await tgiBench(['report', 'out'], { cwd })).exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'out/summary.csv'), 'utf8')).toContain('trace t.jsonl');
  });

  it('has a fingerprint that depends on what the trace holds', async () => {
    const fingerprints = await Promise.all(
      [converted, converted, converted.replace('40', '41')].map(async trace => {
        const cwd = directoryWith({ 'scenarios/s.yaml': text, 'scenarios/t.jsonl': trace });
        await tgiBench(['run', 'scenarios/s.yaml', '--out', 'out', '--quiet'], { cwd });
        return readRunJson(join(cwd, 'out')).environment.fingerprint;
      }),
    );
    expect(fingerprints[1]).toBe(fingerprints[0]);
    expect(fingerprints[2]).not.toBe(fingerprints[0]);
  });

  it.each([
    ['out of order', '{"dueMs":9}\n{"dueMs":3}\n', 't.jsonl:2: expected dueMs of at least 9'],
    ['with a negative time', '{"dueMs":-1}\n', 't.jsonl:1: expected dueMs of at least 0, got -1'],
    ['empty', '', 't.jsonl:1: expected requests, one a line'],
  ])('%s is refused before anything is sent, with file and line of both', async (_, trace, message) => {
    const cwd = directoryWith({ 'scenarios/s.yaml': text, 'scenarios/t.jsonl': trace });
    const { stderr, exitCode } = await commandLine(['run', 'scenarios/s.yaml', '--out', 'out'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: scenarios\/s\.yaml:\d+:\d+: /);
    expect(stderr).toContain(message);
  });
});
