"""A study's shards as an array of submitit: python3 submitit_shards.py STUDY FOLDER [SHARDS [slurm|local]].

`cucurbit submit --slurm` needs no Python and requeues by itself; this is for those whose jobs go through submitit already.
"""

import subprocess
import sys

import submitit

CAN_BE_CONTINUED = 75


def shard(study, folder, number, count):
    """Computes a part of the trials, in attempts of at most 50 minutes of the hour that a job has."""
    command = ["cucurbit", "run", study, "--shard", f"{number}/{count}", "-o", f"{folder}-{number}-of-{count}", "--quiet"]
    code = subprocess.run([*command, "--max-time", "50min"], check=False).returncode
    if code not in (0, CAN_BE_CONTINUED):
        raise RuntimeError(f"shard {number} of {count} ended with exit code {code}")
    return code == 0


def main(study, folder, count="4", cluster="slurm"):
    executor = submitit.AutoExecutor(folder=f"{folder}-submitit", cluster=cluster)
    executor.update_parameters(timeout_min=60, cpus_per_task=1)
    left = [str(number) for number in range(1, int(count) + 1)]
    while left:  # what lacks time goes on in another job
        jobs = executor.map_array(shard, [study] * len(left), [folder] * len(left), left, [count] * len(left))
        left = [number for number, job in zip(left, jobs, strict=True) if not job.result()]
    parts = [f"{folder}-{number}-of-{count}" for number in range(1, int(count) + 1)]
    subprocess.run(["cucurbit", "merge", *parts, "-o", folder], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
