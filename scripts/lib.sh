# What run.sh and test.sh share; sourced, never run. Nothing here asks a question.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
cd "$root"
mkdir -p "$logs"

build_packages=(
  g++ cmake ninja-build pkg-config ccache mold
  libboost1.81-dev libssl-dev nlohmann-json3-dev libspdlog-dev libfmt-dev prometheus-cpp-dev
  libyaml-cpp-dev liburing-dev libnghttp2-dev libcli11-dev libre2-dev libc-ares-dev
)

say() { printf '\n==> %s\n' "$*"; }

# The last line of a run that failed: what, and where to read on.
die() {
  printf '\nsluice: FAILED: %s\n' "$*" >&2
  exit 1
}

took() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_missing PACKAGE...: Debian packages, only those that are not there yet.
install_missing() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "this is not Debian: nothing is installed; needed are what Debian 12 calls $*"
    return
  fi
  local missing=() package
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return

  say "installing: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null ||
      die "packages are missing and sudo wants a password; type: sudo apt-get install ${missing[*]}"
    as_root=(sudo -n)
  fi
  # RUNLEVEL=1: a service that comes with a package (nginx) is not started.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y)
  logged install "${apt[@]}" update || logged_end "apt-get update (going on with the old lists)"
  logged install "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install the packages; see $logs/install.log"
}

# logged NAME COMMAND...: the output goes to build/logs/NAME.log alone.
logged() {
  local name=$1
  shift
  "$@" >>"$logs/$name.log" 2>&1 </dev/null
}
logged_end() { printf '    %s failed\n' "$*"; }

# Compilers at once: a core each, but 1.5 GB of memory each too.
jobs_for_memory() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
  [ "$memory" -lt 1 ] && memory=1
  echo $((cores < memory ? cores : memory))
}

# Ninja's lines as one line that moves (terminal) or one for each tenth (log).
build_progress() {
  local tty=0
  [ -t 1 ] && tty=1
  awk -v tty=$tty '
    /^\[[0-9]+\/[0-9]+\]/ {
      split(substr($1, 2), n, /[\/\]]/)
      if (tty) { printf "\r\033[K    %s", substr($0, 1, 100); fflush(); moved = 1; next }
      tenth = int(10 * n[1] / n[2])
      if (tenth != last) { printf "    %s of %s built\n", n[1], n[2]; fflush(); last = tenth }
      next
    }
    { if (moved) { printf "\n"; moved = 0 } print; fflush() }
    END { if (moved) printf "\n" }'
}

# build PRESET [CMAKE_OPTION...] [-- TARGET...]: configures and builds; false when that fails.
build() {
  local preset=$1 options=() targets=() began=$SECONDS
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ $# -gt 0 ] && shift
  [ $# -gt 0 ] && targets=(--target "$@")

  say "building with the preset '$preset' in build/$preset (log: build/logs/$preset-build.log)"
  : >"$logs/$preset-build.log"
  if ! logged "$preset-build" cmake --preset "$preset" "${options[@]}"; then
    tail -n 25 "$logs/$preset-build.log" >&2
    return 1
  fi
  cmake --build --preset "$preset" -j "$(jobs_for_memory)" "${targets[@]}" </dev/null 2>&1 |
    tee -a "$logs/$preset-build.log" | build_progress || return 1
  printf '    built in %s\n' "$(took $((SECONDS - began)))"
}
