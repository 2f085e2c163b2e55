#!/usr/bin/env bash
# centrifuge-python with Pydantic: one float that is not a number, published from a model. Needs Go, curl and Python.
. "$(dirname "$0")/lib.sh"
centrifugo '[{"name": "news", "allow_subscribe_for_client": true, "allow_publish_for_subscriber": true}]'
python_packages centrifuge-python==0.7.0 pydantic==2.14.4 PyJWT==2.10.1

echo "expected: publish() raises an error about the value, or sends null, as model_dump_json() does; the connection lives on"
cat > "$work/publish.py" <<'PY'
import asyncio, sys, time
import jwt, pydantic
from centrifuge import Client

class Reading(pydantic.BaseModel):
    value: float

async def main(port, secret):
    token = jwt.encode({"sub": "42", "exp": int(time.time()) + 60}, secret, algorithm="HS256")
    client = Client(f"ws://127.0.0.1:{port}/connection/websocket", token=token)
    await client.connect()
    await client.ready()
    news = client.new_subscription("news:one")
    await news.subscribe()
    await news.ready()
    reading = Reading(value=float("nan"))
    print("model_dump_json:", reading.model_dump_json())
    print("model_dump(mode='json'):", reading.model_dump(mode="json"))
    try:
        await news.publish(data=reading.model_dump(mode="json"))
        print("publish: ok")
    except Exception as error:
        print("publish:", type(error).__name__)
    await asyncio.sleep(3)
    print("three seconds later:", client.state.name)

asyncio.run(main(*sys.argv[1:]))
PY
seen=$("$python" "$work/publish.py" "$port" "$secret" 2> "$work/stderr")
echo "seen:"
echo "$seen"
holds "two ways to JSON of one model differ: null, and a float that is not JSON" grep -q 'model_dump_json: {"value":null}' <<< "$seen"
holds "the publish fails as a lost connection" grep -q 'publish: ClientDisconnectedError' <<< "$seen"
holds "the client does not come back" grep -q 'later: DISCONNECTED' <<< "$seen"
