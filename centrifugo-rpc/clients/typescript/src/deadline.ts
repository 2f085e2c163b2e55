/** The longest timeout of a call: a day. */
export const MAX_TIMEOUT_MS = 24 * 3600 * 1000;
/**
 * Bounds of the grace period, for which a caller waits after the deadline for the worker's reply about it: a tenth of
 * the timeout, but at least the round trip of a slow network.
 */
export const MIN_GRACE_MS = 250;
export const MAX_GRACE_MS = 1000;

/** The deadline of a method, and the time at which its caller stops waiting for the reply. */
export class Deadline {
  readonly timeoutMs: number;
  /** The deadline of the worker, on the clock of `performance.now()`. */
  readonly at: number;
  readonly giveUp: number;

  constructor(timeoutMs: number, now: number) {
    this.timeoutMs = Math.min(timeoutMs, MAX_TIMEOUT_MS);
    this.at = now + this.timeoutMs;
    this.giveUp = this.at + Math.min(Math.max(this.timeoutMs / 10, MIN_GRACE_MS), MAX_GRACE_MS);
  }

  /** Returns the time that is left for the worker, in whole milliseconds, at least one. */
  remainingMs(now: number): number {
    return Math.max(Math.ceil(this.at - now), 1);
  }
}
