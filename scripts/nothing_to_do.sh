#!/usr/bin/env bash
# nothing_to_do.sh PRESET: fails if setting up and building a second time would install or build anything.
talk=$(
    source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" 2>&1
    { install_packages scripts/packages.txt scripts/packages-test-programs.txt scripts/packages-tests.txt
      install_python python/requirements.txt python/requirements-tests.txt python/requirements-docs.txt python/pyproject.toml
      build "$1"; } 2>&1
) || exit 1
if [ -n "$talk" ]; then
    echo "not up to date after the first run: $talk"
    exit 1
fi
