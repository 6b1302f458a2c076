#!/bin/bash
# run.sh [FOLDER]: the program of build/cpu under Slurm (an array, a job that goes back into the queue, the merge behind it), Open
# MPI, dask, Snakemake and submitit, in a root of Debian 12 that debootstrap makes in FOLDER (build/clusters). Every table must be the bytes of one run.
# Needs root, debootstrap and, the first time, Debian's and Python's packages (0.9 GB on disk); takes some 10 minutes then, 5 later.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
folder=$(realpath -m "${1:-$source/build/clusters}")
fresh=$folder/root
program=${CUCURBIT:-$source/build/cpu/bin/cucurbit}
[ -x "$program" ] || { echo "$program is not there: build the preset cpu first" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "a root of Debian is made and entered by root" >&2; exit 2; }

if [ ! -e "$folder/root.done" ]; then
    mkdir -p "$folder"
    debootstrap --variant=minbase \
        --include=ca-certificates,libfmt9,libopenblas0-pthread,libspdlog1.10,libsqlite3-0,munge,openmpi-bin,python3-venv,slurm-wlm \
        bookworm "$fresh"
    touch "$folder/root.done"
fi
if [ ! -e "$folder/python.done" ]; then
    # As this machine finds Python's packages.
    for file in /etc/resolv.conf /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp -L "$file" "$fresh$file"
    done
    chroot "$fresh" python3 -m venv /opt/engines
    chroot "$fresh" /opt/engines/bin/pip install --quiet 'dask[distributed]' snakemake submitit
    touch "$folder/python.done"
fi

rm -rf "$fresh/check"
mkdir "$fresh/check"
cp "$program" "$fresh/usr/local/bin/cucurbit"
cp "$here/engines.sh" "$source/examples/clusters/"* "$fresh/check"

# Mounts and processes end with their name spaces.
unshare --mount --pid --fork --uts --kill-child bash -c '
    hostname node
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys"
    exec env --ignore-environment HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        chroot "$0" bash /check/engines.sh' "$fresh"
