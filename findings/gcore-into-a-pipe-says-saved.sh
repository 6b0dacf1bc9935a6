#!/usr/bin/env bash
# gdb's gcore: into a pipe it writes nothing, says that the core is saved and ends with status 0.
#
# Versions: gdb-minimal 13.1 (Debian 12).
# Behaviour: gcore's file must be one that can be sought in. Given a FIFO, to compress a core while it is written (a core of a Go process is many
#   times its resident memory, for reserved address space is written as zeros), it warns that it cannot close the file ("Illegal
#   seek"), then prints "Saved corefile" and succeeds. The reader of the pipe got no byte. So a script cannot compress on the way, and
#   must look at the output, not at the status.
# Seen:
#   status 0, "Saved corefile", 0 bytes through the pipe
# Needs Debian 12 with apt-get download, and the right to trace.
set -euo pipefail
work=$(mktemp -d)
trap 'kill -KILL ${pid:-} 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

(apt-get download -qq gdb-minimal=13.1-3 libipt2=2.0.5-1 >/dev/null 2>&1
    for package in *.deb; do dpkg-deb --extract "$package" gdb; done)
gdb() { LD_LIBRARY_PATH=$(echo gdb/usr/lib/*-linux-gnu) gdb/usr/bin/gdb "$@"; }

sleep 600 &
pid=$!
mkfifo pipe
cat pipe >through &
reader=$!
status=0
gdb -nx -batch -p "$pid" -ex 'gcore pipe' >gdb.log 2>&1 || status=$?
wait "$reader"
said=$(grep -o 'Saved corefile' gdb.log || echo nothing)
seen="status $status, \"$said\", $(stat -c %s through) bytes through the pipe"
echo "$seen"
expected='status 0, "Saved corefile", 0 bytes through the pipe'
[ "$seen" = "$expected" ] || { echo "  changed: it was: $expected"; exit 1; }
