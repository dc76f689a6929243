#!/bin/sh
# Install the Debian packages that "make demo", "make boards" or "make test" needs:
#
#   install_system_packages.sh demo|boards|test
#
# Without root, or on another system, it does nothing: the demo then uses the simulated board if there
# is no C compiler, and tests that lack a tool say which one.
set -eu

case "${1:-}" in
    demo) packages="gcc libc6-dev make python3-venv" ;;
    boards) packages="gcc-avr avr-libc gcc-arm-none-eabi gcc-riscv64-unknown-elf make" ;;
    test)
        packages="gcc g++ libc6-dev make cmake binutils clang libcmocka-dev"
        packages="$packages gcc-avr avr-libc gcc-arm-none-eabi libnewlib-arm-none-eabi"
        packages="$packages gcc-riscv64-unknown-elf qemu-system-arm qemu-system-misc"
        packages="$packages libsimavr-dev libelf-dev"
        # A big-endian target that runs here: 40 MB to fetch, 180 MB installed, 10 s.
        packages="$packages gcc-hppa-linux-gnu libc6-dev-hppa-cross qemu-user"
        packages="$packages systemd chromium zsh fish ser2net iproute2"
        ;;
    *) echo "usage: $0 demo|boards|test" >&2; exit 2 ;;
esac

[ "$(id -u)" = 0 ] || exit 0
command -v apt-get >/dev/null 2>&1 || exit 0

missing=""
for package in $packages; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed \
        || missing="$missing $package"
done
# venv may come with a Python that is not Debian's.
if python3 -c 'import ensurepip, venv' 2>/dev/null; then
    missing=$(printf '%s' "$missing" | sed 's/ python3-venv//')
fi
[ -n "$missing" ] || exit 0

echo "installing$missing ..."
export DEBIAN_FRONTEND=noninteractive
# A package list that is a little old still works; a missing one does not.
# shellcheck disable=SC2086 # the list is meant to be split
apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
}
