// Connects to URL with TOKEN and subscribes to CHANNEL, with SUBSCRIPTION_TOKEN if there is one. Prints every event as
// its name and JSON, one per line, until it is killed. With PUBLISH and PUBLISH_INTO, publishes once it is subscribed.
//
// The only argument is the build of the SDK: json or protobuf.
import { WebSocket } from 'ws';

const [format] = process.argv.slice(2);
const { Centrifuge } = await import(format === 'protobuf' ? 'centrifuge/build/protobuf' : 'centrifuge');
const { URL: url, TOKEN, CHANNEL, SUBSCRIPTION_TOKEN, PUBLISH, PUBLISH_INTO } = process.env;

const encode = (text) => (format === 'protobuf' ? new TextEncoder().encode(text) : JSON.parse(text));
const decode = (data) => (format === 'protobuf' ? JSON.parse(new TextDecoder().decode(data)) : data);
const tell = (event, what) => console.log(event, JSON.stringify(what));

const centrifuge = new Centrifuge(url, {
  token: TOKEN,
  websocket: WebSocket,
  minReconnectDelay: 10,
  maxReconnectDelay: 50,
});
for (const event of ['connecting', 'connected', 'disconnected']) {
  centrifuge.on(event, ({ code, reason }) => tell(event, { code, reason }));
}

const subscription = centrifuge.newSubscription(CHANNEL, { token: SUBSCRIPTION_TOKEN });
subscription.on('subscribed', ({ wasRecovering, recovered }) => tell('subscribed', { wasRecovering, recovered }));
subscription.on('unsubscribed', ({ code, reason }) => tell('unsubscribed', { code, reason }));
subscription.on('publication', ({ data, offset }) => tell('publication', { data: decode(data), offset }));
subscription.once('subscribed', async () => {
  if (PUBLISH_INTO) {
    await centrifuge.publish(PUBLISH_INTO, encode(PUBLISH));
    tell('published', {});
  }
});

subscription.subscribe();
centrifuge.connect();
