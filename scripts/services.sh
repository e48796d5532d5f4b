#!/usr/bin/env bash
# Servers for the tests. Sourced: defines install_minio, install_postgres, install_chromium, start_minio_if_there and stop_services.
tools="${HERITAGE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/heritage_assets/tools}"
minio_pid=""
minio_data=""

# A real MinIO, built from its public module when Go is there (about three minutes, once).
install_minio() {
  if [ -x "$tools/minio" ]; then return 0; fi
  if ! command -v go >/dev/null; then
    echo "No Go toolchain: tests against MinIO will be skipped." >&2
    return 0
  fi
  echo "Building MinIO …"
  mkdir -p "$tools"
  GOBIN="$tools" go install github.com/minio/minio@latest
}

# PostgreSQL's programs for the native services (deploy/native), from the distribution where that can be done without asking.
install_postgres() {
  if compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then return 0; fi
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "No PostgreSQL, and none can be installed here: the native services can't be started." >&2
    return 0
  fi
  echo "Installing PostgreSQL …"
  apt-get update --quiet --quiet
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet postgresql >/dev/null
}

# A Chromium for the tests of the page, from the distribution where that can be done without asking.
install_chromium() {
  local name
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then return 0; fi
  done
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "No Chromium, and none can be installed here: tests of the page will be skipped." >&2
    return 0
  fi
  echo "Installing Chromium …"
  apt-get update --quiet --quiet
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet chromium >/dev/null
}

start_minio_if_there() {
  local minio port
  if [ -n "${HERITAGE_TEST_S3_ENDPOINT:-}" ]; then return 0; fi
  minio="$(command -v "$tools/minio" || command -v minio || true)"
  if [ -z "$minio" ]; then return 0; fi
  port="$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  minio_data="$(mktemp -d)"
  MINIO_ROOT_USER=heritage MINIO_ROOT_PASSWORD=heritage-tests "$minio" server --quiet --address "127.0.0.1:$port" \
    "$minio_data" >"$minio_data.log" 2>&1 &
  minio_pid=$!
  trap stop_services EXIT
  export HERITAGE_TEST_S3_ENDPOINT="http://127.0.0.1:$port"
  export HERITAGE_TEST_S3_ACCESS_KEY=heritage HERITAGE_TEST_S3_SECRET_KEY=heritage-tests
}

stop_services() {
  if [ -n "$minio_pid" ]; then
    kill "$minio_pid" 2>/dev/null && wait "$minio_pid" 2>/dev/null
    rm -rf "$minio_data" "$minio_data.log"
    minio_pid=""
  fi
  return 0
}
