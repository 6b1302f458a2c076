"""The steps of a report, essentials first. Each is a command of a program of ours or of the toolkit; what they
write is read by results.py."""

import importlib.util
import json
import shlex
import shutil
from pathlib import Path

import results
from runner import Step

HERE = Path(__file__).parent
STUDIES = json.loads((HERE / "studies.json").read_text())

ENVIRONMENT = r"""
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current --format=csv
nvidia-smi
cucurbit --version
nvcc --version
ldd "$(command -v cucurbit)"
env | grep -E '^(CUBLAS|CUDA|CUSOLVER|NVIDIA_TF32|OMP|OPENBLAS)_'
lscpu; head -n 3 /proc/meminfo; nproc
python3 -c 'import importlib.metadata as m
for name in ("torch", "jax", "cupy-cuda13x", "cupy-cuda12x"):
    try: print(name, m.version(name))
    except m.PackageNotFoundError: pass'
true"""

# Four shards of each program at once; the list of its cases says how many there should be.
PARITY = r"""
for program in %(programs)s; do
    $program --gtest_list_tests >$program.cases
    for shard in 0 1 2 3; do
        GTEST_TOTAL_SHARDS=4 GTEST_SHARD_INDEX=$shard $program --gtest_filter='*%(engine)s*' \
            --gtest_color=no >$program.$shard.txt 2>&1 &
    done
done
wait"""

FIGURE = r"""
runs=$(mktemp -d); trap 'rm -rf $runs' EXIT; TIMEFORMAT='seconds %%R'
time cucurbit run "$EXAMPLES/ildiz2025_figure1.toml" --device %(device)s -o $runs/run >/dev/null || exit
cucurbit export $runs/run --format csv >figure1_%(device)s.csv
cucurbit status $runs/run --manifest
cucurbit compare $runs/run >/dev/null"""

# A profile of every distinct launch of these operations, as text too.
PROFILE = r"""
ncu --clock-control none --section SpeedOfLight --section Occupancy --section LaunchStats \
    --filter-mode per-launch-config --launch-count 1 -f -o kernels \
    "$(command -v cuda_bench)" --benchmark_min_time=0.001 \
    --benchmark_filter='operations/(draw|gram|cholesky|invert_lower|solve_lower|combine|gains)/n:480'
ncu --import kernels.ncu-rep --csv --page details >kernels.csv"""

SANITIZER = r"""
compute-sanitizer --tool %(tool)s %(options)s --error-exitcode 3 "$(command -v cucurbit)" doctor --device cuda"""


def all_steps(tree, cpu_only):
    """Every step in order, those that this machine cannot do with the reason."""
    has_card = not cpu_only
    steps = [
        Step("environment", 30, ENVIRONMENT),
        Step("devices", 30, 'cucurbit devices --format csv >devices.csv'),
        doctor(has_card),
        parity(tree, has_card),
        card_step("ceilings", 60, peers("ceilings"), has_card, no_torch()),
        card_step("operations", 110, operations(), has_card, lacks(tree, "cuda_bench"), results.operations_problem),
        Step("figure1_cpu", 60, FIGURE % {"device": "cpu"}),
        card_step("figure1_cuda", 60, FIGURE % {"device": "cuda"}, has_card),
    ]
    steps += [bench(study, has_card) for study in STUDIES]
    steps += [plan(study, has_card) for study in STUDIES]
    steps += [
        card_step("peers", 60, peers("curve"), has_card, no_torch(), results.peers_problem),
        card_step("profile", 60, PROFILE, has_card, lacks_tool("ncu") or lacks(tree, "cuda_bench")),
        card_step("memcheck", 60, SANITIZER % {"tool": "memcheck", "options": "--leak-check full"}, has_card,
                  lacks_tool("compute-sanitizer")),
        card_step("racecheck", 60, SANITIZER % {"tool": "racecheck", "options": "--kernel-regex kns=cucurbit"}, has_card,
                  lacks_tool("compute-sanitizer")),
    ]
    return steps


def rescue():
    """What follows a doctor who finds the card's engine bad, at once."""
    return Step("doctor_memcheck", 60, "export CUDA_LAUNCH_BLOCKING=1" + SANITIZER % {"tool": "memcheck", "options": ""},
                lacks_tool("compute-sanitizer"))


def card_step(name, limit, command, has_card, why_not="", check=lambda folder: ""):
    return Step(name, limit, command, why_not if has_card else "no card", check)


def doctor(has_card):
    return Step("doctor", 60, f'cucurbit doctor --device {"cuda" if has_card else "cpu"} --format csv >doctor.csv',
                check=results.doctor_problem)


def parity(tree, has_card):
    programs = [name for name in ("parity_operations", "parity_settings") if tree.has(name)]
    why_not = "" if programs else "no parity programs"
    engine = "cuda" if has_card else "cpu"
    return Step("parity", 120, PARITY % {"programs": " ".join(programs), "engine": engine}, why_not,
                lambda folder: results.parity_problem(folder, engine))


def operations():
    return ("cuda_bench --benchmark_min_time=0.05 --benchmark_out=operations.json "
            "--benchmark_out_format=json")


def bench(study, has_card):
    devices = "cpu,cuda:0" if has_card else "cpu"
    return Step(f"study_{study['name']}", 40, f'cucurbit bench {arguments(study)} --devices {devices} --seconds 1.5 '
                f"--format csv >study_{study['name']}.csv")


def plan(study, has_card):
    return Step(f"plan_{study['name']}", 20, f'cucurbit plan {arguments(study)} --device cuda --format csv '
                f">plan_{study['name']}.csv")


def arguments(study):
    settings = " ".join(f"--set {shlex.quote(each)}" for each in study["set"])
    return f'"$EXAMPLES/{study["study"]}.toml" {settings}'


def peers(what):
    """With the libraries that the user's PyTorch finds by itself."""
    return (f'cucurbit theory "$EXAMPLES/ildiz2025_figure1.toml" --coordinates --format csv >coordinates.csv\n'
            f'LD_LIBRARY_PATH=$LIBRARIES_AS_FOUND python3 {shlex.quote(str(HERE / "peers.py"))} {what} coordinates.csv')


def no_torch():
    return "" if importlib.util.find_spec("torch") else "no PyTorch"


def lacks(tree, program):
    return "" if tree.has(program) else f"no {program}"


def lacks_tool(name):
    return "" if shutil.which(name) or Path("/usr/local/cuda/bin", name).exists() else f"no {name}"
