# fresh_roots.sh FOLDER: the wheel in this folder in fresh roots of Debian 11, 12 and 13, also with NVIDIA's wheels where it
# computes on cards.
set -euo pipefail
wheel=$(echo "$1"/*.whl)
files=$(python3 -m zipfile -l "$wheel")
cuda13=
if grep -q '^cucurbit/cuda/' <<<"$files"; then cuda13=cuda13; fi
exec scripts/wheel_check.sh "$wheel" $cuda13 bullseye bookworm trixie
