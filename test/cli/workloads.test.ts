import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { commandLine, exitOf, readLines, readRunJson, scratch, tgiBench } from './tgi-bench.ts';

/** A scenario below a directory of its own, so that paths relative to it are not relative to where it is run from. */
function scenarioBelow(cwd: string, workload: string, model = 'hermes-2-pro-tgi', limits = '{}'): string {
  mkdirSync(join(cwd, 'below/pictures'), { recursive: true });
  const text = `
name: files
targets: [{ model: ${model}, gpus: [0], workloads: [w] }]
workloads: { w: ${workload} }
load: { warmup: { turnovers: 0 }, steps: [{ concurrency: 2, requests: 8 }] }
limits: ${limits}
`;
  writeFileSync(join(cwd, 'below/s.yaml'), text);
  return 'below/s.yaml';
}

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'red' } })
    .png()
    .toBuffer();

describe('a workload of files', () => {
  it('is sent and reported by the size of its pictures, and its report needs the files no more', async () => {
    const cwd = scratch();
    const scenario = scenarioBelow(
      cwd,
      '{ kind: vlm, prompt: { file: asked.txt }, images: { files: "pictures/*.png" }, output: { maxNewTokens: 4 } }',
      'llava-v1.6-mistral-7b-tgi',
    );
    writeFileSync(join(cwd, 'below/asked.txt'), 'What is this?\nWho is it?\n');
    writeFileSync(join(cwd, 'below/pictures/a.png'), await picture(64, 64));
    writeFileSync(join(cwd, 'below/pictures/b.png'), await picture(512, 512));
    const { exitCode, stdout } = await tgiBench(['run', scenario, '--out', 'run'], { cwd });
    expect(exitCode).toBe(exitOf(readRunJson(join(cwd, 'run'))));
    expect(stdout).toMatch(/w by size of the picture/);
    expect(stdout).toMatch(/512x512 +\d+ +2,93\d/);
    const records = readLines(join(cwd, 'run/requests.jsonl'));
    expect(new Set(records.map(({ variant }) => variant))).toEqual(new Set(['64x64', '512x512']));
    const before = readRunJson(join(cwd, 'run'));
    expect(Object.keys(before.environment.files ?? {})).toEqual(['asked.txt', 'pictures/*.png']);
    rmSync(join(cwd, 'below'), { recursive: true });
    expect((await tgiBench(['report', 'run'], { cwd })).exitCode).toBe(0);
    expect(readRunJson(join(cwd, 'run')).cells).toEqual(before.cells);
    expect(readFileSync(join(cwd, 'run/report.md'), 'utf8')).toContain('w by size of the picture');
  });
});

describe('a workload that cannot be sent', () => {
  const cases: {
    name: string;
    workload: string;
    model?: string;
    limits?: string;
    says: RegExp;
    validates?: boolean;
  }[] = [
    {
      name: 'an empty prompt file',
      workload: '{ kind: text, prompt: { file: empty.jsonl }, output: { maxNewTokens: 4 } }',
      says: /empty\.jsonl:1: expected prompts, got an empty file/,
    },
    {
      name: 'a missing prompt file',
      workload: '{ kind: text, prompt: { file: nowhere.txt }, output: { maxNewTokens: 4 } }',
      says: /below\/s\.yaml:4:\d+: expected a file to read, got: ENOENT/,
    },
    {
      name: 'a picture that is too large',
      workload: '{ kind: vlm, prompt: { text: What? }, images: { files: "pictures/*" }, output: { maxNewTokens: 4 } }',
      says: /pictures\/wide\.png: expected at most 1024 × 1024 pixels, got 1100 × 4/,
    },
    {
      name: 'a prompt beyond what the model says it takes',
      workload: '{ kind: text, prompt: { tokens: 9000 }, output: { maxNewTokens: 4 } }',
      says: /workloads\.w\.prompt: expected at most 4096 tokens, got up to 9000 \(what hermes-2-pro-tgi says of itself/,
      validates: true,
    },
    {
      name: 'a picture that leaves no room for its prompt',
      workload:
        '{ kind: vlm, prompt: { text: What? }, images: { generate: { width: 512, height: 512, count: 1 } }, output: { maxNewTokens: 4 } }',
      model: 'llava-v1.6-mistral-7b-tgi',
      limits: '{ maxInputTokens: 2048 }',
      says: /workloads\.w\.prompt: expected at most 2048 tokens, got up to 29\d\d, 29\d\d of them for a picture of 512x512/,
      validates: true,
    },
  ];
  for (const { name, workload, model, limits, says, validates = false } of cases) {
    it(`is told of before the first request: ${name}`, async () => {
      const cwd = scratch();
      const scenario = scenarioBelow(cwd, workload, model, limits);
      writeFileSync(join(cwd, 'below/empty.jsonl'), '\n');
      writeFileSync(join(cwd, 'below/pictures/wide.png'), await picture(1100, 4));
      const run = await commandLine(['run', scenario], { cwd });
      expect(run.stderr).toMatch(says);
      expect(run.exitCode).toBe(2);
      expect(existsSync(join(cwd, 'reports'))).toBe(false);
      const { exitCode } = await commandLine(['validate', scenario], { cwd });
      expect(exitCode).toBe(validates ? 0 : 2);
    });
  }
});
