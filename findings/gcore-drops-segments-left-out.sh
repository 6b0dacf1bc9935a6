#!/usr/bin/env bash
# gdb's gcore: memory that a program asked to leave out of cores has no program header, where the kernel's core has one without contents.
#
# Versions: gdb-minimal 13.1 (Debian 12), the running kernel (seen on Linux 6.18).
# Behaviour: a mapping with MADV_DONTDUMP is in the kernel's core as a PT_LOAD with its address, p_memsz and p_filesz 0, so a reader knows
#   that memory was there and is absent. gcore writes no header for it: a pointer into it looks as one into memory that was never mapped.
#   A reader of heaps that takes "not mapped" for "no object" calls what hangs behind it garbage in gcore's file, and cannot tell it from a
#   wild pointer. /proc/PID/smaps (flag dd) is the only witness, and it is gone with the process.
# Seen:
#   kernel: one header, 4194304 bytes in memory, 0 in the file
#   gcore: no header
# Needs Debian 12 with apt-get download, python3, the right to trace, and a kernel whose core_pattern is a plain name.
set -euo pipefail
work=$(mktemp -d)
trap 'kill -KILL ${pid:-} 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

(apt-get download -qq gdb-minimal=13.1-3 libipt2=2.0.5-1 >/dev/null 2>&1
    for package in *.deb; do dpkg-deb --extract "$package" gdb; done)
gdb() { LD_LIBRARY_PATH=$(echo gdb/usr/lib/*-linux-gnu) gdb/usr/bin/gdb "$@"; }

cat >left_out.py <<'PY'
import ctypes, mmap, resource, time

resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
block = mmap.mmap(-1, 4 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block.madvise(16)  # MADV_DONTDUMP
block.write(b"x" * len(block))
print(ctypes.addressof(ctypes.c_char.from_buffer(block)), flush=True)
time.sleep(600)
PY

cat >header.py <<'PY'
import struct, sys

at = int(sys.argv[2])
elf = open(sys.argv[1], "rb").read(1 << 20)
phoff, = struct.unpack_from("<Q", elf, 32)
phnum, = struct.unpack_from("<H", elf, 56)
for i in range(phnum):
    kind, _, _, address, _, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", elf, phoff + 56 * i)
    if kind == 1 and address <= at < address + in_memory:
        print(f"one header, {in_memory} bytes in memory, {in_file} in the file")
        break
else:
    print("no header")
PY

python3 left_out.py >address &
pid=$!
until [ -s address ]; do sleep 0.1; done
gdb -nx -batch -p "$pid" -ex 'gcore by-gcore' >gdb.log 2>&1
kill -ABRT "$pid"
wait "$pid" 2>/dev/null || true
kernel=$(find . -maxdepth 1 -name 'core*' | head -n 1)
[ -n "$kernel" ] || { echo "no core was written: is core_pattern a plain name here?"; exit 1; }

failed=0
check() { # WHAT SEEN EXPECTED
    printf '%s: %s\n' "$1" "$2"
    [ "$2" = "$3" ] || { echo "  changed: it was: $3"; failed=1; }
}
check kernel "$(python3 header.py "$kernel" "$(cat address)")" "one header, 4194304 bytes in memory, 0 in the file"
check gcore "$(python3 header.py by-gcore "$(cat address)")" "no header"
exit "$failed"
