#!/usr/bin/env bash
# docs.sh [FOLDER]: builds the site of docs/, of the README and of the other pages beside it into FOLDER (default:
# build/docs/html), to be read from there without a network. Where the program is built or installed, notebooks are run.
# Needs Python 3.11 with its module venv and, for the C++ headers, Doxygen.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

folder=$(realpath -m "${1:-build/docs/html}")
install_packages scripts/packages-docs.txt
install_python python/requirements.txt python/requirements-docs.txt
quietly docs "$venv/bin/sphinx-build" -q -W --keep-going -c docs -d build/docs/read . "$folder"
cp "$folder/README.html" "$folder/index.html"
say "wrote $folder/index.html"
