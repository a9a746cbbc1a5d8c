import { describe, expect, it } from 'vitest';
import { type AssetReader, textOf } from '../../src/scenario/assets.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

const text = `name: s
targets: [{ model: m, gpus: [0], workloads: [chat, caption] }]
load: { steps: [{ concurrency: 1, requests: 1 }] }
workloads:
  chat:
    kind: text
    prompt: { file: p.txt, tokenizer: t.json }
    output: { maxNewTokens: 8 }
  caption:
    kind: vlm
    prompt: { file: p.txt }
    images: { files: "pictures/*.jpg" }
    output: { maxNewTokens: 8 }
`;
const parse = (readFiles?: AssetReader) =>
  parseScenario({ file: 's.yaml', text, overrides: [], environment: {}, readFiles });

describe('the files of a scenario', () => {
  it('are read once each and kept by the path that stands in it', () => {
    const read: string[] = [];
    const { assets } = parse(path => {
      read.push(path);
      return [{ name: path, bytes: new Uint8Array([1]) }];
    });
    expect(read).toEqual(['p.txt', 't.json', 'pictures/*.jpg']);
    expect([...assets.keys()]).toEqual(read);
  });

  it('are a problem where they are named if they cannot be read', () => {
    const broken: AssetReader = path => {
      throw new Error(`no such file ${path}`);
    };
    expect(() => parse(broken)).toThrow(
      /^s\.yaml:7:15: expected a file to read, got: no such file p\.txt \(.*\)\ns\.yaml:7:28: .*t\.json.*\ns\.yaml:11:15: .*p\.txt.*\ns\.yaml:12:15: /,
    );
    expect(() => parse()).toThrow('nothing to read it with');
  });

  it('are text only where they are UTF-8', () => {
    expect(textOf({ name: 'a', bytes: new TextEncoder().encode('Größe') })).toBe('Größe');
    expect(() => textOf({ name: 'a', bytes: new Uint8Array([0xc3]) })).toThrow('expected UTF-8 text');
  });
});
