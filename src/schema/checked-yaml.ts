/**
 * From YAML text to a checked value: the text is read with its positions, overridden, filled from the environment
 * and checked, and every problem found on the way is reported with the place it stands at.
 *
 * Invariant: whatever leaves this room has the shape its schema promises.
 */
import { type Document, LineCounter, parseDocument, YAMLMap } from 'yaml';
import type { z } from 'zod';
import { exitCodes, HarnessError } from '../errors.ts';
import { describeIssue } from './issue.ts';

export type Path = readonly (string | number)[];

/** Something wrong at one place of a file. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
  /** For an unknown field: the one that was probably meant, which then is not missing. */
  readonly meant?: Path;
}

export interface YamlSource {
  /** The file's name, as it stands in problems. */
  readonly file: string;
  readonly text: string;
  /** Values put in place of the file's own, by path. */
  readonly overrides?: readonly { readonly path: Path; readonly value: unknown }[];
  /** The environment, for `${NAME}` and `${NAME:-default}` under the keys of `interpolated`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly interpolated?: readonly string[];
  /** Keys whose values may only be references, `${NAME}` or `${NAME:-}`: a file must not hold a secret. */
  readonly secretKeys?: readonly string[];
  /** Keys whose values must hold a reference: `Bearer ${NAME}`. */
  readonly guardedKeys?: RegExp;
}

/**
 * Reads and checks one YAML text, first its shape by the schema, then what `further` finds wrong with a value of that
 * shape. Throws a HarnessError that lists every problem.
 */
export function checkedYaml<T extends z.ZodType>(
  schema: T,
  source: YamlSource,
  further: (value: z.output<T>) => readonly Problem[] = () => [],
): z.output<T> {
  const lines = new LineCounter();
  const document: Document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false });
  const overridden = new Set<string>();
  const at = (path: Path) => position(document, path, source.file, lines, overridden);
  const failure = (problems: readonly Problem[]) =>
    failureOf(problems.map(problem => ({ ...problem, at: at(problem.path) })));

  if (document.errors.length > 0) {
    throw failureOf(
      document.errors.map(error => {
        const { line, col } = lines.linePos(error.pos[0]);
        return {
          at: `${source.file}:${line}:${col}`,
          message: `expected YAML, got an error in it: ${firstLine(error.message)}`,
        };
      }),
    );
  }
  if (document.contents === null) document.contents = new YAMLMap();
  for (const { path, value } of source.overrides ?? []) {
    overridden.add(path.join('.'));
    override(document, path, value);
  }
  const problems: Problem[] = [];
  const value = interpolate(document.toJS() as unknown, [], source, problems);
  const result = schema.safeParse(value);
  const issues = result.error?.issues ?? [];
  for (const issue of issues) problems.push(...describeIssue(issue, schema, value));
  // What is wrong in shape must not hide what is wrong between the parts: without it the rest may be whole.
  const rest = result.success ? result : schema.safeParse(without(value, issues));
  const known = [...problems];
  const isNew = ({ path }: Problem) =>
    !known.some(other => startsWith(path, other.path) || startsWith(other.path, path));
  if (rest.success) problems.push(...further(rest.data).filter(isNew));
  const meant = problems.flatMap(problem => (problem.meant === undefined ? [] : [problem.meant.join('.')]));
  if (problems.length > 0 || !result.success)
    throw failure(
      problems.filter(({ path, message }) => !(message.endsWith('got nothing') && meant.includes(path.join('.')))),
    );
  return result.data;
}

function startsWith(path: Path, beginning: Path): boolean {
  return beginning.every((part, index) => path[index] === part);
}

/** A value without the fields that issues complain of. */
function without(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const issue of issues) {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map(key => [...issue.path, key]) : [issue.path];
    for (const path of paths) {
      const parent = path
        .slice(0, -1)
        .reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], copy);
      const key = path.at(-1);
      if (typeof parent === 'object' && parent !== null && key !== undefined)
        delete (parent as Record<PropertyKey, unknown>)[key];
    }
  }
  return copy;
}

function override(document: Document, path: Path, value: unknown): void {
  try {
    document.setIn(path, value);
  } catch (cause) {
    throw new HarnessError(`--set ${path.join('.')}: expected a place in the scenario, got one below a plain value`, {
      hint: 'name a field of a mapping or an item of a list, such as load.steps[0].concurrency=8',
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

/** A value with `${NAME}` filled in below the interpolated keys; what is not set, or not allowed, becomes a problem. */
function interpolate(value: unknown, path: Path, source: YamlSource, problems: Problem[]): unknown {
  if (path.length > 0 && !(source.interpolated ?? []).includes(String(path[0]))) return value;
  const key = String(path.at(-1));
  const isGuarded = typeof value === 'string' && source.guardedKeys?.test(path.join('.')) && !value.includes('${');
  if (isGuarded || (source.secretKeys?.includes(key) && !isReference(value))) {
    const hint = 'write ${VALID_TOKEN} and export it';
    problems.push({ path, message: 'expected a reference to the environment, got a literal', hint });
    return '';
  }
  if (typeof value === 'string') return filled(value, path, source, problems);
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, [...path, index], source, problems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolate(item, [...path, key], source, problems)]),
  );
}

function isReference(value: unknown): boolean {
  return value === null || (typeof value === 'string' && /^(\$\{\w+(:-)?\})?$/.test(value));
}

function filled(text: string, path: Path, source: YamlSource, problems: Problem[]): string {
  return text.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, fallback?: string) => {
    const value = source.environment?.[name] || fallback;
    if (value === undefined) {
      const hint = `set ${name}, or give a default: \${${name}:-…}`;
      problems.push({ path, message: `expected the environment variable ${name}, got nothing`, hint });
    }
    return value ?? '';
  });
}

/** `file:line:column` of the value at a path, of its key where the value is what is too much, or of the nearest parent. */
function position(
  document: Document,
  path: Path,
  file: string,
  lines: LineCounter,
  overridden: ReadonlySet<string>,
): string {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    if (overridden.has(part.join('.'))) return `--set ${part.join('.')}`;
    const parent: unknown = document.getIn(part.slice(0, -1), true);
    const pair =
      parent instanceof YAMLMap ? parent.items.find(item => String(item.key) === String(part.at(-1))) : undefined;
    const node = length === path.length ? (pair?.key ?? document.getIn(part, true)) : document.getIn(part, true);
    const offset = rangeStart(node);
    if (offset !== undefined) {
      const { line, col } = lines.linePos(offset);
      return `${file}:${line}:${col}`;
    }
  }
  const { line, col } = lines.linePos(rangeStart(document.contents) ?? 0);
  return `${file}:${line}:${col}`;
}

function rangeStart(node: unknown): number | undefined {
  const range =
    typeof node === 'object' && node !== null && 'range' in node
      ? (node.range as [number] | null | undefined)
      : undefined;
  return range?.[0];
}

function failureOf(problems: readonly { at: string; message: string; hint?: string }[]): HarnessError {
  const inOrder = problems.toSorted((a, b) => a.at.localeCompare(b.at, 'en', { numeric: true }));
  const lines = inOrder.map(problem => `${problem.at}: ${problem.message}${problem.hint ? ` (${problem.hint})` : ''}`);
  return new HarnessError(lines.join('\n'), { exitCode: exitCodes.usage });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
