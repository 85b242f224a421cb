#!/usr/bin/env bash
# Says loudly how to get the browser of the end-to-end tests when it is missing.
set -euo pipefail
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
cat <<'NOTE'
*****************************************************************************
  No Chromium on this machine: the end-to-end tests can NOT run.
  On Debian:   apt-get install chromium-headless-shell     (or chromium)
*****************************************************************************
NOTE
