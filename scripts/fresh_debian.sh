#!/usr/bin/env bash
# fresh_debian.sh FOLDER [MIRROR]: builds an empty Debian 12 root in FOLDER with debootstrap, clones the committed
# sources there, and runs the README's two commands in it; run again, neither may install or build. Needs root and
# the package debootstrap. MIRROR, apt's configuration, certificates and proxy settings are those of this machine unless given.
set -euo pipefail

if [ $# -lt 1 ] || [ "$(id -u)" != 0 ]; then
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
fi
sources=$(cd "$(dirname "$0")/.." && pwd)
fresh=$(realpath -m "$1")
mirror=${2:-}
if [ -e "$fresh" ] && [ -n "$(ls -A "$fresh")" ]; then
    echo "$fresh is not empty" >&2
    exit 2
fi

# shellcheck disable=SC2086
debootstrap --variant=minbase bookworm "$fresh" $mirror >/dev/null

# How this machine reaches its registries.
if [ -z "$mirror" ]; then
    cp -r /etc/apt/sources.list /etc/apt/sources.list.d "$fresh/etc/apt/" 2>/dev/null || true
fi
for path in /etc/apt/auth.conf.d /etc/pip.conf /etc/hosts /etc/resolv.conf /etc/ssl/certs \
    /usr/local/share/ca-certificates; do
    if [ -e "$path" ]; then
        mkdir -p "$fresh$(dirname "$path")"
        cp -rL "$path" "$fresh$(dirname "$path")/"
    fi
done
grep -rhsE '^ *Acquire::' /etc/apt/apt.conf /etc/apt/apt.conf.d >"$fresh/etc/apt/apt.conf.d/90host" || true
kept=$(env | grep -E '^(PIP_|SSL_CERT|REQUESTS_CA|CURL_CA|OPENBLAS_|[A-Za-z]+_(proxy|PROXY)=)' || true)

git clone --quiet --no-local "$sources" "$fresh/root/cucurbit"

unmount() { umount --lazy "$fresh/proc" "$fresh/dev" 2>/dev/null || true; }
trap unmount EXIT
mount -t proc proc "$fresh/proc"
mount --rbind /dev "$fresh/dev"
mount --make-rslave "$fresh/dev"

inside() {
    local environment=()
    [ -z "$kept" ] || mapfile -t environment <<<"$kept"
    env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "${environment[@]}" \
        chroot "$fresh" /bin/bash -c "cd /root/cucurbit && $1"
}

# timed COMMAND: the command's seconds on stderr.
timed() {
    local start=$SECONDS
    inside "$1"
    echo "$1: $((SECONDS - start)) s" >&2
}
# What installing and building leave, with times.
state() {
    inside 'find build .venv -type f \( -name "*.o" -o -name "*.a" -o -path "*/bin/*" -o -path ".venv/*" \) \
        ! -name "*.pyc" -printf "%p %T@\n" | LC_ALL=C sort; stat --format "%n %y" /var/lib/dpkg/status'
}

# again COMMAND: neither installs nor builds.
again() {
    state >"$fresh/root/first"
    timed "$1"
    state >"$fresh/root/second"
    diff "$fresh/root/first" "$fresh/root/second" >&2 || { echo "$1: installed or built again" >&2; exit 1; }
}

timed './figure1 >figure1.txt'
tail -n 5 "$fresh/root/cucurbit/figure1.txt"
find "$fresh/root/cucurbit/runs" -name '*.png' -size +10k | grep . || { echo "no figure" >&2; exit 1; }
again './figure1 >figure1.txt'
timed ./test
again './test --tests-regex "^unit_table"'
again './figure1 >figure1.txt'
