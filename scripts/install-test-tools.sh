#!/bin/bash
# Installs, or unpacks, what is missing of scripts/test-tools.list with apt, as root on Debian. Does nothing when all is there.
# No service is started: while packages are being installed, invoke-rc.d(8) is refused through a temporary policy-rc.d.
set -euo pipefail
cd "$(dirname "$0")"
# postfix lives in sbin, which the PATH of a plain shell may lack
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# Unpacked here rather than installed: two MTAs cannot be installed at the same time.
unpacked=/usr/local/lib/sealdrop-test-tools

packages=()
to_unpack=()
while read -r name probe package; do
  case "$name" in '' | '#'*) continue ;; esac
  case "$probe" in
    /*) [ -e "$probe" ] && continue ;;
    *) command -v "$probe" >/dev/null && continue ;;
  esac
  case "$probe" in
    "$unpacked"/*) to_unpack+=("$package") ;;
    *) packages+=("$package") ;;
  esac
done <test-tools.list
missing=("${packages[@]}" "${to_unpack[@]}")
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "install-test-tools: needs root on Debian to install: ${missing[*]}" >&2
  exit 77
fi
echo "install-test-tools: installing ${missing[*]}" >&2

policy=/usr/sbin/policy-rc.d
kept=''
log=$(mktemp)
downloads=$(mktemp -d)
restore() {
  rm -rf "$policy" "$log" "$downloads"
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
apt_install() {
  quietly apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# The package's files, without the privileges its programs would have been installed with, and the libraries it needs.
unpack() {
  local package=$1 file libraries
  (cd "$downloads" && quietly apt-get download "$package")
  file=$(echo "$downloads/$package"_*.deb)
  mapfile -t libraries < <(dpkg-deb --field "$file" Depends | tr ',' '\n' | sed -nE 's/^ *(lib[^ |]*).*/\1/p')
  apt_install "${libraries[@]}"
  mkdir -p "$unpacked"
  rm -rf "${unpacked:?}/$package" "${unpacked:?}/$package.new"
  dpkg-deb --extract "$file" "$unpacked/$package.new"
  chmod -R u-s,g-s "$unpacked/$package.new"
  # Last: what a killed run leaves behind is not taken for the whole.
  mv "$unpacked/$package.new" "$unpacked/$package"
}

quietly apt-get -o DPkg::Lock::Timeout=300 update
# apt fetches as a user of its own.
chown _apt "$downloads" 2>/dev/null || true
[ "${#packages[@]}" -eq 0 ] || apt_install "${packages[@]}"
for package in "${to_unpack[@]}"; do unpack "$package"; done
# Exim looks for the user it was built for, which its package would make.
[ "${#to_unpack[@]}" -eq 0 ] || getent passwd Debian-exim >/dev/null ||
  useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin Debian-exim
