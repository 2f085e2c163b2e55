/** The callbacks that wait for one signal, and the listener that runs them. */
interface Watch {
  readonly runs: Set<() => void>;
  readonly listener: () => void;
}

// One listener for each signal, however many calls share the signal: Node warns of a leak at more than ten listeners.
const watches = new WeakMap<AbortSignal, Watch>();

/** Runs `run` when `signal` is aborted. Returns the function that removes `run` again. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const watch = watches.get(signal) ?? begin(signal);
  watch.runs.add(run);
  return () => {
    if (watch.runs.delete(run) && watch.runs.size === 0) end(signal, watch);
  };
}

function begin(signal: AbortSignal): Watch {
  const runs = new Set<() => void>();
  const watch = {
    runs,
    listener: () => {
      for (const run of [...runs]) run();
    },
  };
  watches.set(signal, watch);
  signal.addEventListener('abort', watch.listener);
  return watch;
}

function end(signal: AbortSignal, watch: Watch): void {
  watches.delete(signal);
  signal.removeEventListener('abort', watch.listener);
}

/** Returns the reason of an aborted signal. */
export function reasonOf(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return reason ?? new Error('the call was aborted');
}
