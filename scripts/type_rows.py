"""Whether what `goheap objects` says of an object is what the program's truth says: the rules for names, in one place.

fixtures/type-names.tsv has an example of each rule; crates/cli/tests/types.rs, which has the same rules for `cargo test`,
and `python3 scripts/type_rows.py` hold both to it.
"""

import bisect
import csv
import os
import re

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "type-names.tsv")
# What is named by its beginning: goheap says after it which part of a map or channel it is.
BY_PREFIX = ("map[", "chan ", "<-chan ", "chan<- ", "func")
# Words that DWARF, reflect and the compiler write in two ways.
SPELLINGS = [
    (re.compile(r"(?:[\w.~%-]+/)+"), ""),  # a package by its last element
    (re.compile(r"\bany\b"), "interface {}"),
    (re.compile(r"\bbyte\b"), "uint8"),
    (re.compile(r"\brune\b"), "int32"),
    (re.compile(r"\bgo\.shape\."), ""),
    (re.compile(r"\s+"), ""),
]


def normal(name):
    """One spelling of a type's name."""
    for pattern, plain in SPELLINGS:
        name = pattern.sub(plain, name)
    return name


def agrees(truth, found):
    """True where `found` is what the truth means. It may name several types, with | between them."""
    return any(agrees_with_one(one, found) for one in truth.split("|"))


def agrees_with_one(truth, found):
    if truth == "tiny":  # objects share the block: no one type is right
        return found == ""
    expected, said = normal(truth), normal(found)
    if truth.startswith(BY_PREFIX):
        return said.startswith(expected)
    if "go.shape." in found:  # an instance of a shape stands for all of its arguments
        return said.split("[")[0] == expected.split("[")[0] and "[" in expected
    wanted, array = of_array(expected), of_array(said)
    if wanted and array:  # as many elements as fit in the slot, so perhaps more than were asked for
        return wanted[1] == array[1] and array[0] >= wanted[0]
    return said == expected


def of_array(name):
    """Length and element of [N]T; of []T, the truth's name for the backing array of a slice, at least one."""
    found = re.match(r"\[(\d*)\](.*)", name)
    return found and (int(found[1] or 1), found[2])


class Objects:
    """The rows of `goheap objects`, by address."""

    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            self.rows = [(int(row["addr"], 16), int(row["size"]), row["type"]) for row in csv.DictReader(file)]
        self.starts = [row[0] for row in self.rows]

    def type_at(self, address):
        """The type of the object that an address lies in, "" where it is not known, None where there is no object."""
        at = bisect.bisect_right(self.starts, address) - 1
        if at < 0 or address >= self.rows[at][0] + self.rows[at][1]:
            return None
        return self.rows[at][2]


def wrong(types, objects):
    """The rows of a truth that goheap contradicts or does not know, each with what it says."""
    out = []
    for row in types:
        said = objects.type_at(int(row["addr"], 16))
        if said is None or not agrees(row["type"], said):
            out.append(dict(row, said="no object" if said is None else said or "nothing"))
    return out


def main():
    """Checks the examples."""
    with open(EXAMPLES, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    for verdict, truth, found in lines:
        assert agrees(truth, found) == (verdict == "yes"), (verdict, truth, found)
    print(f"{len(lines)} examples hold")


if __name__ == "__main__":
    main()
