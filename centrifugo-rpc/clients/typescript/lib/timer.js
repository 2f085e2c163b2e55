/** The longest delay that `setTimeout` takes: one that is longer fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** Runs `run` after `delayMs`, which may be any positive number: after `Infinity`, never. Returns the function that ends this. */
export function after(delayMs, run) {
    let left = delayMs;
    let timer;
    const wait = () => {
        const delay = Math.min(left, MAX_DELAY_MS);
        left -= delay;
        timer = setTimeout(left > 0 ? wait : run, delay);
    };
    wait();
    return () => clearTimeout(timer);
}
