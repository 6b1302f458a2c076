#!/usr/bin/env python3
"""Applies the mutations of a TOML file one at a time and fails if one survives the tests.

Each [[mutation]] has a name, a file, `find` (text that must occur exactly once in it), `replace`, and `tests`: the
test programs to run until one fails. `filter` says which of their cases run, and `standin` is the environment's
CUCURBIT_STANDIN for them. The tree is copied into the build folder and built there incrementally; the
source is never touched.

Exit codes: 0 all killed, 1 some survived, 2 the list or the unmutated tree is wrong.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

TEST_SECONDS = 600  # a mutant that hangs is as dead as one that fails


class Wrong(Exception):
    """The list or the tree is wrong, so nothing can be said about the tests."""


def tracked_files(source: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=source, capture_output=True, check=True).stdout
    return [Path(name) for name in listed.decode().split("\0") if name]


def refuse_to_copy_into_itself(source: Path, folder: Path) -> None:
    if not folder.is_relative_to(source):
        return
    ignored = subprocess.run(["git", "check-ignore", "-q", folder], cwd=source, check=False)
    if ignored.returncode != 0:
        raise Wrong(f"{folder} would be copied into itself: choose a folder outside {source}")


def copy_tree(source: Path, tree: Path) -> None:
    """Makes `tree` equal to the source, touching only what differs so that builds stay incremental."""
    wanted = {name for name in tracked_files(source) if (source / name).is_file()}
    for old in [path for path in tree.rglob("*") if path.is_file()]:
        if old.relative_to(tree) not in wanted:
            old.unlink()
    for name in wanted:
        content = (source / name).read_bytes()
        copy = tree / name
        if not copy.exists() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            shutil.copymode(source / name, copy)


def load(listing: Path, source: Path) -> list[dict]:
    with listing.open("rb") as file:
        mutations = tomllib.load(file)["mutation"]
    names = [mutation["name"] for mutation in mutations]
    if len(set(names)) != len(names):
        raise Wrong("two mutations share a name")
    for mutation in mutations:
        path = source / mutation["file"]
        found = path.read_text().count(mutation["find"]) if path.is_file() else -1
        if found != 1:
            what = "there is no such file" if found < 0 else f"found {found} times, not once"
            raise Wrong(f"{mutation['name']}: {mutation['file']}: {what}: {mutation['find']!r}")
        if mutation["find"] == mutation["replace"] or not mutation["tests"]:
            raise Wrong(f"{mutation['name']}: changes nothing or names no tests")
    return mutations


class Tree:
    """The copy and its build."""

    def __init__(self, folder: Path, jobs: int):
        self.tree = folder / "tree"
        self.build = folder / "build"
        self.jobs = jobs

    def configure(self) -> None:
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        self._run(["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja",
                   "-DCMAKE_BUILD_TYPE=Release", "-DCUCURBIT_CUDA=OFF", *launcher], "configuring")

    def make(self, target: str) -> None:
        self._run(["ninja", "-C", self.build, f"-j{self.jobs}", target], f"building {target}")

    def passes(self, target: str, cases: str, standin: str) -> bool:
        """Whether these cases of the test program pass; the first failure ends it."""
        programs = [path for path in self.build.glob(f"tests/*/{target}") if os.access(path, os.X_OK)]
        if len(programs) != 1:
            raise Wrong(f"{len(programs)} test programs are called {target}")
        try:
            done = subprocess.run([programs[0], "--gtest_fail_fast", "--gtest_brief=1",
                                   f"--gtest_filter={cases}"],
                                  cwd=programs[0].parent, capture_output=True,
                                  env={**os.environ, "CUCURBIT_STANDIN": standin},
                                  timeout=TEST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    @staticmethod
    def _run(command: list, doing: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Wrong(f"{doing} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def how(mutation: dict) -> tuple[str, str]:
    """The cases to run, all where it names none, and the stand-in's settings."""
    return mutation.get("filter", "*"), mutation.get("standin", "")


def survives(tree: Tree, mutation: dict) -> bool:
    path = tree.tree / mutation["file"]
    original = path.read_text()
    path.write_text(original.replace(mutation["find"], mutation["replace"]))
    try:
        for target in mutation["tests"]:
            tree.make(target)
            if not tree.passes(target, *how(mutation)):
                return False
        return True
    finally:
        path.write_text(original)


def check_unmutated(tree: Tree, mutations: list[dict]) -> None:
    runs = {(target, *how(mutation)) for mutation in mutations for target in mutation["tests"]}
    for target, cases, standin in sorted(runs):
        tree.make(target)
        if not tree.passes(target, cases, standin):
            raise Wrong(f"{target} fails on the tree without mutations: {cases}")


def run(arguments: argparse.Namespace) -> int:
    mutations = load(arguments.mutations, arguments.source)
    if arguments.only:
        mutations = [mutation for mutation in mutations if arguments.only == mutation["name"]]
        if not mutations:
            raise Wrong(f"no mutation is called {arguments.only}")
    if arguments.check:
        print(f"{len(mutations)} mutations, each found once")
        return 0
    tree = Tree(arguments.build.resolve(), arguments.jobs)
    refuse_to_copy_into_itself(arguments.source.resolve(), tree.build)
    copy_tree(arguments.source, tree.tree)
    tree.configure()
    check_unmutated(tree, mutations)
    survivors = []
    for mutation in mutations:
        start = time.monotonic()
        alive = survives(tree, mutation)
        if alive:
            survivors.append(mutation["name"])
        print(f"{'SURVIVED' if alive else 'killed':8}  {time.monotonic() - start:5.0f} s  "
              f"{mutation['name']}", flush=True)
    print(f"{len(mutations)} mutations, {len(survivors)} survived")
    return 1 if survivors else 0


def main() -> int:
    here = Path(__file__).resolve()
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--source", type=Path, default=here.parents[2])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--build", type=Path, help="folder for the copy and its build")
    what.add_argument("--check", action="store_true", help="only look for the places to change")
    parser.add_argument("--mutations", type=Path, default=here.parent / "mutations.toml")
    parser.add_argument("--only", metavar="NAME", help="the mutation of this name alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    try:
        return run(parser.parse_args())
    except Wrong as wrong:
        print(f"mutations: {wrong}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
