#!/usr/bin/env bash
# Makes .venv where there is none and installs one lock file and the project into it.
# Does nothing when that was done before for the same lock file. Uses whatever index pip is set up for.
set -euo pipefail
cd -P "$(dirname "$0")/.."
lock=$1
python=${PYTHON:-python3}

fail() {
    echo "set-up: $1" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "$python is missing. On Debian or Ubuntu: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "Python 3.11 or newer is needed, $python is $("$python" -V). Name another one: make PYTHON=python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null \
    || fail "$python has no venv module. On Debian or Ubuntu: apt-get install python3-venv"

# A moved or copied directory or an upgraded Python leaves an environment behind whose programs start another.
if [[ $(.venv/bin/pip --version 2>/dev/null) != *" $PWD/.venv/"* ]]; then
    echo "set-up: making .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi

stamp=.venv/.installed-$lock
wanted=$(cat "$lock" pyproject.toml .venv/pyvenv.cfg | sha256sum)
[ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0

echo "set-up: installing $lock (half a minute or so)"
pip=(.venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet --no-deps --no-input)
"${pip[@]}" --require-hashes --only-binary :all: --requirement "$lock" \
    || fail "the packages could not be installed: see pip's message above; is the package index reachable?"
"${pip[@]}" --no-build-isolation --editable .
.venv/bin/python -m pip --disable-pip-version-check check >/dev/null \
    || fail "the packages do not fit together: $(.venv/bin/python -m pip --disable-pip-version-check check | head -n 1)"
echo "$wanted" >"$stamp"
