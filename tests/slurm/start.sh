#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Starts a Slurm of one node, this machine, as root, without systemd and cgroups. All it reads and
# writes is in the folder given: `export SLURM_CONF=FOLDER/slurm.conf PATH=FOLDER/bin:$PATH` before
# sbatch, squeue and srun. tests/slurm/stop.sh stops it.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
export SLURM_CONF=$folder/slurm.conf PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$folder"/{munge,state,spool,log}

# Munge with a key and a socket of its own. Sockets have short names, checkouts may be deep.
socket=$(mktemp --directory --tmpdir=/tmp jerald-munge.XXXXXX)/socket
chmod 711 "$(dirname "$socket")"
echo "$socket" > "$folder/munge/socket.path"
(umask 077 && head --bytes=1024 /dev/urandom > "$folder/munge/key")
# --force: a checkout may be in folders that others can write to, which munged refuses.
munged --force --key-file="$folder/munge/key" --socket="$socket" --seed-file="$folder/munge/seed" \
  --pid-file="$folder/munged.pid" --log-file="$folder/log/munged.log" 2>> "$folder/log/start.log"

# Memory is counted, so that a job asking for more than there is never starts, as on a cluster. CPUs
# are two at least, which jobs of two ranks ask for (`config_overrides`: whatever there is).
host=$(hostname --short 2>/dev/null || uname --nodename)
host=${host%%.*}
memory=$(awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo)
# Ports that are free now: another Slurm may run here, or another clone's test.
read -r controller_port node_port < <(python3 - <<'PYTHON'
import socket

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in sockets))
PYTHON
)
cat > "$SLURM_CONF" <<CONF
ClusterName=jerald
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0
ReturnToService=2
SlurmdParameters=config_overrides
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
MinJobAge=3600
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(($(nproc --all) > 1 ? $(nproc --all) : 2)) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF

# Snakemake takes variables named SLURM_* from its jobs, where srun must still find this Slurm.
mkdir -p "$folder/bin"
printf '#!/bin/sh\nSLURM_CONF="%s" exec %s "$@"\n' "$SLURM_CONF" "$(type -P srun)" > "$folder/bin/srun"
chmod +x "$folder/bin/srun"

slurmctld -c 2>> "$folder/log/start.log"
slurmd -c 2>> "$folder/log/start.log"
for _ in $(seq 150); do
  if [[ $(sinfo --noheader --format=%T 2>/dev/null) == idle ]]; then
    exit 0
  fi
  sleep 0.2
done
echo "Slurm did not start within 30 s; the ends of its logs in $folder/log:" >&2
tail --lines=20 "$folder"/log/*.log >&2
exit 1
