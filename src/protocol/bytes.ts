/** Whether the bytes from `from` to `to` begin with `prefix`. */
export function beginsWith(prefix: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (to - from < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false;
  return true;
}

/** Whether the bytes from `from` to `to` end with `suffix`. */
export function endsWith(suffix: Buffer, bytes: Buffer, from: number, to: number): boolean {
  return to - from >= suffix.length && beginsWith(suffix, bytes, to - suffix.length, to);
}

/** Where `part` first stands whole between `from` and `to`; −1 where it does not. */
export function placeOf(part: Buffer, bytes: Buffer, from: number, to: number): number {
  const first = part[0];
  for (let at = from; at <= to - part.length; at++) {
    if (bytes[at] === first && beginsWith(part, bytes, at, to)) return at;
  }
  return -1;
}
