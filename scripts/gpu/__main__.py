"""./gpu: a report of what a card does with this project; bundles that make one on a machine without our packages."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import archive  # noqa: E402
import machine  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402
import summary  # noqa: E402
from runner import Runner  # noqa: E402
from steps import all_steps, rescue  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DONE, INTERNAL, USAGE, DISAGREEMENT, NO_DEVICE = 0, 1, 2, 4, 5
JUDGES = ("doctor", "parity")


class Tree:
    """Where programs and studies are: in a bundle, or in a checkout with its build folder."""

    def __init__(self, root):
        self.root = root
        self.is_bundle = (root / "bin" / "cucurbit").exists()
        build = root / "build" / "cuda"
        self.folders = [root / "bin"] if self.is_bundle else [build / "bin", build / "bench", build / "tests" / "parity"]

    def program(self, name):
        return next((folder / name for folder in self.folders if (folder / name).exists()), self.folders[0] / name)

    def has(self, name):
        return self.program(name).exists()


def say(text):
    print(f"cucurbit: {text}", file=sys.stderr, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="gpu", description=__doc__, allow_abbrev=False)
    parser.add_argument("-o", "--output", default="gpu-report", metavar="DIR", help="the report's folder (%(default)s)")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="M",
                        help="its length at most; limits shrink with it and late steps are left out (%(default)s)")
    parser.add_argument("--only", metavar="STEPS", help="these steps alone, separated by commas; --only list names them")
    parser.add_argument("--cpu-only", action="store_true", help="what can be done without a card")
    parser.add_argument("--pack", metavar="FILE", help="also the whole report as one .tar.xz, written after each step")
    parser.add_argument("--bundle", metavar="FILE", help="pack programs, libraries, studies and this script instead")
    parser.add_argument("--arch", default="", metavar="LIST",
                        help="architectures to build for, such as 90 or '80;90' (this machine's card, or 80 and 90)")
    parser.add_argument("--build", metavar="DIR", help="with --bundle: pack this build folder as it is")
    parser.add_argument("--from", dest="source", metavar="FILE", help="unpack that bundle and run it")
    parser.add_argument("--again", action="store_true", help="write the pages of an existing report's folder again")
    options = parser.parse_args(arguments)
    if options.minutes <= 0:
        parser.error("--minutes must be positive")
    return options


def real_architectures(arch):
    """90 becomes 90-real: code for that card alone."""
    return ";".join(each if "-" in each else f"{each}-real" for each in arch.replace(",", ";").split(";") if each)


def make_bundle(options):
    folder = Path(options.build) if options.build else ROOT / "build" / "cuda"
    if not options.build:
        archive.build(ROOT, real_architectures(options.arch or machine.capability() or "80;90"))
    archive.write_bundle(folder, options.bundle)
    say(f"{options.bundle}: {Path(options.bundle).stat().st_size / 2**20:.1f} MiB; there: "
        f"tar xf {Path(options.bundle).name} && {archive.TOP}/gpu")
    return DONE


def run_from(options, arguments):
    """The bundle's own runner makes the report, with the other options given here."""
    at = arguments.index("--from") if "--from" in arguments else None
    others = arguments[:at] + arguments[at + 2:] if at is not None else \
        [each for each in arguments if not each.startswith("--from=")]
    with tempfile.TemporaryDirectory() as folder:
        tree = archive.unpack(options.source, folder)
        return subprocess.run([str(tree / "gpu"), *others], check=False).returncode


def write_pages(folder):
    summary.write(folder)
    page.write(folder)


def has_card(variables):
    listed = subprocess.run(["cucurbit", "devices", "--format", "csv"], env=variables, timeout=60, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if listed.returncode != 0:
        say(f"the program does not start: {listed.stderr.strip()}")
        raise SystemExit(INTERNAL)
    return "\ncuda:" in listed.stdout


def make_report(options, tree):
    if not tree.is_bundle:
        capability = machine.capability()
        if not capability and not options.cpu_only:
            return refuse()
        archive.build(ROOT, f"{capability}-real" if capability else "")
    variables = machine.environment(tree)
    if not has_card(variables) and not options.cpu_only:
        return refuse()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "started.txt").write_text(time.strftime("%Y-%m-%d %H:%M UTC\n", time.gmtime()))

    def write(where):
        write_pages(where)
        if options.pack:
            archive.pack(where, options.pack, preset=1)

    steps = chosen(all_steps(tree, options.cpu_only), options.only)
    runner = Runner(folder.resolve(), options.minutes, variables, write, say)
    for step in steps:
        well = runner.run(step)
        if step.name == "doctor" and not well and not options.cpu_only:
            runner.run(rescue())
    print((folder / "summary.txt").read_text(encoding="utf-8"), end="")
    say(f"written: {folder}/summary.txt, index.html, table.md")
    return DISAGREEMENT if any(map(is_against, runner.records)) else DONE


def is_against(record):
    """Whether the step ran and speaks against the card: a judge that is not content, or devices that disagree."""
    if record["problem"].startswith("left out"):
        return False
    return record["name"] in JUDGES and bool(record["problem"]) or record["code"] == DISAGREEMENT


def refuse():
    say("no NVIDIA card here: ./gpu --bundle FILE packs the programs for a machine that has one, --cpu-only does the rest")
    return NO_DEVICE


def chosen(steps, only):
    names = [step.name for step in steps]
    if not only:
        return steps
    wanted = only.split(",")
    if not set(wanted) <= set(names):
        say(f"steps are {', '.join(names)}")
        raise SystemExit(DONE if only == "list" else USAGE)
    return [step for step in steps if step.name in wanted]


def main(arguments):
    options = parse(arguments)
    if options.bundle:
        return make_bundle(options)
    if options.source:
        return run_from(options, arguments)
    if options.again:
        write_pages(Path(options.output))
        print(results.text_of(Path(options.output) / "summary.txt"), end="")
        return DONE
    return make_report(options, Tree(ROOT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
