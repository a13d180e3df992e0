#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the Debian or Ubuntu packages that are missing of a list beside this file, apt.txt unless
# another is named; without the right to do so, prints the line to type and stops.
set -euo pipefail
cd "$(dirname "$0")"
list=${1:-apt.txt}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian or Ubuntu: install what envs/$list lists, or use envs/conda.yaml," >&2
  echo "then call make again with SYSTEM_PACKAGES=skip." >&2
  exit 1
fi

missing=()
while read -r package; do
  status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done < <(grep -v '^#' "$list")
[[ ${#missing[@]} -gt 0 ]] || exit 0

install="apt-get install --yes --no-install-recommends ${missing[*]}"
if [[ $(id -u) == 0 ]]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  echo "Some packages are missing. Type this line, then call make again:" >&2
  echo "  sudo apt-get update && sudo $install" >&2
  exit 1
fi
echo "${as_root[*]} $install"
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install
