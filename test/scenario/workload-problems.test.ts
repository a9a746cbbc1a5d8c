import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

/** The problems of a scenario whose one workload has these lines, `s.yaml:LINE:COLUMN` before each. */
function problems(workload: string, rest = ''): string[] {
  const text = `name: s
targets: [{ model: m, gpus: [0], workloads: [w] }]
load: { steps: [{ concurrency: 1, requests: 1 }] }
${rest}
workloads:
  w:
${workload
  .trim()
  .split('\n')
  .map(line => `    ${line.trim()}`)
  .join('\n')}
`;
  try {
    parseScenario({
      file: 's.yaml',
      text,
      overrides: [],
      environment: {},
      readFiles: path => [{ name: path, bytes: new Uint8Array() }],
    });
  } catch (error) {
    if (error instanceof HarnessError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const text = 'kind: text\noutput: { maxNewTokens: 8 }\n';
const vlm = 'kind: vlm\nprompt: { text: What? }\noutput: { maxNewTokens: 8 }\n';

describe('a prompt', () => {
  it('can be a preset, a text, made up to a length, or of a file', () => {
    for (const prompt of [
      '{ preset: rag }',
      '{ text: Why? }',
      '{ tokens: 9 }',
      '{ file: p.txt }',
      '{ tokens: 9, tokenizer: t.json }',
    ])
      expect(problems(`${text}prompt: ${prompt}`)).toEqual([]);
  });

  it('is one of them', () => {
    expect(problems(`${text}prompt: { preset: chat, tokens: 9 }`)).toEqual([
      's.yaml:9:5: expected one of preset, text, tokens, file, got preset and tokens (for example prompt: { tokens: 128 })',
    ]);
  });

  it('may be unique where it would not be so by itself', () => {
    expect(problems(`${text}prompt: { text: Why?, unique: true }`)).toEqual([]);
    expect(problems(`${text}prompt: { file: p.txt, unique: true }`)).toEqual([]);
    expect(problems(`${text}prompt: { tokens: 9, unique: true }`)[0]).toMatch(
      /^s\.yaml:9:26: expected unique only beside file or text/,
    );
  });

  it('says which presets there are', () => {
    expect(problems(`${text}prompt: { preset: caht }`)[0]).toMatch(/chat.*rag.*summarise.*code.*agent/);
  });

  it('needs no lengths of answers beside a preset, and only there', () => {
    expect(problems('kind: text\nprompt: { preset: chat }')).toEqual([]);
    expect(problems('kind: text\nprompt: { tokens: 9 }')).toEqual([
      's.yaml:7:5: expected output, as only a preset brings lengths of its own, got nothing (for example output: { maxNewTokens: 150 })',
    ]);
  });

  it('has no shared prefix where every request is the same', () => {
    expect(problems(`${text}prompt: { text: Why?, sharedPrefix: { ratio: 1, tokens: 9 } }`)[0]).toMatch(
      /^s\.yaml:9:27: expected no sharedPrefix beside text/,
    );
  });

  it('is not longer than limits.maxInputTokens, with its prefix', () => {
    const limits = 'limits: { maxInputTokens: 100 }';
    expect(problems(`${text}prompt: { tokens: 101 }`, limits)[0]).toMatch(
      /^s\.yaml:9:15: expected at most 100 tokens, limits\.maxInputTokens, got up to 101/,
    );
    expect(problems(`${text}prompt: { tokens: 60, sharedPrefix: { ratio: 0.5, tokens: 41 } }`, limits)).toHaveLength(1);
    expect(
      problems(`${text}prompt: { preset: agent, sharedPrefix: { ratio: 0.5, tokens: 101 } }`, limits),
    ).toHaveLength(1);
    expect(problems(`${text}prompt: { tokens: 60, sharedPrefix: { ratio: 0.5, tokens: 40 } }`, limits)).toEqual([]);
  });
});

describe('lengths', () => {
  it('must be able to reach their limits', () => {
    const tokens = '{ kind: lognormal, mean: 500, deviation: 10, min: 600, max: 700 }';
    expect(problems(`${text}prompt: { tokens: ${tokens} }`)).toEqual([
      's.yaml:9:15: expected a mean between min and max, 600 and 700, got 500 (most lengths would be cut to a bound)',
    ]);
    expect(problems(`${text}prompt: { tokens: { kind: uniform, min: 9, max: 8 } }`)[0]).toMatch(/min of at most max/);
  });
});

describe('images', () => {
  it('can be made, in one size or several, or files', () => {
    for (const images of [
      '{ generate: { width: 64, height: 64 } }',
      '{ sizes: [{ width: 64, height: 64 }, { width: 32, height: 32, weight: 2 }] }',
      '{ files: "*.png", fit: 512 }',
    ])
      expect(problems(`${vlm}images: ${images}`)).toEqual([]);
  });

  it('are one of them, and only files are made to fit', () => {
    expect(problems(`${vlm}images: { generate: { width: 64, height: 64 }, files: "*.png" }`)[0]).toMatch(
      /^s\.yaml:10:5: expected one of generate, sizes, files, got generate and files/,
    );
    expect(problems(`${vlm}images: { generate: { width: 64, height: 64 }, fit: 32 }`)[0]).toMatch(
      /fit only beside files/,
    );
  });

  it('are at most 1024 pixels wide and high', () => {
    expect(problems(`${vlm}images: { generate: { width: 1025, height: 64 } }`)[0]).toMatch(/s\.yaml:10:27: .*1024/);
    expect(problems(`${vlm}images: { files: "*.png", fit: 2048 }`)[0]).toMatch(/1024/);
  });
});

describe('parameters that TGI refuses together', () => {
  const cases: [string, string, RegExp][] = [
    ['true', '{ best_of: 2, do_sample: true }', /best_of of 1, as stream is true/],
    ['true', '{ decoder_input_details: true }', /no decoder_input_details, as stream is true/],
    ['false', '{ best_of: 2 }', /sampling beside best_of/],
    ['false', '{ best_of: 2, do_sample: true, seed: 1 }', /no seed beside best_of/],
  ];
  it.each(cases)('are told of: stream %s, %s', (stream, parameters, says) => {
    const found = problems(`${text}prompt: { tokens: 9 }\nstream: ${stream}\nparameters: ${parameters}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(says);
  });

  it('are taken where they go together', () => {
    const parameters = '{ best_of: 2, temperature: 0.7, decoder_input_details: true }';
    expect(problems(`${text}prompt: { tokens: 9 }\nstream: false\nparameters: ${parameters}`)).toEqual([]);
  });
});
