#!/bin/sh
# Fetches language data for Tesseract to compare: `sh scripts/tessdata.sh FOLDER` makes FOLDER/fast and FOLDER/exact.
#
#   fast   what Debian packages (tessdata_fast), by apt-get; without it the system's own data is read
#   exact  best_int: the slower, more exact networks in whole numbers, by npm, as the image has them
#
# Needs no root and installs nothing. What cannot be fetched is left out, and the benchmark says so.
set -eu

LANGUAGES="eng deu"

say() { echo "$*" >&2; }

fast() {
    for language in $LANGUAGES; do
        apt-get download --quiet=2 "tesseract-ocr-$language" || return 1
        dpkg-deb --extract "tesseract-ocr-${language}"_*.deb debian || return 1
    done
    mv debian/usr/share/tesseract-ocr/*/tessdata fast
}

exact() {
    mkdir exact
    for language in $LANGUAGES; do
        npm pack --silent "@tesseract.js-data/$language@1.0.0" >&2 || return 1
        tar -xzf "tesseract.js-data-$language-1.0.0.tgz" "package/4.0.0_best_int/$language.traineddata.gz" || return 1
        gunzip -c "package/4.0.0_best_int/$language.traineddata.gz" >"exact/$language.traineddata" || return 1
    done
}

mkdir -p "$1"
target=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for kind in fast exact; do
    [ -d "$target/$kind" ] && continue
    if $kind; then
        mv "$kind" "$target/"
    else
        rm -rf "$kind"
        say "The $kind language data could not be fetched; what needs it is left out."
    fi
done
