/** The longest timeout of a call: a day. */
export const MAX_TIMEOUT_MS = 24 * 3600 * 1000;
/**
 * How much longer than the worker a caller waits, for the worker's own word on the deadline: a tenth of the timeout, but at least a
 * slow network's round trip.
 */
const MIN_GRACE_MS = 250;
const MAX_GRACE_MS = 1000;
/** Until when a call may run, and how long its caller waits for the last word on it. */
export class Deadline {
    timeoutMs;
    /** When the worker's time is up, on the clock of `performance.now()`. */
    at;
    giveUp;
    constructor(timeoutMs, now) {
        this.timeoutMs = Math.min(timeoutMs, MAX_TIMEOUT_MS);
        this.at = now + this.timeoutMs;
        this.giveUp = this.at + Math.min(Math.max(this.timeoutMs / 10, MIN_GRACE_MS), MAX_GRACE_MS);
    }
    /** What is left for the worker, in whole milliseconds, at least one. */
    remainingMs(now) {
        return Math.max(Math.ceil(this.at - now), 1);
    }
}
