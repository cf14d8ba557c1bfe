#!/usr/bin/env bash
# Installs, with apt-get, the Debian packages that the tests need and that are missing:
# the real servers, a browser, and what mysqlclient is compiled with.
#
#   bash tests/services/install.sh
#
# Nothing missing: nothing is done. As root, or where sudo asks no password, they are installed.
# Elsewhere one sentence names them; that is no failure on a developer's machine (the tests that
# need them are skipped) but it is one in CI, where a skipped test would look like a passed one.
set -euo pipefail

packages=(
    mosquitto mosquitto-clients                           # the broker, and clients of another make
    mariadb-server-core                                   # the database's programs, without a service
    mariadb-client-core                                   # my_print_defaults, which its set-up calls
    redis-server redis-tools                              # the channel layer
    gettext                                               # collects and compiles translations
    chromium                                              # the browser that opens the pages
    gcc libc6-dev python3-dev libmariadb-dev pkg-config   # to compile mysqlclient
)
policy=/usr/sbin/policy-rc.d

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
            echo "$package"
        fi
    done
}

# Ends the script with the one sentence; the exit code says whether that matters here.
give_up() {
    echo "Some tests need packages that are missing here; to run them too: $1" >&2
    [[ -z "${CI:-}" ]] && exit 0
    exit 1
}

# Debian starts a server as soon as it is installed, unless policy-rc.d says 101 (forbidden).
# One that is already there is the machine's own: it is neither replaced nor removed.
forbid_service_starts() {
    if [[ -e $policy ]]; then
        return
    fi
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

# The tests start servers of their own: the ones just installed stay off after a reboot, too.
keep_off_at_boot() {
    local service
    [[ -d /run/systemd/system ]] || return 0
    for service in mosquitto redis-server; do
        if [[ " ${missing[*]} " == *" $service "* ]]; then
            as_root systemctl --quiet disable "$service" || true
        fi
    done
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# Quiet, without questions, waiting for an apt-get that somebody else runs; its words only if it fails.
apt_get() {
    local output
    if ! output=$(as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" 2>&1 </dev/null); then
        echo "$output" >&2
        return 1
    fi
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    give_up "install the counterparts of ${packages[*]} (this script knows Debian's apt-get only)."
fi
mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi
if [[ $EUID -ne 0 ]] && ! sudo -n true 2>/dev/null; then
    give_up "sudo apt-get install ${missing[*]}"
fi

echo "Installing for the tests: ${missing[*]}"
# Somebody else's update may hold the lists' lock; the lists at hand will mostly do.
apt_get update || echo "apt-get update failed: trying with the package lists at hand." >&2
forbid_service_starts
apt_get install --no-install-recommends --yes "${missing[@]}" || give_up "apt-get install ${missing[*]}"
keep_off_at_boot
