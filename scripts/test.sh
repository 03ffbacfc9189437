#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test:
#
#   release   all tests, as users run the code: allocation and end-to-end tests count here
#   asan      all tests again under AddressSanitizer and UndefinedBehaviorSanitizer
#   tsan      the tests of what threads share, under ThreadSanitizer
#
#   scripts/test.sh              all three
#   scripts/test.sh release      only those named
#
# Logs are in build/logs. The last line says how it ended; the exit code is 0 when all tests passed.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
fi

test_packages=(libgtest-dev libgmock-dev libbenchmark-dev nghttp2-client python3-grpcio python3-websockets)
peers=(nginx:nginx-light haproxy:haproxy curl:curl wrk:wrk node:nodejs python3:python3 openssl:openssl dnsmasq:dnsmasq-base)  # command:package
tsan_layers=(base net telemetry upstream proxy runtime)

passed=()  # "release 412"
failed=()  # "2 tests of asan (build/logs/asan-test.log)"

install_peers() {
  local missing=() peer
  for peer in "${peers[@]}"; do
    PATH=$PATH:/usr/sbin command -v "${peer%%:*}" >/dev/null || missing+=("${peer##*:}")
  done
  [ ${#missing[@]} -eq 0 ] || install_missing "${missing[@]}"
}

# Into build/peers, in the versions that tests/e2e/npm/package.json names.
install_npm_peers() {
  local wanted=$root/tests/e2e/npm/package.json at=$root/build/peers
  cmp -s "$wanted" "$at/package.json" && [ -f "$at/installed" ] && return
  mkdir -p "$at"
  rm -f "$at/installed"
  cp "$wanted" "$at/package.json"
  say "installing the peers of npm in build/peers (log: build/logs/npm.log)"
  if command -v npm >/dev/null &&
    logged npm timeout 300 npm --prefix "$at" install --no-package-lock --no-audit --no-fund --ignore-scripts; then
    touch "$at/installed"
  else
    printf '    npm could not: the tests with @grpc/grpc-js and ws are left out\n'
  fi
}

# ctest's lines without the thousand that say Start and Passed; those are in the log.
test_progress() {
  awk '
    /^ *Start +[0-9]+:/ { next }
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .*\*\*\*Skipped / { next }
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed +[0-9.]+ sec/ {
      split($1, n, "/")
      if (n[1] % 100 == 0) { printf "    %s of %s tests\n", n[1], n[2]; fflush() }
      next
    }
    { print; fflush() }'
}

# run_tests PRESET [CTEST_OPTION...]
run_tests() {
  local preset=$1 log=$logs/$1-test.log runner=()
  shift
  # ThreadSanitizer of g++ 12 cannot live with the address randomisation of newer kernels.
  if [ "$preset" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
    runner=(setarch "$(uname -m)" -R)
  fi
  say "running the tests of '$preset' (log: build/logs/$preset-test.log)"
  PATH=$PATH:/usr/sbin "${runner[@]}" ctest --preset "$preset" -j "$(nproc)" --no-tests=error --output-on-failure "$@" \
    </dev/null 2>&1 | tee "$log" | test_progress || true
  local summary total lost
  summary=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+' "$log" || true)
  if [ -z "$summary" ]; then
    failed+=("the tests of $preset did not run (build/logs/$preset-test.log)")
    return
  fi
  lost=$(sed -E 's/.* ([0-9]+) tests? failed.*/\1/' <<<"$summary")
  total=${summary##* }
  if [ "$lost" -eq 0 ]; then
    passed+=("$preset $total")
  else
    failed+=("$lost of $total tests of $preset (build/logs/$preset-test.log)")
  fi
}

# stage PRESET [TARGET...] [--tests CTEST_OPTION...]
stage() {
  local preset=$1 targets=()
  shift
  while [ $# -gt 0 ] && [ "$1" != --tests ]; do
    targets+=("$1")
    shift
  done
  [ $# -gt 0 ] && shift
  if build "$preset" -DSLUICE_TESTS=ON -- "${targets[@]}"; then
    run_tests "$preset" "$@"
  else
    failed+=("the build of $preset (build/logs/$preset-build.log)")
  fi
}

export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1}

say "sluice tests: ${*:-release asan tsan}; takes no input, about a quarter of an hour on two cores"
install_missing "${build_packages[@]}" "${test_packages[@]}"
install_peers
install_npm_peers

for name in "${@:-release asan tsan}"; do
  for preset in $name; do
    case $preset in
      release) stage release ;;
      asan) stage asan --tests -LE '^once$' ;;
      tsan)
        stage tsan "${tsan_layers[@]/%/_test}" \
          --tests -LE '^once$' -L "^($(IFS='|' && echo "${tsan_layers[*]}"))\$"
        ;;
      *) die "there is no stage '$preset'; they are release, asan and tsan" ;;
    esac
  done
done

if [ ${#failed[@]} -ne 0 ]; then
  list=$(printf '%s; ' "${failed[@]}")
  die "${list%; } after $(took $SECONDS)"
fi
list=$(printf '%s, ' "${passed[@]}")
printf '\nsluice: all tests passed (%s) in %s\n' "${list%, }" "$(took $SECONDS)"
