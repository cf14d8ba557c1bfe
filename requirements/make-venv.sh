#!/usr/bin/env bash
# Make a virtual environment, or say in a sentence what is missing for it.
set -euo pipefail
python=$1 venv=$2

if ! command -v "$python" >/dev/null; then
  echo "There is no $python here. PELBIOT needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3.11 ..." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "$python is $("$python" --version 2>&1). PELBIOT needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2
  exit 1
fi

# Debian ships the venv module without the part that puts pip into it.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
  else
    echo "Python's venv module is incomplete here. Install it first: sudo apt install $package" >&2
    exit 1
  fi
fi

echo "Making the virtual environment $venv (once)..."
rm -rf "$venv"
if ! "$python" -m venv "$venv"; then
  rm -rf "$venv"  # half an environment would be taken for a whole one next time
  exit 1
fi
