#!/usr/bin/env bash
# A Slurm cluster of two nodes on this machine while a command runs, each with a name, a network and daemons of its own.
# Usage (root): two_nodes.sh FOLDER COMMAND ...    (FOLDER, which must not exist, gets the cluster's files and logs)
set -euo pipefail
if [ -z "${OCTET_TWO_NODES:-}" ]; then
  OCTET_TWO_NODES=1 exec unshare --mount --net --uts --ipc --pid --fork --mount-proc --kill-child "$0" "$@"
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
sockets=$(mktemp --directory --tmpdir=/tmp) # a socket's path may have 107 letters, and slurmstepd crashes at more
trap 'rm -rf "$sockets"' EXIT
mkdir -p "$folder/state" "$sockets/munge"
printf '127.0.0.1 localhost\n10.77.0.1 node1\n10.77.0.2 node2\n' > "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
hostname node1

unshare --net --uts sh -c 'hostname node2; echo $$ > "$0"; exec sleep infinity' "$folder/node2.pid" &
until [ -s "$folder/node2.pid" ]; do sleep 0.1; done
node2=$(cat "$folder/node2.pid")
on_node2=(nsenter --target "$node2" --net --uts)
ip link set lo up
ip link add to2 type veth peer name to1
ip link set to1 netns "$node2"
ip addr add 10.77.0.1/24 dev to2
ip link set to2 up
"${on_node2[@]}" ip link set lo up
"${on_node2[@]}" ip addr add 10.77.0.2/24 dev to1
"${on_node2[@]}" ip link set to1 up

cat > "$folder/slurm.conf" <<END
ClusterName=two
SlurmctldHost=node1
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$sockets/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
ReturnToService=2
KillWait=20
SlurmctldParameters=enable_configless
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmdSpoolDir=$sockets/%n
MpiDefault=none
NodeName=node[1-2] CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$folder/slurm.conf
dd if=/dev/urandom of="$sockets/munge/key" bs=128 count=1 status=none
chmod 700 "$sockets/munge"; chmod 400 "$sockets/munge/key"
munged --force --socket="$sockets/munge/socket" --key-file="$sockets/munge/key" --pid-file="$sockets/munge/pid" \
  --log-file="$sockets/munge/log" --seed-file="$sockets/munge/seed"
slurmctld -D -f "$SLURM_CONF" > "$folder/slurmctld.log" 2>&1 &
slurmd -D -f "$SLURM_CONF" > "$folder/slurmd-node1.log" 2>&1 &
"${on_node2[@]}" slurmd -D -f "$SLURM_CONF" > "$folder/slurmd-node2.log" 2>&1 &
until [ "$(sinfo --noheader --format %T%D 2> /dev/null)" = idle2 ]; do sleep 0.2; done
"$@"
