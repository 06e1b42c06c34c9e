#!/bin/sh
# Sees to the programs the sidecar needs from the system, and installs through apt-get what is missing.
# Prints one line to stdout: the Python to make the virtual environment with. Everything for people goes to stderr.
#
#   tesseract-ocr      reads page images; Debian's package brings the data for English along
#   poppler-utils      turns PDF pages into images
#   fonts-dejavu-core  draws the practice documents
#   python3-venv       Python 3.11 or newer that can make virtual environments
#
# With the word "browser" it sees to what only tests and screenshots need, and prints nothing:
#
#   chromium           looks at the dashboard as a person does; without it those tests are left out
set -eu

say() { echo "$*" >&2; }

has() { command -v "$1" >/dev/null 2>&1; }

has_english() { tesseract --list-langs 2>&1 | grep -qx eng; }

has_font() {
    for folder in "${XDG_DATA_HOME:-$HOME/.local/share}/fonts" /usr/share/fonts /usr/local/share/fonts \
        /Library/Fonts "$HOME/Library/Fonts"; do
        [ -z "$(find -L "$folder" -name DejaVuSans.ttf 2>/dev/null | head -n 1)" ] || return 0
    done
    return 1
}

# Prints the first Python that will do: the one the owner named, else the one on PATH, else a newer or the system's own.
find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        "$name" -c '
import sys
if sys.version_info < (3, 11):
    sys.exit("too old")
import ensurepip, venv
print(sys.executable)' 2>/dev/null && return 0
    done
    return 1
}

missing_packages() {
    has tesseract && has_english || echo tesseract-ocr tesseract-ocr-eng
    has pdftoppm && has pdftotext && has pdfinfo || echo poppler-utils
    has_font || echo fonts-dejavu-core
    [ -n "${PYTHON:-}" ] || find_python >/dev/null || echo python3 python3-venv
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@" >&2
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@" >&2
    fi
}

apt_install() {
    # Waits for the lock: a machine that was just started often updates itself.
    as_root apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"
}

install_packages() {
    if ! has apt-get; then
        say "Missing on this machine, which has no apt-get: $*"
        say "Install them with your own package manager (the names are Debian's), then run make again."
        return 1
    fi
    if [ "$(id -u)" != 0 ] && ! has sudo; then
        say "Missing on this machine: $*"
        say "There is no sudo. As root, run:  apt-get update && apt-get install --yes $*"
        return 1
    fi
    say "Installing from the system's packages: $*"
    if apt-cache show "$@" >/dev/null 2>&1 && apt_install "$@"; then
        return 0
    fi
    say "The package lists are missing or old: fetching them."
    as_root apt-get -o DPkg::Lock::Timeout=300 update && apt_install "$@" && return 0
    say "apt-get could not install: $*"
    say "Its own words stand above. Most often this machine has no network, or sudo wants a password."
    return 1
}

if [ "${1:-}" = browser ]; then
    has chromium || [ -n "${BROWSER_PROGRAM:-}" ] || install_packages chromium || {
        say "There is no Chromium: the tests in a browser are left out. BROWSER_PROGRAM=/path names one."
        exit 1
    }
    exit 0
fi

missing=$(missing_packages)
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  # several package names
    install_packages $missing
fi
if ! find_python; then
    say "Python 3.11 or newer with its venv module is needed; ${PYTHON:-python3} is not:"
    say "  $(${PYTHON:-python3} --version 2>&1 | head -n 1)"
    say "Install a newer Python and name it, for example:  make demo PYTHON=python3.12"
    exit 1
fi
missing=$(missing_packages)
if [ -n "$missing" ]; then
    say "Installed, and still not found on this machine: $missing"
    exit 1
fi
