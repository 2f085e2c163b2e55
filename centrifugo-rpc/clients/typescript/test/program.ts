// A whole program that a test starts: it connects, calls, closes with a call in flight, and must then end by itself.

import { WebSocket } from 'ws';

import { CentrifugoRPCClient } from '../src/index.js';

const [url = '', token = ''] = process.argv.slice(2);
process.on('uncaughtException', (error) => console.log('uncaught', error.message));

const onEvent = ({ type }: { type: string }): void => {
  if (type === 'connected') throw new Error('event');
};
const client = new CentrifugoRPCClient(url, () => token, '42', { websocket: WebSocket, onEvent });
const unwatch = client.onState(() => {
  throw new Error('state');
});
await client.connect();
unwatch();
console.log(await client.call('a.b'));
const pending = client.call('a.never').catch((error: Error) => console.log(error.name));
await client.close();
await pending;
