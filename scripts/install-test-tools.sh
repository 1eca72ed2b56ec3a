#!/bin/bash
# Installs what is missing of scripts/test-tools.list with apt, as root on Debian. Does nothing when all is there.
# No service is started: while packages are being installed, invoke-rc.d(8) is refused through a temporary policy-rc.d.
set -euo pipefail
cd "$(dirname "$0")"
# postfix lives in sbin, which the PATH of a plain shell may lack
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

packages=()
while read -r name probe package; do
  case "$name" in '' | '#'*) continue ;; esac
  case "$probe" in
    /*) [ -e "$probe" ] && continue ;;
    *) command -v "$probe" >/dev/null && continue ;;
  esac
  packages+=("$package")
done <test-tools.list
[ "${#packages[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "install-test-tools: needs root on Debian to install: ${packages[*]}" >&2
  exit 77
fi
echo "install-test-tools: installing ${packages[*]}" >&2

policy=/usr/sbin/policy-rc.d
kept=''
log=$(mktemp)
restore() {
  rm -f "$policy" "$log"
  [ -z "$kept" ] || mv "$kept" "$policy"
}
if [ -e "$policy" ] || [ -L "$policy" ]; then
  kept=$(mktemp "$policy.XXXXXX")
  mv -f "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
printf '#!/bin/sh\n# No service starts while test tools are being installed.\nexit 101\n' >"$policy"
chmod 0755 "$policy"

# Another apt may hold the lock for a moment (unattended-upgrades): wait for it rather than fail.
quietly() {
  if ! "$@" >"$log" 2>&1; then
    echo "install-test-tools: failed: $*" >&2
    cat "$log" >&2
    return 1
  fi
}
export DEBIAN_FRONTEND=noninteractive
quietly apt-get -o DPkg::Lock::Timeout=300 update
quietly apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${packages[@]}"
