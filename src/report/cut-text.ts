/** A text as wide as a column, in characters; what is too long loses its middle, for both ends of a name tell it apart. */
export function padded(text: string, width: number, align: 'left' | 'right'): string {
  if (text.length > width) {
    const tail = Math.floor((width - 1) / 2);
    return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
  }
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}
