#!/usr/bin/env bash
# Makes the virtual environment $1 from requirements.lock. Needs Python 3.11 or newer and a package index, nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
venv="${1:-.venv}"

newest_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "heritage_assets needs Python 3.11, 3.12 or 3.13 with venv; set PYTHON=/path/to/python if it is not on PATH." >&2
  exit 1
}

python="$(newest_python)"
if ! "$venv/bin/python" -c '' 2>/dev/null; then
  echo "Making $venv with $("$python" --version) …"
  "$python" -m venv "$venv"
fi

# uv itself comes from the lock, hash-checked like everything else, and installs the rest in parallel.
uv_pin="$(mktemp)"
trap 'rm -f "$uv_pin"' EXIT
awk '/^uv==/ {on = 1} on {print} on && !/\\$/ {exit}' requirements.lock >"$uv_pin"
"$venv/bin/python" -m ensurepip >/dev/null # the last sync left nothing that the lock doesn't name, pip included
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$uv_pin"

echo "Installing requirements.lock …"
"$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.lock
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation ${EDITABLE--e} .
