/** What is to be called when a signal aborts, by signal: one listener for all, for a signal looks through its listeners one by one. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back once when the signal aborts, at once where it has; gives a function that calls it off. Cheap with thousands waiting. */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  let callbacks = waiting.get(signal);
  if (callbacks === undefined) {
    const created = new Set<() => void>();
    signal.addEventListener(
      'abort',
      () => {
        for (const each of created) each();
      },
      { once: true },
    );
    waiting.set(signal, created);
    callbacks = created;
  }
  const among = callbacks;
  among.add(callback);
  return () => void among.delete(callback);
}
