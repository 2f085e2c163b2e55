#!/usr/bin/env bash
# Centrifugo's server API: `broadcast` with an idempotency key that one of its channels has seen. Needs Go, curl and Python.
. "$(dirname "$0")/lib.sh"
centrifugo '[{"name": "news", "history_size": 10, "history_ttl": "60s"}]'

echo "expected: a key that was used for other data is refused, or the broadcast reaches both channels"
api publish '{"channel": "news:one", "data": {"n": 1}, "idempotency_key": "k"}'
answer=$(api broadcast '{"channels": ["news:one", "news:two"], "data": {"n": 2}, "idempotency_key": "k"}')
one=$(api history '{"channel": "news:one", "limit": 10}')
two=$(api history '{"channel": "news:two", "limit": 10}')
echo "seen: $answer"
echo "      news:one has $one"
echo "      news:two has $two"

both_succeed() { [ "$(grep -o '"result":{"offset":1' <<< "$answer" | wc -l)" = 2 ] && ! grep -q '"error"' <<< "$answer"; }
kept_the_first() { grep -q '"n":1' <<< "$one" && ! grep -q '"n":2' <<< "$one" && grep -q '"n":2' <<< "$two"; }
holds "the answer has two successes and no error" both_succeed
holds "the channel that knew the key did not get the new data, the other one did" kept_the_first
