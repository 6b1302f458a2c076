"""Bundles: one archive with the built programs, the libraries that they need, the studies and this runner."""

import lzma
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

TOP = "bundle"
TARGETS = ["cucurbit_program", "cuda_bench", "parity_operations", "parity_settings"]


def build(root, architectures):
    """Builds the preset cuda for these architectures, installing what is missing; the output goes to stderr."""
    subprocess.run([str(root / "scripts" / "gpu" / "build.sh"), architectures, *TARGETS], check=True, stdout=2)


def write_bundle(build_folder, file):
    """The install component `relocatable` of a build folder, packed."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder, TOP)
        subprocess.run(["cmake", "--install", str(build_folder), "--component", "relocatable", "--strip",
                        "--prefix", str(prefix)], check=True, stdout=subprocess.DEVNULL)
        pack(prefix, file, preset=6)


def pack(folder, file, preset):
    """Replaces the archive only once the new one is whole."""
    partial = Path(f"{file}.partial")
    with lzma.open(partial, "wb", preset=preset) as compressed, tarfile.open(fileobj=compressed, mode="w") as archive:
        archive.add(folder, arcname=Path(folder).name, filter=anonymous)
    os.replace(partial, file)


def anonymous(member):
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def unpack(file, folder):
    """The folder of the bundle that was unpacked."""
    with tarfile.open(file) as archive:
        archive.extractall(folder)
    return Path(folder, TOP)
