"""A study's shards on the workers of a dask cluster: python3 dask_shards.py STUDY FOLDER [SHARDS].

LocalCluster is this machine; with dask-jobqueue's SLURMCluster, say, the same calls go to other machines, which must see FOLDER.
"""

import subprocess
import sys

from dask.distributed import Client, LocalCluster

CAN_BE_CONTINUED = 75


def shard(study, folder, number, count):
    """Computes a part of the trials; a worker that is stopped in time lets the next attempt continue."""
    command = ["cucurbit", "run", study, "--shard", f"{number}/{count}", "-o", f"{folder}-{number}-of-{count}", "--quiet"]
    while (code := subprocess.run(command, check=False).returncode) == CAN_BE_CONTINUED:
        pass
    if code:
        raise RuntimeError(f"shard {number} of {count} ended with exit code {code}")
    return command[-2]


def main(study, folder, count="4"):
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        numbers = range(1, int(count) + 1)
        parts = client.gather([client.submit(shard, study, folder, number, count, retries=2) for number in numbers])
    subprocess.run(["cucurbit", "merge", *parts, "-o", folder], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
