#!/usr/bin/env bash
# Centrifugo's connection token: `channels` beside `subs`, two documented ways to subscribe a connection. Needs Go, curl and Python.
. "$(dirname "$0")/lib.sh"
centrifugo '[{"name": "news"}]'
python_packages websockets==15.0.1 PyJWT==2.10.1

echo "expected: a connection whose token has channels [news:one] and subs {news:two} is subscribed to both"
cat > "$work/connect.py" <<'PY'
import asyncio, json, sys, time
import jwt, websockets

async def subscriptions(port, secret, **claims):
    token = jwt.encode({"sub": "42", "exp": int(time.time()) + 60, **claims}, secret, algorithm="HS256")
    async with websockets.connect(f"ws://127.0.0.1:{port}/connection/websocket") as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        return sorted(json.loads(await socket.recv())["connect"].get("subs", {}))

async def main(port, secret):
    for claims in ({"channels": ["news:one"]}, {"subs": {"news:two": {}}}, {"channels": ["news:one"], "subs": {"news:two": {}}}):
        print(json.dumps(claims), "->", await subscriptions(port, secret, **claims))

asyncio.run(main(*sys.argv[1:]))
PY
seen=$("$python" "$work/connect.py" "$port" "$secret")
echo "seen:"
echo "$seen"
holds "each works alone" test "$(head -2 <<< "$seen" | grep -c "'news:")" = 2
holds "with both, \`channels\` is ignored without an error" test "$(tail -1 <<< "$seen" | sed 's/.*-> //')" = "['news:two']"
