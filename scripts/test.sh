#!/usr/bin/env bash
# Runs the tests. Servers that some tests need are started when their programs are there (scripts/services.sh installs them);
# without them those tests are skipped by name.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/services.sh
start_minio_if_there
exec_status=0
.venv/bin/python -m pytest "$@" || exec_status=$?
stop_services
exit "$exec_status"
