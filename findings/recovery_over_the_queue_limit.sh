#!/usr/bin/env bash
# Centrifugo: a subscriber that recovers more than `client.queue_max_size`, 1 MiB by default, and reads it all. Needs Go, curl and Python.
. "$(dirname "$0")/lib.sh"
centrifugo '[{"name": "news", "history_size": 100, "history_ttl": "60s", "force_recovery": true, "allow_subscribe_for_client": true}]'
python_packages websockets==15.0.1 PyJWT==2.10.1

echo "expected: a client that reads as fast as it can gets 10 missed publications of 200 KB, and stays connected"
cat > "$work/recover.py" <<'PY'
import asyncio, json, sys, time, urllib.request
import jwt, websockets

async def recover(port, secret, epoch):
    token = jwt.encode({"sub": "42", "exp": int(time.time()) + 60}, secret, algorithm="HS256")
    async with websockets.connect(f"ws://127.0.0.1:{port}/connection/websocket", max_size=None) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        await socket.recv()
        ask = {"channel": "news:one", "recover": True, "offset": 0, "epoch": epoch}
        await socket.send(json.dumps({"id": 2, "subscribe": ask}))
        recovered = 0
        try:
            while True:
                for line in (await asyncio.wait_for(socket.recv(), 3)).split("\n"):
                    recovered = recovered or len(json.loads(line).get("subscribe", {}).get("publications", []))
        except asyncio.TimeoutError:
            return f"{recovered} recovered, connected"
        except websockets.ConnectionClosed as closed:
            return f"{recovered} recovered, disconnected: {closed.rcvd.code} {closed.rcvd.reason}" if closed.rcvd else f"{recovered} recovered, cut off"

async def main(port, key, secret):
    for _ in range(10):
        data = json.dumps({"channel": "news:one", "data": {"x": "x" * 200_000}}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/publish", data, {"X-API-Key": key})
        epoch = json.load(urllib.request.urlopen(request))["result"]["epoch"]
    for attempt in range(1, 4):
        print(f"connection {attempt}:", await recover(port, secret, epoch))

asyncio.run(main(*sys.argv[1:]))
PY
seen=$("$python" "$work/recover.py" "$port" "$key" "$secret")
echo "seen:"
echo "$seen"
holds "every connection ends with 3008 slow, or without a word" test "$(grep -cE 'disconnected: 3008 slow|cut off' <<< "$seen")" = 3
