# Sourced by ./figure1 and ./test: installs what is missing and builds. Each step says one line on
# stderr when it has something to do, keeps its output in build/log/ and shows it only if it fails.

set -euo pipefail
# What a script does stands at its top.
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv=$root/.venv
export DEBIAN_FRONTEND=noninteractive
# Where ccache is installed, clones in different folders share what it keeps.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=true
mkdir -p build/log

say() { echo "cucurbit: $*" >&2; }

# quietly NAME COMMAND…: the command's output goes to build/log/NAME.log.
quietly() {
    local log=build/log/$1.log
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 60 "$log" >&2
        say "failed: $* (all output: $log)"
        return 1
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env=DEBIAN_FRONTEND "$@"
    else
        say "this needs root or sudo: $*"
        return 1
    fi
}

packages_installed=no
# install_packages LIST…: the Debian packages of these files that dpkg does not know as installed.
install_packages() {
    local wanted missing
    wanted=$(cat "$@" | sed 's/#.*//' | xargs)
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system; taken as installed: $wanted"
        return
    fi
    # shellcheck disable=SC2086
    missing=$(comm -23 <(printf '%s\n' $wanted | sort) <(installed_packages $wanted | sort))
    [ -n "$missing" ] || return 0
    # The password, if sudo wants one, is asked before output is hidden.
    as_root true
    say "installing Debian packages:" $missing
    quietly apt-update as_root apt-get update
    # shellcheck disable=SC2086
    quietly apt-install as_root apt-get install --yes --no-install-recommends \
        -o DPkg::Lock::Timeout=300 $missing
    packages_installed=yes
}

installed_packages() {
    dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' || true
}

# install_python FILE…: a virtual environment with what these requirements files name, or the package that a
# pyproject.toml describes; each is installed again when its text, or the folder of the sources, changes.
install_python() {
    local file done_file what
    for file in "$@"; do
        done_file=$venv/installed/${file//\//-}
        if { echo "$root"; cat "$file"; } | cmp --silent - "$done_file"; then
            continue
        fi
        say "installing $file into ${venv#"$root"/}"
        # Debian's own interpreter has the venv module that packages.txt names; another in PATH may not.
        [ -x "$venv/bin/pip" ] || quietly venv /usr/bin/python3 -m venv "$venv"
        what=(--only-binary :all: --requirement "$file")
        if [ "$(basename "$file")" = pyproject.toml ]; then
            what=(--no-deps --editable "$(dirname "$file")")
        fi
        quietly pip "$venv/bin/python" -m pip install --disable-pip-version-check "${what[@]}"
        mkdir -p "$venv/installed"
        { echo "$root"; cat "$file"; } >"$done_file"
    done
}

# say_steps LOG: how many of a build's steps are done, every 15 s until it is killed.
say_steps() {
    local steps
    while sleep 15; do
        steps=$(tail --bytes 2000 "$1" 2>/dev/null | grep -oE '^\[[0-9]+/[0-9]+\]' | tail -n 1 | tr -d '[]' || true)
        [ -z "$steps" ] || say "built ${steps/\// of }"
    done
}

# Seconds that the calls of build took.
building=0
# -DNAME=VALUE …: what a script's builds are configured with besides their preset.
wanted=()
# is_configured PRESET: whether its build folder is up to date with packages, presets and what is wanted.
is_configured() {
    local option name
    [ "$packages_installed" = no ] && [ -e "build/$1/build.ninja" ] || return 1
    [ ! CMakePresets.json -nt "build/$1/build.ninja" ] || return 1
    for option in "${wanted[@]}"; do
        name=${option%%=*}
        grep -q "^${name#-D}:[A-Z]*=${option#*=}$" "build/$1/CMakeCache.txt" || return 1
    done
}
# build PRESET [TARGET…]: configures when it must, then builds.
build() {
    local preset=$1 start=$SECONDS
    shift
    if ! is_configured "$preset"; then
        say "configuring build/$preset"
        quietly "configure-$preset" cmake --preset "$preset" "${wanted[@]}"
        touch "build/$preset/build.ninja"
    fi
    # A dry run would not tell whether there is work: with globbed folders it always says so.
    local log=build/log/build-$preset.log
    [ -e "$log" ] || say "building in build/$preset: minutes, the first time"
    say_steps "$log" &
    local steps=$!
    quietly "build-$preset" ninja -C "build/$preset" "$@" || { kill "$steps"; return 1; }
    kill "$steps"
    grep -q 'no work to do' "$log" || say "built build/$preset in $((SECONDS - start)) s"
    building=$((building + SECONDS - start))
}
