#!/usr/bin/env python3
"""Which lines of the CUDA engine run in the tests on the stand-in: a table by file, and what never ran.

    cmake --preset coverage && cmake --build --preset coverage && ctest --test-dir build/coverage -L standin -LE slow
    scripts/coverage.py build/coverage

Fails below 95 % of the lines, or where a kernel never ran.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "kernels" / "cuda"
SHARE = 0.95


def reports(build):
    """gcov's report of every object that ran."""
    for data in sorted(build.rglob("*.gcda")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", data], cwd=data.parent,
                              capture_output=True, text=True, check=True)
        yield json.loads(done.stdout)


def is_kernel(file, line):
    """A declaration may take two lines."""
    lines = Path(file).read_text().splitlines()
    return any("__global__" in text for text in lines[max(0, line - 2):line])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=Path)
    lines, kernels = Counter(), Counter()
    for report in reports(parser.parse_args().build.resolve()):
        for file in report["files"]:
            name = file["file"]
            if not Path(name).is_relative_to(FOLDER):
                continue
            for line in file["lines"]:
                lines[name, line["line_number"]] += line["count"]
            for function in file["functions"]:
                if is_kernel(name, function["start_line"]):
                    kernels[name, function["start_line"]] += function["execution_count"]
    if not lines:
        sys.exit("no object of kernels/cuda ran: build the preset coverage and run its tests first")
    total = ran = 0
    for name in sorted({name for name, _ in lines}):
        counts = {line: count for (of, line), count in lines.items() if of == name}
        missed = sorted(line for line, count in counts.items() if count == 0)
        total, ran = total + len(counts), ran + len(counts) - len(missed)
        print(f"{100 * (1 - len(missed) / len(counts)):6.1f} %  {Path(name).relative_to(ROOT)}"
              f"{'  never: ' + ' '.join(map(str, missed)) if missed else ''}")
    idle = [f"{Path(name).relative_to(ROOT)}:{line}" for (name, line), count in kernels.items() if count == 0]
    print(f"{100 * ran / total:6.1f} %  of {total} lines; {len(kernels) - len(idle)} of {len(kernels)} kernels ran")
    if idle:
        sys.exit(f"kernels that never ran: {' '.join(idle)}")
    if ran < SHARE * total:
        sys.exit(f"less than {100 * SHARE:.0f} %")


if __name__ == "__main__":
    main()
