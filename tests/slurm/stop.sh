#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Ends the jobs and the daemons of a Slurm that tests/slurm/start.sh has started in the folder given.
set -uo pipefail
folder=$1
export SLURM_CONF=$folder/slurm.conf

if [[ -s $folder/slurmctld.pid ]]; then
  timeout 10 scancel --user=root 2>/dev/null
  for _ in $(seq 50); do
    [[ -n $(timeout 5 squeue --noheader 2>/dev/null) ]] || break
    sleep 0.2
  done
fi
# A pid file outlives its daemon, and the number may be another process's by then.
is_running() {
  [[ $(cat "/proc/$1/comm" 2>/dev/null) == "$2" ]]
}
for signal in TERM KILL; do
  waiting=0
  for name in slurmd slurmctld munged; do
    pid=$(cat "$folder/$name.pid" 2>/dev/null) || continue
    if is_running "$pid" "$name"; then
      kill -$signal "$pid"
      waiting=20
    fi
  done
  for _ in $(seq $waiting); do
    is_running "$(cat "$folder/slurmctld.pid" 2>/dev/null)" slurmctld || break
    sleep 0.1
  done
done
if socket=$(cat "$folder/munge/socket.path" 2>/dev/null); then
  rm -rf "$(dirname "$socket")"
fi
exit 0
