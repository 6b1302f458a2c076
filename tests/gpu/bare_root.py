"""A root with glibc, libstdc++, bash, coreutils, tar, xz and Debian's python3 from this machine, and nothing else."""

import os
import re
import shutil
import subprocess
from pathlib import Path

COMMANDS = ("bash", "env", "tar", "xz", "python3", "cat", "mktemp", "rm", "head", "nproc", "ls", "sleep", "grep", "dirname")
PYTHON = "/usr/lib/python3.11"


def why_not():
    """Why none can be made here, or nothing."""
    if os.getuid() != 0:
        return "a bare root needs root"
    if not Path(PYTHON, "lib-dynload").is_dir() or not Path("/usr/bin/python3").exists():
        return "no /usr/bin/python3 of Debian 12"
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
        return "no mount namespace"
    return ""


def needed(file):
    """The shared libraries of a program or library, its loader among them, as paths."""
    listed = subprocess.run(["ldd", str(file)], check=False, capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+) \(0x", listed))


def make(root):
    root = Path(root)
    for folder in ("proc", "dev", "tmp", "root", "usr/bin", "usr/lib/x86_64-linux-gnu", "usr/lib64"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for link in ("bin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    files = [Path("/usr/bin") / command if (Path("/usr/bin") / command).exists() else Path(shutil.which(command))
             for command in COMMANDS]
    shutil.copytree(PYTHON, root / PYTHON[1:], ignore=shutil.ignore_patterns("test", "__pycache__", "config-*"),
                    symlinks=False, ignore_dangling_symlinks=True)
    libraries = {Path("/lib/x86_64-linux-gnu/libstdc++.so.6"), Path("/lib/x86_64-linux-gnu/libgcc_s.so.1")}
    for file in [*files, *libraries, *Path(PYTHON, "lib-dynload").glob("*.so")]:
        libraries |= {Path(each) for each in needed(file)}
    for file in files:
        shutil.copy(file.resolve(), root / "usr/bin" / file.name)
    for library in libraries:
        place = root / str(library.parent)[1:]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(library.resolve(), place / library.name)


def run(root, command, **options):
    """In the root, with /proc and /dev, which vanish with the command."""
    inside = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" /bin/bash -c "$2"'
    return subprocess.run(["unshare", "--mount", "bash", "-c", inside, "bash", str(root), command], check=False,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
