import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The rooms of the house, lowest floor first; a module imports only from its own room and those before it. */
const floors = [
  ['errors', 'units', 'clock', 'random', 'fifo'],
  ['stats'],
  ['schema'],
  ['scenario'],
  ['arrival'],
  ['workload'],
  ['protocol'],
  ['engine'],
  ['record'],
  ['analysis'],
  ['report'],
  ['http'],
  ['driver'],
  ['telemetry'],
  ['store'],
  ['simulator'],
  ['run'],
  ['cli'],
  ['index', 'main'],
];
/** From here on modules may touch clocks, files, the network and processes. */
const firstWithEffects = floors.findIndex(rooms => rooms.includes('http'));

/** The one door of each package. */
const doors: Readonly<Record<string, RegExp>> = {
  autocannon: /^driver\/autocannon\.ts$/,
  '@huggingface': /^workload\/tokenizer\.ts$/,
  'csv-stringify': /^report\/csv\.ts$/,
  'd3-random': /^random\.ts$/,
  'simple-statistics': /^stats\//,
  'ml-levenberg-marquardt': /^stats\/least-squares\.ts$/,
  'pure-rand': /^random\.ts$/,
  echarts: /^report\/chart\//,
  execa: /^simulator\/child\.ts$|^telemetry\//,
  'hdr-histogram-js': /^stats\/histogram\.ts$/,
  sharp: /^workload\/image\.ts$|^simulator\/image\.ts$/,
  undici: /^http\/|^driver\/undici\.ts$/,
  yaml: /^schema\/|^cli\/scenario-source\.ts$/,
  yargs: /^cli\/(cli|gate-commands|scenario-options)\.ts$/,
  zod: /^schema\/|^scenario\/(scenario|workload|duration|telemetry)\.ts$|^analysis\/(gate\/policy|capacity\/demand-file)\.ts$|^simulator\//,
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => ({ path, text: readFileSync(`src/${path}`, 'utf8') }));
const roomOf = (path: string) => path.split('/')[0]?.replace(/\.ts$/, '') ?? '';
const floorOf = (path: string) => floors.findIndex(rooms => rooms.includes(roomOf(path)));
const importsOf = (text: string) =>
  [...text.matchAll(/(?:from |import\()'([^']+)'|^import '([^']+)'/gm)].map(match => match[1] ?? match[2] ?? '');

/** The path below src that a relative import names. */
function resolved(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

describe('the house', () => {
  it('has every file in a room of the list', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter(({ path }) => floorOf(path) === -1).map(({ path }) => path)).toEqual([]);
  });

  it('imports only from the same room and from floors below', () => {
    const wrong = files.flatMap(({ path, text }) =>
      importsOf(text)
        .filter(specifier => specifier.startsWith('.'))
        .map(specifier => resolved(path, specifier))
        .filter(
          imported =>
            roomOf(imported) !== roomOf(path) &&
            floorOf(imported) >= floorOf(path) &&
            !floors[0]?.includes(roomOf(path)),
        )
        .map(imported => `${path} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it('lets each package in by one door', () => {
    const wrong = files.flatMap(({ path, text }) =>
      importsOf(text)
        .filter(specifier => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .map(specifier => specifier.split('/')[0] as string)
        .filter(name => !(doors[name]?.test(path) ?? false))
        .map(name => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('begins a run without what only some runs need and takes long to load', () => {
    const reached = new Set<string>();
    const packages = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      const text = files.find(file => file.path === path)?.text ?? '';
      for (const [, specifier = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm)) {
        if (specifier.startsWith('.')) visit(resolved(path, specifier));
        else packages.add(specifier);
      }
    };
    for (const path of ['main.ts', 'cli/run.ts']) visit(path);
    expect(reached.size).toBeGreaterThan(60);
    expect([...packages]).toEqual(expect.arrayContaining(['yargs', 'zod']));
    for (const heavy of ['sharp', 'undici', 'autocannon', '@huggingface/tokenizers']) {
      expect(packages).not.toContain(heavy);
    }
  });

  it('keeps clocks, files, the network and chance out of the rooms above the line', () => {
    const forbidden =
      /from 'node:|\bDate\b\.|new Date\b|Math\.random|\bperformance\.|\bprocess\.|\bsetTimeout\(|\bsetInterval\(/;
    const wrong = files
      .filter(({ path }) => path !== 'clock.ts' && floorOf(path) < firstWithEffects)
      .flatMap(({ path, text }) =>
        text
          .split('\n')
          .filter(line => forbidden.test(line) && !/^\s*(\/?\*|\/\/)/.test(line))
          .map(line => `${path}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });

  it('gives no file a name that says nothing', () => {
    const empty = /(^|[-/])(utils?|helpers?|common|shared|types|misc)(\.ts|\/)|(manager|handler|processor|impl)\.ts$/;
    expect(files.filter(({ path }) => empty.test(path)).map(({ path }) => path)).toEqual([]);
  });
});
