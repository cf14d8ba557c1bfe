#!/usr/bin/env bash
# Pin everything, with hashes. The widest set comes first, so that all three agree on versions.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header)
"${compile[@]}" requirements/dev.in -o requirements/dev.txt
"${compile[@]}" -c requirements/dev.txt requirements/production.in -o requirements.txt
"${compile[@]}" -c requirements/dev.txt requirements/base.in -o requirements/base.txt
