#!/bin/bash
# Inside of the root that run.sh made: one run of a study, and the same by each engine.
set -euo pipefail
cd /check

say() { echo "== $*"; }
wait_for() {  # SECONDS COMMAND…
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || { echo "waited in vain for: $*" >&2; return 1; }
        sleep 0.5
    done
}
compare() {  # FOLDER: its table is that of the one run
    cucurbit export "$1" -o "$1.csv"
    cmp "$1.csv" whole.csv || { echo "$1 has another table" >&2; exit 1; }
    say "$1: the same bytes, md5 $(md5sum <"$1.csv" | cut -c1-32)"
}

cat >study.toml <<'STUDY'
schema = 1
study = { name = "engines", kind = "model_shift", seed = 7 }
population = { p = 300, spectrum = { kind = "power_law", exponent = 1.5 }, signal = { kind = "power_law", exponent = 1.5 } }
target = { n = [40, 120], noise_std = [0.0, 0.2], arms = ["standard", "optimal_surrogate"] }
precision = { trials = 12000 }
STUDY
cucurbit run study.toml -o whole --quiet
cucurbit export whole -o whole.csv
say "one run: md5 $(md5sum <whole.csv | cut -c1-32)"

say "Open MPI $(mpirun --version | sed -n '1s/.* //p'), 3 ranks"
mpirun --allow-run-as-root --oversubscribe -n 3 cucurbit run study.toml --shard auto --quiet
cucurbit merge runs/engines-*-of-3 -o mpi --quiet 2>/dev/null || cucurbit merge runs/engines-*-of-3 -o mpi
compare mpi

PATH=/opt/engines/bin:$PATH
say "dask $(python -c 'import distributed; print(distributed.__version__)')"
python dask_shards.py study.toml by-dask 3
compare by-dask

say "Snakemake $(snakemake --version)"
snakemake --snakefile Snakefile --cores 2 --quiet all --config study=study.toml folder=by-snakemake shards=3
compare by-snakemake

say "Slurm $(slurmd -V | sed 's/.* //')"
echo '127.0.0.1 localhost node' >/etc/hosts
mkdir -p /etc/slurm /var/spool/slurmctld /var/spool/slurmd /var/log/slurm /run/munge
chown munge /run/munge /etc/munge /var/log/munge /var/lib/munge
[ -s /etc/munge/munge.key ] || runuser -u munge -- mungekey --create
chown munge /etc/munge/munge.key
cat >/etc/slurm/slurm.conf <<CONF
ClusterName=check
SlurmctldHost=node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
SlurmctldPort=26817
SlurmdPort=26818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
NodeName=node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=node Default=YES MaxTime=INFINITE State=UP
CONF
# Otherwise slurmd 22.05 looks for a version 2 that it can change, and does not start.
echo 'CgroupPlugin=cgroup/v1' >/etc/slurm/cgroup.conf
runuser -u munge -- munged
slurmctld -c
slurmd -N node
wait_for 60 bash -c 'sinfo --noheader -o %t | grep -q idle' || { tail -20 /var/log/slurm/*.log >&2; exit 1; }

# Task 1 is warned as before its time limit, and goes back into the queue; Slurm waits two minutes before it starts again.
cucurbit submit --slurm study.toml --shards 3 -o "by slurm 10%" -- --time=30:00 --cpus-per-task=1 | tee submitted
job=$(sed -n 's/^array job \([0-9]*\):.*/\1/p' submitted)
wait_for 120 test -e "by slurm 10%-1-of-3/store.sqlite"
sleep 1
scancel --batch --signal=USR1 "${job}_1"
wait_for 60 grep -q "stopped after" "by slurm 10%/slurm/shard-1.log"
say "task 1 was stopped and is queued again: $(grep -o 'stopped after.*trials' "by slurm 10%/slurm/shard-1.log")"
wait_for 600 bash -c '[ -z "$(squeue --noheader)" ]'
tail -n 2 "by slurm 10%/slurm/merge.log"
cucurbit status "by slurm 10%"
compare "by slurm 10%"

say "submitit $(python -c 'import submitit; print(submitit.__version__)'), by Slurm"
python submitit_shards.py study.toml by-submitit 3
compare by-submitit
say "all tables are the same bytes"
