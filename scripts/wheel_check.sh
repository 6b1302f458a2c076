#!/usr/bin/env bash
# wheel_check.sh WHEEL [cuda13] [RELEASE…]: installs a wheel of wheel.sh into an empty virtual environment, without an
# index, and uses the program, the command, the package, its figure and its library; with cuda13 again beside NVIDIA's
# wheels (1.0 GB), which the programs for cards must then find; and all this in a fresh root of each of these releases of
# Debian (bullseye, bookworm, trixie), which needs root and debootstrap. Where Python is older than 3.11, Debian 12's is
# compiled there first. Every table must be the same bytes; the program in build/cpu, if there is one, must give the same
# numbers to 1e-12, and in 5 % of the time.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if [ $# -lt 1 ] || [ ! -f "$1" ]; then
    sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
wheel=$(realpath "$1")
shift
cuda13=
if [ "${1:-}" = cuda13 ]; then
    cuda13=$1
    shift
fi
# What is asked for here would be no machine's own choice.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE CUCURBIT CUCURBIT_PYTHON PYTHONPATH LD_LIBRARY_PATH
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
check=$temporary/check
mkdir -p "$check/links" "$temporary/nvidia"
cp "$wheel" "$check"
cp -r examples/ildiz2025_figure1.toml "$check/study.toml"
python3 -m zipfile -e "$wheel" "$check/unpacked"
find "$check/unpacked/cucurbit" -path '*/bin/*' -exec chmod +x {} +

# Whatever a program or library of the wheel needs must be there by the name that it has there: routines of the bundled
# OpenBLAS begin with a prefix (CUCURBIT_BLAS_PREFIX in cmake/CucurbitDependencies.cmake).
complete() {
    local file lacking
    for file in "$@"; do
        lacking=$(ldd -r "$file" 2>&1 | grep -E 'undefined symbol|not found' || true)
        [ -z "$lacking" ] || { printf '%s\n' "$lacking" >&2; say "${file##*/unpacked/} needs what nothing gives it"; return 1; }
    done
}
complete "$check"/unpacked/cucurbit/{bin/cucurbit,libcucurbit_c.so}

# For the package's figures, in every place: PyPI is asked by this machine alone, for one version of Python.
links() {
    rm -rf "$check/links"
    quietly wheel-links python3 -m pip download --only-binary :all: --dest "$check/links" \
        --python-version "$1" --requirement python/requirements.txt
}

# NVIDIA's wheels, too, which are the same for every Python.
if [ -n "$cuda13" ]; then
    quietly wheel-nvidia python3 -m pip download --only-binary :all: --dest "$temporary/nvidia" "${wheel}[cuda13]"
    rm -f "$temporary"/nvidia/{cucurbit,numpy}-*
fi

# use.sh NVIDIA: offline; NVIDIA is the folder of NVIDIA's wheels, empty where they are not asked for.
cat >"$check/use.sh" <<'INSIDE'
set -euo pipefail
cd "$(dirname "$0")"
nvidia=$1
cucurbit=$PWD/venv/bin/cucurbit

install() {
    venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links links --find-links "$nvidia" \
        "$(echo *.whl)[$1]"
}

# use NAME: what the wheel is for, in a folder of this name.
use() {
    mkdir "$1"
    cp study.toml "$1"
    (
        cd "$1"
        "$cucurbit" doctor | tee doctor
        "$cucurbit" run study.toml --set precision.trials=64 --device cpu --quiet -o run
        "$cucurbit" verify run
        "$cucurbit" export run --format csv >table.csv
        "$cucurbit" plot run -o figure.png
        test -s figure.png
        ../venv/bin/python ../use.py
    )
}

# fails TEXT: what went wrong, and the end.
fails() { echo "$*" >&2; exit 1; }

# The libraries of a program for cards come from NVIDIA's wheels, and nothing is missing.
finds_nvidia() {
    local found
    [ -f "$1" ] || fails "the wheel has no ${1#"$packages/"}: it was built without nvcc 13"
    found=$(ldd -r "$1" 2>&1)
    if grep -E 'undefined symbol|not found' <<<"$found" >&2; then fails "$1 needs what nothing gives it"; fi
    grep -q 'libcublas.*site-packages' <<<"$found" || fails "$1 is not for cards"
    if grep -E 'lib(cu|nv)' <<<"$found" | grep -v "$packages/" >&2; then
        fails "$1 does not find this in NVIDIA's wheels"
    fi
}

[ -d venv ] || python3 -m venv venv
install plots
use without
[ -n "$(ls "$nvidia")" ] || exit 0

