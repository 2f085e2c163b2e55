// The list of calls, and their round-trip times.

import { RpcError } from '../opensdk/typescript/index.js';
import { element, said, show } from './view.js';

/** The number of calls that stay on the page. */
const MOST = 200;
/** The number of times that the curve shows. */
const WIDTH = 60;

export class CallLog {
  readonly #list = element('log');
  readonly #times: number[] = [];
  #count = 0;
  #pending = 0;

  /** Shows a call from now until it ends, and passes its outcome on. */
  async watch<T>(method: string, params: object | undefined, call: Promise<T>): Promise<T> {
    const began = performance.now();
    const row = this.#row(method, params);
    this.#count += 1;
    this.#pending += 1;
    this.#summary();
    try {
      const result = await call;
      row('ok', 'ok', show(performance.now() - began), result === null ? '' : JSON.stringify(result));
      this.#times.push(performance.now() - began);
      return result;
    } catch (error) {
      const [kind, badge, detail] = describe(error);
      row(kind, badge, show(performance.now() - began), detail);
      throw error;
    } finally {
      this.#pending -= 1;
      this.#summary();
    }
  }

  #row(method: string, params: object | undefined): (kind: string, badge: string, time: string, detail: string) => void {
    const item = document.createElement('li');
    const parts = ['badge', 'method', 'time', 'detail'].map((name) => {
      const part = document.createElement('span');
      part.className = name;
      item.append(part);
      return part;
    });
    const [badge, name, time, detail] = parts;
    if (name) name.textContent = params === undefined ? `${method}()` : `${method}(${JSON.stringify(params)})`;
    const tell = (kind: string, badgeText: string, timeText: string, detailText: string): void => {
      item.dataset['kind'] = kind;
      if (badge) badge.textContent = badgeText;
      if (time) time.textContent = timeText;
      if (detail) detail.textContent = detailText;
    };
    tell('pending', '…', '', '');
    this.#list.prepend(item);
    while (this.#list.children.length > MOST) this.#list.lastElementChild?.remove();
    return tell;
  }

  #summary(): void {
    const sorted = [...this.#times].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    const slowest = sorted[sorted.length - 1];
    element('count').textContent = String(this.#count);
    element('pending').textContent = String(this.#pending);
    element('median').textContent = median === undefined ? '–' : show(median);
    element('slowest').textContent = slowest === undefined ? '–' : show(slowest);
    drawCurve(this.#times.slice(-WIDTH));
  }
}

/** Describes a failed call: its kind, a short label, and the message. */
function describe(error: unknown): [string, string, string] {
  if (error instanceof RpcError) {
    const data = error.data === undefined ? '' : ` ${JSON.stringify(error.data)}`;
    return ['error', String(error.code), `${error.message}${data}${error.isRetryable ? ' (may be tried again)' : ''}`];
  }
  if (error instanceof DOMException && error.name === 'AbortError') {
    return ['cancelled', 'cancelled', 'the worker was told to stop'];
  }
  return ['error', 'failed', said(error)];
}

/** Draws the times on a logarithmic scale: a sleep of seconds leaves echoes of milliseconds visible. */
function drawCurve(times: readonly number[]): void {
  const svg = document.getElementById('spark');
  if (svg === null || times.length < 2) return;
  const heights = times.map((ms) => Math.log10(Math.max(ms, 0.1)));
  const [lowest, highest] = [Math.min(...heights) - 0.1, Math.max(...heights) + 0.1];
  const points = heights.map((height, index) => {
    const x = (240 * index) / (times.length - 1);
    const y = 42 - (40 * (height - lowest)) / (highest - lowest);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  line.setAttribute('points', points.join(' '));
  const area = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  area.setAttribute('d', `M0,44 L${points.join(' L')} L240,44 Z`);
  svg.replaceChildren(area, line);
}
