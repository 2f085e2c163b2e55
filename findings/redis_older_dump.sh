#!/usr/bin/env bash
# Centrifugo with Redis: what connected subscribers get after Redis came back from an older dump. Needs Go, curl, Python, redis-server and
# redis-cli.
. "$(dirname "$0")/lib.sh"

echo "expected: publications go on arriving at connected subscribers, or these are told to recover"
redis-server --version
redis_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export CENTRIFUGO_ENGINE_TYPE=redis CENTRIFUGO_ENGINE_REDIS_ADDRESS="redis://127.0.0.1:$redis_port"
start_redis() {
  redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$work" --dbfilename dump.rdb > "$work/redis.log" 2>&1 &
  redis=$!
  pids+=("$redis")
  until redis-cli -p "$redis_port" ping > "$work/ping" 2>&1 && grep -q PONG "$work/ping"; do sleep 0.1; done
}
start_redis
centrifugo '[{"name": "news", "history_size": 100, "history_ttl": "300s", "force_recovery": true, "allow_subscribe_for_client": true}]'
python_packages websockets==16.0 PyJWT==2.10.1

cat > "$work/subscriber.py" <<'PY'
import asyncio, json, sys, time
import jwt, websockets

async def main(port, secret):
    token = jwt.encode({"sub": "42", "exp": int(time.time()) + 600}, secret, "HS256")
    async with websockets.connect(f"ws://127.0.0.1:{port}/connection/websocket") as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        await socket.recv()
        await socket.send(json.dumps({"id": 2, "subscribe": {"channel": "news:today"}}))
        async for frame in socket:
            for line in frame.splitlines():
                message = json.loads(line)
                if message == {}:
                    await socket.send("{}")
                elif "push" in message:
                    print(json.dumps(message["push"]), flush=True)
                elif message.get("id") == 2:
                    print("subscribed", flush=True)

asyncio.run(main(*sys.argv[1:]))
PY
subscriber() {
  "$python" "$work/subscriber.py" "$port" "$secret" > "$work/$1" 2>&1 &
  pids+=("$!")
  until grep -q subscribed "$work/$1"; do sleep 0.1; done
}
publish() { api publish "{\"channel\": \"news:today\", \"data\": {\"number\": $1}}"; }
got() { grep -c '"number"' "$work/$1" || true; }

subscriber before
for number in $(seq 10); do publish "$number" > "$work/answer"; done
redis-cli -p "$redis_port" save > "$work/saved"
for number in $(seq 11 20); do publish "$number" > "$work/answer"; done
echo "the last answer before: $(cat "$work/answer")"
until [ "$(got before)" = 20 ]; do sleep 0.1; done
kill -KILL "$redis"
wait "$redis" 2> /dev/null || true
start_redis
# Until Centrifugo is connected to Redis again. A subscription of it may come a moment later.
until publish 0 | grep -q offset; do sleep 0.2; done
sleep 2
subscriber after
for number in 21 22 23 24 25; do publish "$number" > "$work/answer"; done
echo "the last answer after:  $(cat "$work/answer")"
until [ "$(got after)" = 5 ]; do sleep 0.1; done
sleep 3
missed=$(grep -cE '"number": 2[1-5]' "$work/before" || true)
told=$(grep -cE 'unsubscribe|disconnect' "$work/before" || true)
echo "seen: of 5 publications the new subscriber got $(got after), the one from before $missed, and it was told $told times of it"
# Until the stream is longer than it was, or Centrifugo checks the position (`client.channel_position_check_delay`, 40 s).
smaller() { grep -q '"offset":1[0-9],' "$work/answer"; }
nothing_came() { [ "$missed" = 0 ] && [ "$told" = 0 ]; }
holds "the server API answers as always, with smaller offsets" smaller
holds "the subscriber from before gets nothing, and is not told" nothing_came
