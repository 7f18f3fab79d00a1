#!/bin/sh
# Installs the programs that people fetch files with, where the distribution has them and we may; says what is missing.
set -u
missing=""
for program in curl aria2c rclone; do
  command -v "$program" >/dev/null || missing="$missing $(echo "$program" | sed 's/aria2c/aria2/')"
done
[ -z "$missing" ] && exit 0
as_root=$([ "$(id -u)" = 0 ] || echo "sudo -n")
if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
  echo "== Installing$missing: others' programs, measured beside ours"
  # shellcheck disable=SC2086  # lists of words on purpose
  $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y \
    --no-install-recommends $missing >/dev/null
fi
for program in curl aria2c rclone; do
  command -v "$program" >/dev/null || echo "== $program is not on this machine and could not be installed: left out"
done
exit 0
