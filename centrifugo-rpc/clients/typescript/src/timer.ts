/** The longest delay that `setTimeout` supports: a timer with a longer delay fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Runs `run` after `delayMs`, any positive number; with `Infinity`, never. Returns the function that stops the timer.
 */
export function after(delayMs: number, run: () => void): () => void {
  let left = delayMs;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    const delay = Math.min(left, MAX_DELAY_MS);
    left -= delay;
    timer = setTimeout(left > 0 ? wait : run, delay);
  };
  wait();
  return () => clearTimeout(timer);
}
