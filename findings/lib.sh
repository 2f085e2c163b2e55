# The part that the scripts share. Source it; it makes $work, and cleans up when the script ends.
set -euo pipefail

work=$(mktemp -d)
pids=()

# Ends what the script started, by pid, and removes the folder. Go's module cache is read-only, hence the chmod.
finish() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2> /dev/null || true; done
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap finish EXIT

# python_packages NAME==VERSION ...: a virtual environment with them, as $python.
python_packages() {
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
  python=$work/venv/bin/python
  "$python" --version
  printf '%s\n' "$@"
}

# rust_program DEPENDENCIES: runs the main.rs on standard input with these dependencies (lines of Cargo.toml).
rust_program() {
  mkdir -p "$work/program/src"
  printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n%s\n' "$1" > "$work/program/Cargo.toml"
  cat > "$work/program/src/main.rs"
  cargo run --quiet --manifest-path "$work/program/Cargo.toml" --target-dir "$work/target"
}

# centrifugo NAMESPACES: Centrifugo 6.9.1 on a free port of loopback, with these namespaces (JSON). Sets $port, $key and $secret.
centrifugo() {
  mkdir -p "$work/centrifugo"
  printf 'module centrifugo\ngo 1.26\ntool github.com/centrifugal/centrifugo/v6\nrequire github.com/centrifugal/centrifugo/v6 v6.9.1\n' > "$work/centrifugo/go.mod"
  (cd "$work/centrifugo" && go mod tidy 2> tidy.log && go build -o centrifugo github.com/centrifugal/centrifugo/v6) || { cat "$work/centrifugo/tidy.log"; exit 1; }
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  key=key-of-the-server-api
  secret=secret-of-the-tokens-0123456789ab
  cat > "$work/config.json" <<JSON
{"http_server": {"address": "127.0.0.1", "port": "$port"}, "http_api": {"key": "$key"},
 "client": {"token": {"hmac_secret_key": "$secret"}, "allowed_origins": ["*"]}, "channel": {"namespaces": $1}}
JSON
  "$work/centrifugo/centrifugo" -c "$work/config.json" > "$work/centrifugo.log" 2>&1 &
  pids+=("$!")
  local tries
  for tries in $(seq 100); do
    curl -s -o "$work/up" "http://127.0.0.1:$port/" && break
    [ "$tries" -lt 100 ] || { cat "$work/centrifugo.log"; exit 1; }
    sleep 0.1
  done
  echo "Centrifugo 6.9.1"
}

# api METHOD JSON: what Centrifugo's server API answers.
api() {
  curl -s -H "X-API-Key: $key" -H 'Content-Type: application/json' -d "$2" "http://127.0.0.1:$port/api/$1"
  echo
}

# holds WHAT COMMAND ...: ends the script with 1 where the command fails.
holds() {
  local what=$1
  shift
  if "$@"; then echo "still so: $what"; else echo "CHANGED: $what"; exit 1; fi
}
