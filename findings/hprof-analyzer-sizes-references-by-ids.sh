#!/usr/bin/env bash
# hprof-analyzer: how large arrays of references are depends on how far apart the numbers of objects are.
#
# Versions: hprof-analyzer 0.3.2 (crates.io).
# Behaviour: HPROF gives each object a number of 8 bytes here, and says nowhere how many bytes a reference takes. Where an array of references
#   begins within what another one would fill with references of 8 bytes, the tool takes all references of the dump for ones of 4
#   ("compressed_oops") and counts every such array with half its elements' size. Dumps of what is no JVM number objects by their addresses,
#   or one after the other: then their arrays are told too small, without a word. Dumps that number objects widely apart are told right.
# Seen, of two dumps with the same three arrays of six references each, of which only the numbers differ:
#   numbers 48 apart: compressed_oops True, 120 bytes in all; 256 apart: compressed_oops False, 216 bytes in all
# Needs cargo with crates.io, and python3. The build of the tool takes some minutes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cargo install --quiet --locked --root "$work/tool" --target-dir "$work/target" hprof-analyzer@0.3.2
cat >dumps.py <<'END'
import struct

NAMES = ["java/lang/Object", "java/lang/Class", "java/lang/String", "[Ljava/lang/Object;"]


def write(path, apart):
    out = bytearray(b"JAVA PROFILE 1.0.2\0" + struct.pack(">IQ", 8, 0))

    def record(tag, body):
        out.extend(struct.pack(">BII", tag, 0, len(body)) + body)

    heap = bytearray()
    for number, name in enumerate(NAMES, 1):
        record(0x01, struct.pack(">Q", number) + name.encode())
        record(0x02, struct.pack(">IQIQ", number, 0x100 * number, 0, number))
        above = 0x100 if number > 1 else 0
        heap += struct.pack(">BQIQQQQQQIHHH", 0x20, 0x100 * number, 0, above, 0, 0, 0, 0, 0, 16, 0, 0, 0)
    for index in range(3):
        array = 0x10000 + index * apart
        heap += struct.pack(">BQ", 0x05, array)
        heap += struct.pack(">BQIIQ6Q", 0x22, array, 0, 6, 0x400, *[0] * 6)
    record(0x1C, bytes(heap))
    record(0x2C, b"")
    with open(path, "wb") as file:
        file.write(out)


write("near.hprof", 48)
write("far.hprof", 256)
END
python3 dumps.py
told() {
    tool/bin/hprof-analyzer "$1" --format json 2>/dev/null |
        python3 -c 'import json, sys; o = json.load(sys.stdin)["overview"]; print("compressed_oops %s, %d bytes in all" % (o["compressed_oops"], o["total_shallow"]))'
}
seen="numbers 48 apart: $(told near.hprof); 256 apart: $(told far.hprof)"
echo "$seen"
expected='numbers 48 apart: compressed_oops True, 120 bytes in all; 256 apart: compressed_oops False, 216 bytes in all'
[ "$seen" = "$expected" ] || { echo "  changed: it was: $expected"; exit 1; }
