import type { Output } from './io.ts';

/** Of a stream that may be a terminal: what is written to and asked of it here. */
export interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const eraseLine = '\u001b[K';
const eraseBelow = '\u001b[J';
/** A line longer than the terminal is wide is cut by it, and not gone on with on the next. */
const wrap = { off: '\u001b[?7l', on: '\u001b[?7h' };

/**
 * A stream as a command uses it. What is drawn on a terminal stays below the cursor, which rests at its beginning: to
 * draw it again or wipe it takes no count of lines, so a terminal that was made narrower and has broken them is no harm,
 * and no hidden cursor is left behind by a process that is killed.
 */
export function outputTo(stream: Stream, environment: Readonly<Record<string, string | undefined>>): Output {
  let isOpen = true;
  let isDrawn = false;
  // A reader that has gone away (| head) is no reason to end a run: what is written to it is lost, the run is kept.
  stream.on('error', () => {
    isOpen = false;
  });
  const isDrawable = stream.isTTY === true && environment['TERM'] !== 'dumb';
  const columns = () => Math.max(40, stream.columns ?? 80);
  const rows = () => Math.max(4, stream.rows || 24);
  return {
    isDrawable,
    get columns() {
      return columns();
    },
    get rows() {
      return rows();
    },
    colour: isDrawable && !environment['NO_COLOR'],
    write(text) {
      const wiped = isDrawn ? `\r${eraseBelow}` : '';
      isDrawn = false;
      if (isOpen && wiped + text !== '') stream.write(wiped + text);
    },
    draw(lines) {
      const shown = lines.slice(0, rows() - 1);
      if (!isOpen || !isDrawable || shown.length === 0) return this.write('');
      const up = shown.length > 1 ? `\u001b[${shown.length - 1}A` : '';
      isDrawn = true;
      stream.write(`\r${wrap.off}${shown.map(line => line + eraseLine).join('\r\n')}${eraseBelow}${up}\r${wrap.on}`);
    },
  };
}
