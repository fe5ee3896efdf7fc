#!/usr/bin/env bash
# Sees to it that what the arguments name is there: `need.sh cc cxx python node`. Installs Debian packages where it can, and
# says so; where it can't, it says what to install.
set -euo pipefail

install() { # install PACKAGE... : as root or by sudo
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "please install: $*" >&2; exit 1; }
    sudo=sudo
  fi
  command -v apt-get >/dev/null || { echo "please install: $*" >&2; exit 1; }
  echo "installing Debian packages: $*"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq "$@" >/dev/null
}

if ! command -v cargo >/dev/null; then
  echo "a Rust toolchain (1.95 or newer) is needed: see https://www.rust-lang.org/tools/install" >&2
  exit 1
fi
for need in "$@"; do
  case $need in
    cc) command -v cc >/dev/null || install build-essential ;;
    cxx) command -v c++ >/dev/null || install g++ ;;
    python) python3 -c 'import venv, ensurepip' 2>/dev/null || install python3 python3-venv ;;
    node) command -v npm >/dev/null || install nodejs npm ;;
    postgres) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || install postgresql ;;
    redis) command -v redis-server >/dev/null || install redis-server ;;
    nginx) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || install nginx-light ;;
    *) echo "need.sh does not know '$need'" >&2; exit 2 ;;
  esac
done
