// The page: buttons that call methods, and the results.

import { APIClient, CentrifugoRPCClient, type ClientState, UnauthorizedError } from '../opensdk/typescript/index.js';
import { CallLog } from './log.js';
import { element, said, show } from './view.js';

/** The settings that the server sends to the page. */
interface Settings {
  readonly url: string;
}

/** A user's client, and its clean-up when the user changes. */
interface Session {
  readonly rpc: CentrifugoRPCClient;
  readonly api: APIClient;
  end(): Promise<void>;
}

const log = new CallLog();
const user = element('user', HTMLSelectElement);

async function freshToken(name: string): Promise<string> {
  const response = await fetch(`token?user=${encodeURIComponent(name)}`, { method: 'POST' });
  // A refusal by the server is final; a network failure may pass.
  if (response.status >= 400 && response.status < 500) throw new UnauthorizedError(await response.text());
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return response.text();
}

function open(url: string, name: string): Session {
  const rpc = new CentrifugoRPCClient(url, () => freshToken(name), name);
  const api = new APIClient(rpc);
  const unwatch = rpc.onState((state) => showState(state, rpc));
  element('channel').textContent = rpc.replyChannel;
  return {
    rpc,
    api,
    end: async () => {
      unwatch();
      await rpc.close();
    },
  };
}

function showState(state: ClientState, rpc: CentrifugoRPCClient): void {
  const badge = element('state');
  badge.textContent = state;
  badge.dataset['state'] = state;
  element('toggle').textContent = state === 'closed' || state === 'idle' ? 'Connect' : 'Close';
  element('drop', HTMLButtonElement).disabled = state !== 'connected';
  const { endReason } = rpc;
  showProblem(endReason === undefined || endReason.kind === 'closed' ? '' : endReason.message);
}

function showProblem(message: string): void {
  const problem = element('problem');
  problem.textContent = message;
  problem.hidden = message === '';
}

async function connect({ rpc, api }: Session): Promise<void> {
  try {
    await rpc.connect();
    const { hash } = await api.checkContract();
    element('contract').textContent = `contract ${hash.slice(0, 12)}… is the one this page was built for`;
  } catch (error) {
    showProblem(said(error));
  }
}

async function start(): Promise<void> {
  const response = await fetch('settings');
  const { url } = (await response.json()) as Settings;
  let session = open(url, user.value);

  user.addEventListener('change', async () => {
    const last = session;
    session = open(url, user.value);
    await Promise.all([last.end(), connect(session)]);
  });
  element('toggle').addEventListener('click', () => {
    const { rpc } = session;
    void (rpc.state === 'closed' || rpc.state === 'idle' ? connect(session) : rpc.close());
  });
  element('drop').addEventListener('click', () => {
    void fetch(`drop?user=${encodeURIComponent(user.value)}`, { method: 'POST' });
  });
  addMethods(() => session.api);
  await connect(session);
}

function onSubmit(id: string, call: (data: FormData, button: string) => Promise<unknown>): void {
  element(id, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter.name : '';
    // The log shows the outcome.
    call(new FormData(event.target as HTMLFormElement), button).catch(() => undefined);
  });
}

function addMethods(api: () => APIClient): void {
  onSubmit('stats', async (data) => {
    const params = { user_id: String(data.get('user_id')) };
    const { total, completed } = await log.watch('tasks.get_stats', params, api().tasksGetStats(params));
    element('bar').style.width = `${(100 * completed) / Math.max(total, 1)}%`;
    element('stats-result').textContent = `${completed} of ${total} tasks are completed`;
  });

  onSubmit('echo', async (data) => {
    const params = { text: String(data.get('text')) };
    const { text } = await log.watch('demo.echo', params, api().demoEcho(params));
    element('echo-result').textContent = `“${text}”`;
  });
  element('burst').addEventListener('click', () => {
    for (let index = 1; index <= 100; index += 1) {
      const params = { text: `call ${index} of 100` };
      log.watch('demo.echo', params, api().demoEcho(params)).catch(() => undefined);
    }
  });

  addSleep(api);

  const others: { readonly [button: string]: () => Promise<unknown> } = {
    whoami: () => log.watch('demo.whoami', undefined, api().demoWhoami()),
    admin: () => log.watch('demo.admin', undefined, api().demoAdmin()),
    fail: () => {
      const params = { code: 1404, message: 'there is no such task' };
      return log.watch('demo.fail', params, api().demoFail(params));
    },
    panic: () => log.watch('demo.panic', undefined, api().demoPanic()),
    encode: () => {
      // The compiler would refuse this value, and the client refuses it, too.
      const params = { text: 5 as unknown as string };
      return log.watch('demo.echo', params, api().demoEcho(params));
    },
  };
  onSubmit('others', async (_, button) => others[button]?.());
}

/** A slow method that can be cancelled. */
function addSleep(api: () => APIClient): void {
  const cancel = element('cancel', HTMLButtonElement);
  const running = new Set<AbortController>();
  cancel.addEventListener('click', () => {
    for (const controller of running) controller.abort();
  });
  element('sleep').addEventListener('input', (event) => {
    if (event.target instanceof HTMLInputElement) element('sleep-label').textContent = show(event.target.valueAsNumber);
  });
  onSubmit('sleep', async (data) => {
    const params = { ms: Number(data.get('ms')) };
    const controller = new AbortController();
    running.add(controller);
    cancel.disabled = false;
    try {
      await log.watch('demo.sleep', params, api().demoSleep(params, { signal: controller.signal }));
    } finally {
      running.delete(controller);
      cancel.disabled = running.size === 0;
    }
  });
}

start().catch((error: unknown) => showProblem(said(error)));
