#!/bin/bash
# What a shell script does: two openssl processes a message. Arguments and what it prints: run.mjs.
set -euo pipefail
keys=$1 mails=$2 sample=$3 seconds=$4

seal() {
  openssl cms -sign -binary -nodetach -md sha256 -in "$1" -signer "$keys/steve@example.com.crt" -inkey "$keys/steve@example.com.pem" |
    openssl cms -encrypt -binary -aes256 "$keys/bob@example.net.crt"
}
microseconds() { echo "${EPOCHREALTIME/[.,]/}"; }

# Nothing here gets faster with time; once is enough to have everything in the page cache.
for mail in "$mails"/*.eml; do
  seal "$mail" > "$sample"
  break
done
echo ready
read -r _

start=$(microseconds)
end=$((start + seconds * 1000000))
messages=0
while (($(microseconds) < end)); do
  for mail in "$mails"/*.eml; do
    seal "$mail" > /dev/null
    messages=$((messages + 1))
    ((${EPOCHREALTIME/[.,]/} < end)) || break
  done
done
elapsed=$(($(microseconds) - start))
printf '{"messages": %d, "seconds": %d.%06d}\n' "$messages" $((elapsed / 1000000)) $((elapsed % 1000000))
read -r _ || true
