#!/usr/bin/env bash
# Installs what is missing, builds sluice, and runs its demo on 127.0.0.1:8080.
#
#   scripts/run.sh [options of `sluice demo`]     scripts/run.sh --port 8081 --admin-port 9902
#
# The binary is build/release/sluice afterwards.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi

install_missing "${build_packages[@]}"
# The tests' packages are not needed here, unless the directory was already made for them.
options=()
[ -f build/release/CMakeCache.txt ] || options=(-DSLUICE_TESTS=OFF)
build release "${options[@]}" -- sluice || die "the build; see build/logs/release-build.log"

say "starting: build/release/sluice demo $*"
exec build/release/sluice demo "$@"
