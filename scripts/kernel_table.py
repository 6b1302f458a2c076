#!/usr/bin/env python3
"""Compiles the CUDA engine's kernels and prints what ptxas says of each: registers, stack, static shared memory.

A warning or a register spill fails. Dynamic shared memory is given at the launch (kernels/cuda/*.cu).
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"Compiling entry function '(\w+)' for 'sm_(\w+)'")
STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers(?:.*?(\d+) bytes smem)?")
# The options of kernels/cuda/CMakeLists.txt.
OPTIONS = ["-std=c++20", "-O3", "-Werror=all-warnings", "-Xcompiler=-Wall,-Wextra,-Wshadow",
           "-Xptxas=-v,-warn-spills,-Werror", f"-I{ROOT}", f"-I{ROOT / 'include'}"]
EXACT = {name: ["-fmad=false"] for name in ("descent.cu", "random.cu")}


def known_architectures(nvcc):
    listed = subprocess.run([nvcc, "--list-gpu-arch"], check=True, capture_output=True, text=True)
    return [line.removeprefix("compute_") for line in listed.stdout.split()]


def compile_kernels(nvcc, source, architectures):
    """ptxas's words about one file."""
    targets = [f"-gencode=arch=compute_{a},code=sm_{a}" for a in architectures]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([nvcc, *OPTIONS, *EXACT.get(source.name, []), *targets, "-c", source, "-o",
                               Path(folder) / "kernels.o"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{source.name}: {done.stderr}")
    return done.stderr


def parse(words):
    """(mangled name, architecture) → (registers, bytes of stack, bytes spilled, bytes of shared memory)."""
    kernels, entry, stack, spilled = {}, None, 0, 0
    for line in words.splitlines():
        if found := ENTRY.search(line):
            entry = found.groups()
        elif found := STACK.search(line):
            stack, spilled = int(found[1]), int(found[2]) + int(found[3])
        elif entry and (found := USED.search(line)):
            kernels[entry] = (int(found[1]), stack, spilled, int(found[2] or 0))
            entry = None
    return kernels


def readable(mangled):
    name = subprocess.run(["c++filt", mangled], check=True, capture_output=True, text=True).stdout
    return re.sub(r"\(anonymous namespace\)::|cucurbit::cuda::|^void ", "", name).split("(")[0].strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--architectures", nargs="+", default=["80", "90"],
                        help="numbers such as 80 90, or all that this nvcc knows")
    options = parser.parse_args()
    architectures = (known_architectures(options.nvcc) if options.architectures == ["all"]
                     else sorted({re.match(r"\w+", a)[0] for a in options.architectures}))
    print(f"{'file':16} {'kernel':24} {'sm':>5} {'registers':>9} {'stack':>6} {'spilled':>7} {'shared':>6}")
    spills = 0
    for source in sorted((ROOT / "kernels" / "cuda").glob("*.cu")):
        kernels = parse(compile_kernels(options.nvcc, source, architectures))
        own = {entry: figures for entry, figures in kernels.items()
               if entry[0].startswith("_ZN8cucurbit")}  # not Thrust's
        for (mangled, architecture), (registers, stack, spilled, shared) in sorted(own.items()):
            print(f"{source.name:16} {readable(mangled):24} {architecture:>5} {registers:9} {stack:6} "
                  f"{spilled:7} {shared:6}", flush=True)
            spills += spilled
    return 1 if spills else 0


if __name__ == "__main__":
    sys.exit(main())
