#!/usr/bin/env bash
# select_tests.sh BUILD: the tests that CI runs, in the form of ctest's --tests-information file: all that are not
# labelled slow and, of the slow ones that are not labelled long too, in order of name, every tenth.
set -euo pipefail
build=$1

# Lines "name number" of ctest's listing under a filter.
listed() { ctest --test-dir "$build" --show-only "$@" | sed -nE 's/^ *Test +#([0-9]+): (.*)$/\2\t\1/p'; }

fast=$(listed --label-exclude slow | cut -f 2)
slow=$(listed --label-regex '^slow$' --label-exclude '^long$' | LC_ALL=C sort | awk -F '\t' 'NR % 10 == 5 { print $2 }')
# An empty range, then the numbers: only they run.
printf '0,0,0'
for number in $fast $slow; do printf ',%s' "$number"; done
printf '\n'
