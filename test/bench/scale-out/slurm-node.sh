#!/usr/bin/env bash
# One Slurm node of this machine alone, in a folder: munged, slurmctld, slurmd. Run as root where slurm-wlm is installed.
#   slurm-node.sh start DIR    writes DIR/slurm.conf; set SLURM_CONF to it
#   slurm-node.sh stop DIR
set -euo pipefail
what=$1
dir=$(mkdir -p "$2" && cd "$2" && pwd)
if [ "$what" = stop ]; then
  for name in slurmd slurmctld munged; do
    [ -f "$dir/$name.pid" ] && kill "$(cat "$dir/$name.pid")" 2>/dev/null || true
  done
  exit 0
fi
command -v slurmctld >/dev/null && command -v slurmd >/dev/null || { echo "slurm-wlm is not installed"; exit 3; }
[ "$(id -u)" -eq 0 ] || { echo "slurmd needs root"; exit 3; }
host=$(hostname -s)
mkdir -p "$dir/state" "$dir/spool" "$dir/munge"
chmod 700 "$dir/munge"
head -c 1024 /dev/urandom > "$dir/munge/key"
chmod 600 "$dir/munge/key"
# Munge wants every folder above its socket closed to writing by others.
socket=/run/fovea-munge-$$.socket
munged --force --key-file="$dir/munge/key" --socket="$socket" --pid-file="$dir/munged.pid" \
  --log-file="$dir/munged.log" --seed-file="$dir/munge/seed"
port=$((20000 + RANDOM % 20000))
cat > "$dir/slurm.conf" <<CONF
ClusterName=fovea
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MinJobAge=300
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$dir/slurm.conf
slurmctld
slurmd
for _ in $(seq 60); do
  sinfo -h -o %T 2>/dev/null | grep -q idle && exit 0
  sleep 1
done
echo "the node did not come up"; tail -5 "$dir/slurmctld.log" "$dir/slurmd.log"
exit 1
