"""Where the truth and goheap name one type differently, and both are right.

score.py holds a name against the one that the runtime's allocator was given. A few callers of it give a stand-in:

- runtime.convTstring and convTslice allocate a box for any string or slice that an interface is to hold, also for a named type and
  for a struct or array of nothing else. The interface says which (`main.contextKey`), and so does goheap;
- reflect makes slices as `unsafeheader.Slice`, and func values as `reflect.makeFuncImpl` and `reflect.methodValue`;
- a type that reflect made has its descriptor on the heap, where score.py reads no name;
- a struct without a name in generic code is noted as the shape that the code was compiled for (`struct { v go.shape.int; ok bool }`),
  where goheap tells what it stands for (`struct { v int; ok bool }`).

`translate` writes such a row with the truth's name, if what goheap says is of the stand-in's kind: that is looked up in the type
descriptors of the program, not asked of goheap. All else is left to score.py.
"""

import csv
import re
import struct
import subprocess
import sys

# Numbers of kinds (internal/abi/type.go).
ARRAY, POINTER, SLICE, STRING, STRUCT, KIND_MASK = 17, 22, 23, 24, 25, 31
BOXES = {"runtime.stringInterfacePtr": STRING, "runtime.sliceInterfacePtr": SLICE}
FUNCS = {"reflect.makeFuncImpl": "func reflect.makeFuncStub", "reflect.methodValue": "func reflect.methodValueCall"}
# How names of kinds begin that reflect makes and that score.py cannot name; a map's groups are structs.
MADE = {ARRAY: "[", STRUCT: ("struct {", "map[")}
UNNAMED = "<runtime-made type>"
MAX_DEPTH = 16


SHAPE = "go.shape."


def shape_end(name, at):
    """Where the type ends that begins at `at` of a name without blanks."""
    depth = 0
    for index in range(at, len(name)):
        if name[index] in "([{":
            depth += 1
        elif depth == 0 and name[index] in ")]};,":
            return index
        elif name[index] in ")]}":
            depth -= 1
    return len(name)


def any_instance(name):
    """A pattern of what a name with shapes stands for: any one type for each."""
    pattern, at, shapes = "", 0, {}
    while at < len(name):
        if name.startswith(SHAPE, at):
            end = shape_end(name, at)
            known = shapes.get(name[at:end])
            pattern += f"(?P=t{known})" if known is not None else f"(?P<t{len(shapes)}>.+)"
            shapes.setdefault(name[at:end], len(shapes))
            at = end
        else:
            pattern += re.escape(name[at])
            at += 1
    return re.compile(pattern)


class Truth:
    """What score.py knows of a core: its own functions, run up to where it begins to score."""

    def __init__(self, script, core, exe):
        with open(script, encoding="utf-8") as file:
            source = file.read().split("\ntot = ")[0]
        self.known, kept = {}, sys.argv
        sys.argv = [script, core, exe, ""]
        try:
            exec(compile(source, script, "exec"), self.known)  # noqa: S102
        finally:
            sys.argv = kept
        self.memory, self.short = self.known["mem"], self.known["norm"]
        self.named = dict(self.pointed_types())

    def pointed_types(self):
        """(short name, descriptor) of each type of which the program has a pointer type in its typelinks."""
        types = self.known["types"]
        sections = subprocess.run(["readelf", "-SW", self.known["exe"]], capture_output=True, text=True, check=True).stdout
        start, size = re.search(r" \.typelink +PROGBITS +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)", sections).groups()
        for (offset,) in struct.iter_unpack("<i", self.memory.read(int(start, 16), int(size, 16))):
            if self.kind(types + offset) == POINTER:
                elem = self.memory.u64(types + offset + 48)
                yield self.short(self.known["name"](elem)), elem

    def kind(self, descriptor):
        return self.memory.read(descriptor + 23, 1)[0] & KIND_MASK

    def sole_component(self, descriptor):
        """The kind of what a type is made of, if that is one thing (cmd/compile/internal/types `SoleComponent`)."""
        for _ in range(MAX_DEPTH):
            kind = self.kind(descriptor)
            if kind == STRUCT and self.memory.u64(descriptor + 64) == 1:
                descriptor = self.memory.u64(self.memory.u64(descriptor + 56) + 8)
            elif kind == ARRAY and self.memory.u64(descriptor + 64) == 1:
                descriptor = self.memory.u64(descriptor + 48)
            else:
                return kind
        return None

    def same(self, address, said):
        """The truth's name where `said` is another one for the same; else `said`."""
        noted = self.known["truth"](address)
        wanted = self.known["name"](noted[0]) if noted else ""
        if wanted in BOXES and not said.startswith("[]"):
            descriptor = self.named.get(self.short(said))
            is_same = descriptor is not None and self.sole_component(descriptor) == BOXES[wanted]
            return ("string" if wanted.startswith("runtime.string") else "[]byte") if is_same else said
        if wanted == UNNAMED:
            begins = MADE.get(self.kind(noted[0]))
            return wanted if begins and said.startswith(begins) else said
        if wanted.startswith("struct {") and SHAPE in wanted:
            return wanted if any_instance(self.short(wanted)).fullmatch(self.short(said)) else said
        is_same = FUNCS.get(wanted) == said or wanted == "unsafeheader.Slice" and said.startswith("[]")
        return wanted if is_same else said


def translate(truth, listed, out):
    """Copies a list of objects, as `goheap objects` writes it, with the truth's names for the same types; how many were changed."""
    changed = 0
    with open(listed, encoding="utf-8", newline="") as file, open(out, "w", encoding="utf-8", newline="") as to:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(to, rows.fieldnames)
        writer.writeheader()
        for row in rows:
            if row["type"]:
                same = truth.same(int(row["addr"], 16), row["type"])
                changed += same != row["type"]
                row["type"] = same
            writer.writerow(row)
    return changed