install plots,cuda13
packages=$(venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
finds_nvidia "$packages/cucurbit/cuda/bin/cucurbit"
finds_nvidia "$packages/cucurbit/cuda/libcucurbit_c.so"
use with
cmp without/table.csv with/table.csv
[ ! -e /proc/driver/nvidia ] || exit 0
why='this machine has no NVIDIA driver'
grep -q "^cards .*no card: $why" with/doctor || fails "doctor does not say that $why"
code=0
"$cucurbit" run study.toml --device cuda -o card 2>message || code=$?
cat message
[ $code = 5 ] || fails "a run on cards ends with exit code $code"
[ "$(grep -c "$why" message)" = 1 ] && [ "$(wc -l <message)" = 1 ] || fails "its message is not one line on the driver"
INSIDE

cat >"$check/use.py" <<'PYTHON'
import numpy as np
import cucurbit as cb
from cucurbit import library
from cucurbit.program import find_program
assert "site-packages/cucurbit/" in find_program(), find_program()
study = cb.Study("model_shift", p=40, spectrum=cb.power_law(1.5), signal=cb.power_law(1.5), n=[8, 16], noise_std=0.2,
                 arms=["standard"], trials=64)
assert len(study.run("mine", quiet=True).table) > 0
assert len(cb.load("run")) > 0
assert "site-packages/cucurbit/" in library.load()._name, library.load()._name
X, Y = np.random.default_rng(1).standard_normal((2, 8, 20, 30))
fits = cb.minnorm(X, Y)
assert (fits.status == "ok").all() and (fits.rank == 20).all()
assert np.allclose(fits.coefficients, np.linalg.pinv(X) @ Y)
clipped = cb.labels("clipped", 1, lambda rows, labels: labels.clip(-1, 1))
own = cb.Study.graph(cb.Fit("own", cb.Rows("rows", n=20), labels=clipped), p=40, spectrum=cb.power_law(1.5),
                     signal=cb.power_law(1.5), trials=64)
assert len(own.run("own", quiet=True).table) > 0
PYTHON

links "$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
say "in a virtual environment"
cp -r "$check" "$temporary/venv"
bash "$temporary/venv/use.sh" "$temporary/nvidia"

# python_for ROOT RELEASE: Debian 12's Python, compiled in another root of this release, as /opt/python of a root.
python_for() {
    local builder=$temporary/$2-python
    say "compiling Python 3.11 for Debian $2: minutes"
    quietly "debootstrap-$2-python" debootstrap --variant=minbase --include=gcc,libc6-dev,libffi-dev,make,zlib1g-dev \
        "$2" "$builder"
    mkdir -p "$builder/source/lists"
    # From the mirror that debootstrap has used.
    awk '$1 == "deb" {
        print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $2, "bookworm main"; exit
    }' "$builder/etc/apt/sources.list" >"$builder/source/sources.list"
    (
        cd "$builder/source"
        options=(-o "Dir::Etc::sourcelist=$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null
            -o "Dir::State::Lists=$PWD/lists" -o APT::Sandbox::User=root)
        apt-get -qq "${options[@]}" update
        apt-get -qq "${options[@]}" source --download-only python3.11
        tar xf python3.11_*.orig.tar.*
    )
    quietly "python-$2" chroot "$builder" bash -c 'cd /source/Python-* && ./configure --prefix=/opt/python \
        --disable-test-modules && make -j "$(nproc)" && make install'
    cp -r "$builder/opt/python" "$1/opt/"
    rm -rf "$builder"
}
for release in "$@"; do
    say "in a fresh root of Debian $release"
    fresh=$temporary/$release
    quietly "debootstrap-$release" debootstrap --variant=minbase --include=python3-venv "$release" "$fresh"
    chroot "$fresh" python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || python_for "$fresh" "$release"
    links "$(PATH=/opt/python/bin:$PATH chroot "$fresh" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    cp -r "$check" "$fresh/check"
    mkdir "$fresh/nvidia"
    # The mounts end with their name space, and so does the network.
    unshare --mount --net bash -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
        mount --bind "$1" "$0/nvidia" &&
        exec env --ignore-environment HOME=/root PATH=/opt/python/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            chroot "$0" bash /check/use.sh /nvidia' "$fresh" "$temporary/nvidia"
    cmp "$temporary/venv/without/table.csv" "$fresh/check/without/table.csv"
    rm -rf "$fresh"
done
say "every table is the same bytes"

built=$root/build/cpu/bin/cucurbit
[ -x "$built" ] || exit 0
cd "$temporary"
export OPENBLAS_NUM_THREADS=1 # as the command and the package set it
for place in venv built venv built venv built venv built venv built; do
    program=$built
    [ $place = built ] || program=$temporary/venv/unpacked/cucurbit/bin/cucurbit
    TIMEFORMAT="$place %U"
    rm -rf "run-$place"
    { time "$program" run check/study.toml --set precision.trials=64 --threads 1 --quiet -o "run-$place"; } 2>>times
done
"$built" export run-built --format csv >built.csv
python3 - venv/without/table.csv built.csv <<'PYTHON'
import csv, sys
tables = [list(csv.reader(open(name))) for name in sys.argv[1:]]
def difference(a, b):
    if a == b:
        return 0.0
    a, b = float(a), float(b)
    return abs(a - b) / max(abs(a), abs(b))
names = tables[0][0]
assert names == tables[1][0] and len(tables[0]) == len(tables[1])
for column in ("estimate", "std_err", "theory"):
    at = names.index(column)
    worst = max(difference(a[at], b[at]) for a, b in zip(tables[0][1:], tables[1][1:]))
    print(f"{column}: {len(tables[0]) - 1} rows, at most {worst:.1e} relative from build/cpu")
    assert worst < 1e-12, column
seconds = {"venv": [], "built": []}
for line in open("times"):
    place, time = line.split()
    seconds[place].append(float(time))
wheel, built = (min(seconds[place]) for place in ("venv", "built"))
print(f"processor time, the least of five: {wheel} s, build/cpu {built} s")
assert wheel < 1.05 * built
PYTHON
