import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { outputTo } from '../../src/cli/terminal-output.ts';

/** As much of a terminal as what is drawn needs: what it shows, and where its cursor is. */
class Terminal extends EventEmitter {
  readonly isTTY: boolean = true;
  columns: number;
  rows: number;
  written = '';
  #lines: string[] = [''];
  #row = 0;
  #column = 0;
  #wraps = true;

  constructor(columns: number, rows = 24) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  get screen(): string {
    return this.#lines
      .map(line => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  write(text: string): void {
    this.written += text;
    for (const [, code, wrap, character] of text.matchAll(/\u001b\[(\d*[A-Z])|\u001b\[\?7([lh])|([^\u001b])/gsu)) {
      if (wrap !== undefined) this.#wraps = wrap === 'h';
      else if (code !== undefined) this.#control(code);
      else this.#put(character ?? '');
    }
  }

  #control(code: string): void {
    switch (code.at(-1)) {
      case 'A':
        this.#row = Math.max(0, this.#row - Number.parseInt(code, 10));
        break;
      case 'J':
        this.#lines.length = this.#row + 1;
        this.#lines[this.#row] = this.#line.slice(0, this.#column);
        break;
      case 'K':
        this.#lines[this.#row] = this.#line.slice(0, this.#column);
        break;
      default:
        throw new Error(`no terminal knows ${code}`);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#feed();
    else {
      if (this.#column === this.columns && this.#wraps) this.#feed();
      const at = Math.min(this.#column, this.columns - 1);
      this.#lines[this.#row] = this.#line.padEnd(at).slice(0, at) + character + this.#line.slice(at + 1);
      this.#column = at + 1;
    }
  }

  #feed(): void {
    this.#row++;
    this.#column = 0;
    this.#lines[this.#row] ??= '';
  }

  get #line(): string {
    return this.#lines[this.#row] ?? '';
  }
}

function onTerminal(columns = 40, rows = 24) {
  const terminal = new Terminal(columns, rows);
  return { terminal, output: outputTo(terminal, {}) };
}

describe('output to a terminal', () => {
  it('draws lines over those drawn before, also where there are fewer and shorter ones', () => {
    const { terminal, output } = onTerminal();
    output.write('before\n');
    output.draw(['one', 'two long', 'three']);
    expect(terminal.screen).toBe('before\none\ntwo long\nthree');
    output.draw(['1', '2']);
    expect(terminal.screen).toBe('before\n1\n2');
    output.draw(['un', 'deux', 'trois', 'quatre']);
    expect(terminal.screen).toBe('before\nun\ndeux\ntrois\nquatre');
  });

  it('lets what is written take the place of what is drawn, and nothing of it stays', () => {
    const { terminal, output } = onTerminal();
    output.draw(['one', 'two']);
    output.write('a warning\n');
    output.draw(['one', 'two']);
    expect(terminal.screen).toBe('a warning\none\ntwo');
    output.draw([]);
    output.write('the end\n');
    expect(terminal.screen).toBe('a warning\nthe end');
  });

  it('cuts what is longer than the terminal is wide or high', () => {
    const { terminal, output } = onTerminal(40, 4);
    output.draw(['x'.repeat(100), '2', '3', '4', '5']);
    output.draw(['y'.repeat(100), '2', '3', '4', '5']);
    expect(terminal.screen).toBe(`${'y'.repeat(40)}\n2\n3`);
    output.write(`${'z'.repeat(41)}\n`);
    expect(terminal.screen).toBe(`${'z'.repeat(40)}\nz`); // and lets long lines wrap again
  });

  it('goes by the size that the terminal has now, and keeps to the place where it began', () => {
    const { terminal, output } = onTerminal();
    output.draw(['one', 'two', 'three']);
    terminal.columns = 60;
    terminal.rows = 3;
    expect([output.columns, output.rows]).toEqual([60, 4]);
    output.draw(['one', 'two', 'three', 'four']);
    expect(terminal.screen).toBe('one\ntwo\nthree');
  });

  it('hides no cursor and leaves nothing switched off', () => {
    const { terminal, output } = onTerminal();
    output.draw(['one', 'two']);
    expect(terminal.written).not.toContain('\u001b[?25');
    expect(terminal.written.lastIndexOf('\u001b[?7h')).toBeGreaterThan(terminal.written.lastIndexOf('\u001b[?7l'));
  });

  it('writes no more once the reader has gone away', () => {
    const { terminal, output } = onTerminal();
    output.draw(['one']);
    terminal.emit('error', new Error('EPIPE'));
    const { written } = terminal;
    output.draw(['two']);
    output.write('three\n');
    expect(terminal.written).toBe(written);
  });
});

describe('output to anything else', () => {
  it.each([
    ['a pipe', { isTTY: false }, {}],
    ['a dumb terminal', {}, { TERM: 'dumb' }],
  ])('draws nothing on %s, in no colour', (_, given, environment) => {
    const terminal = Object.assign(new Terminal(80), given);
    const output = outputTo(terminal, environment);
    output.draw(['one']);
    output.draw([]);
    expect(terminal.written).toBe('');
    expect({ ...output, isDrawable: output.isDrawable, colour: output.colour }).toMatchObject({
      isDrawable: false,
      colour: false,
    });
  });

  it('has colour on a terminal where NO_COLOR is not set', () => {
    expect(outputTo(new Terminal(80), {}).colour).toBe(true);
    expect(outputTo(new Terminal(80), { NO_COLOR: '1' }).colour).toBe(false);
  });
});
