#!/usr/bin/env bash
# build.sh ARCHITECTURES TARGET…: builds the preset cuda for these GPUs (none given: as configured, or the default).
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

architectures=$1
shift
install_packages scripts/packages.txt scripts/packages-test-programs.txt
if [ -n "$architectures" ] && ! grep -qsx "CMAKE_CUDA_ARCHITECTURES:[A-Z]*=$architectures" build/cuda/CMakeCache.txt; then
    say "configuring build/cuda for $architectures"
    quietly configure-cuda cmake --preset cuda -DCMAKE_CUDA_ARCHITECTURES="$architectures"
fi
build cuda "$@"
