#!/bin/sh
# Runs the wrk scripts against a deployment and prints one table.
#
#   bench/run.sh URL [seconds, 10] [connections, 64]
#
# WRK_SCRIPTS chooses among them ("keepalive post"), WRK_THREADS sets wrk's threads (1). Ends with 1 when there
# were errors: broken connections, timeouts, or answers of 400 and up.
set -eu

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

case "${1:-}" in http://* | https://*) ;; *) usage ;; esac
url=$1
seconds=${2:-10}
connections=${3:-64}
threads=${WRK_THREADS:-1}
scripts=${WRK_SCRIPTS:-"keepalive new_connection post mixed pipelined slow"}
here=$(dirname "$0")

command -v wrk >/dev/null || {
  echo "wrk is not installed: apt-get install wrk" >&2
  exit 1
}

printf '%s: %s s a script, %s connections, wrk with %s thread(s)\n\n' "$url" "$seconds" "$connections" "$threads"
printf '%-16s %12s %10s %10s %10s %10s %10s %8s\n' script requests/s 'p50 us' 'p90 us' 'p99 us' 'max us' requests errors
failed=0
for script in $scripts; do
  output=$(wrk -t "$threads" -c "$connections" -d "${seconds}s" -s "$here/wrk/$script.lua" "$url" 2>&1) || true
  result=$(printf '%s\n' "$output" | sed -n 's/^RESULT //p')
  if [ -z "$result" ]; then
    printf '%-16s %s\n' "$script" "$(printf '%s\n' "$output" | tail -n 1)"
    failed=1
    continue
  fi
  # shellcheck disable=SC2086  # the line is a list of figures
  printf '%-16s %12s %10s %10s %10s %10s %10s %8s\n' "$script" $result
  case "$result" in *" 0") ;; *) failed=1 ;; esac
done
exit $failed
