#!/usr/bin/env bash
# Runs the tests. Servers that some tests need are started when their programs are there (scripts/services.sh installs them);
# without them those tests are skipped by name.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/services.sh
start_minio_if_there
if [ $# -eq 0 ]; then
  # Two processes, each a file at a time and in the order of collection, so that the tests of the page come last in both.
  set -- -n 2 --dist loadfile --no-loadscope-reorder
fi
# Tests start some hundred processes; where bytecode is not written, each of them compiles torch and Dagster anew.
unset PYTHONDONTWRITEBYTECODE
exec_status=0
OMP_WAIT_POLICY=PASSIVE .venv/bin/python -m pytest "$@" || exec_status=$?
stop_services
exit "$exec_status"
