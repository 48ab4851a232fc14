#!/bin/sh
# Debian packages that `make validate` needs, by part:    sh tests/validation/install.sh slurm browser
# Installs what is missing as root, or through sudo where that asks for no password; fails with a sentence when it cannot.
set -e
for part in "$@"; do
  case $part in
    slurm) program=slurmctld packages="slurm-wlm munge" ;;
    browser) program=chromedriver packages="chromium chromium-driver" ;;
    *) echo "install.sh: no part '$part': give slurm or browser" >&2; exit 1 ;;
  esac
  PATH="$PATH:/usr/sbin" command -v $program > /dev/null && continue
  command -v apt-get > /dev/null || { echo "install.sh: $program is missing and this is no Debian: install $packages with your package manager" >&2; exit 1; }
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2> /dev/null || { echo "install.sh: $program is missing: run \`sudo apt-get install $packages\`, then this again" >&2; exit 1; }
    as_root="sudo -n"
  fi
  $as_root apt-get update -qq || { echo "install.sh: apt-get update failed: is there a network?" >&2; exit 1; }
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages > /dev/null ||
    { echo "install.sh: apt-get could not install $packages" >&2; exit 1; }
done
