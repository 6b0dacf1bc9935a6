"""Whether what `goheap objects` says of an object is what the program's truth says: the rules for names, in one place.

fixtures/type-names.tsv has an example of each rule; crates/cli/tests/types.rs, which has the same rules for `cargo test`,
and `python3 scripts/type_rows.py` hold both to it.
"""

import csv
import os
import re

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "type-names.tsv")
# What is named by its beginning: goheap says after it which part of a map or channel it is.
BY_PREFIX = ("map[", "chan ", "<-chan ", "chan<- ", "func")
# What is said of an object without a type.
NOTHING = "nothing"
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
    """True where `found` is what the truth means. It may name several types, with | between them; the empty name is none."""
    return any(agrees_with_one(one, found) for one in truth.split("|"))


def agrees_with_one(truth, found):
    expected, said = normal(truth), normal(found)
    if "go.shape." in found:  # an instance of a shape stands for all of its arguments
        expected, all_of_it, said = without_arguments(expected), expected, without_arguments(said)
        if expected == all_of_it:
            return False
    if truth.startswith(BY_PREFIX):
        return said.startswith(expected)
    wanted, array = of_array(expected), of_array(said)
    if wanted and array:  # as many elements as fit in the slot, so perhaps more than were asked for
        return wanted[1] == array[1] and array[0] >= wanted[0]
    return said == expected


def without_arguments(name):
    """The name without the type arguments in it: what stands in brackets right after a word, unless that is map."""
    kept, depth = [], 0
    for at, letter in enumerate(name):
        if letter == "[":
            is_list = re.search(r"\w$", name[:at]) and not re.search(r"\bmap$", name[:at])
            depth += 1 if depth or is_list else 0
        if not depth:
            kept.append(letter)
        if letter == "]" and depth:
            depth -= 1
    return "".join(kept)


def of_array(name):
    """Length and element of [N]T; of []T, the truth's name for the backing array of a slice, at least one."""
    found = re.match(r"\[(\d*)\](.*)", name)
    return found and (int(found[1] or 1), found[2])


def types_at(path, addresses):
    """By address: the type, in the rows of `goheap objects`, of the object that it lies in, "" where it is not known. An address
    in no object has no entry. Of millions of rows only those that are asked for are kept."""
    wanted, found, at = sorted(set(addresses)), {}, 0
    with open(path, encoding="utf-8", newline="") as file:
        next(file)
        for line in file:
            start, size, _ = line.split(",", 2)
            start = int(start, 16)
            end = start + int(size)
            while at < len(wanted) and wanted[at] < end:
                if wanted[at] >= start:
                    found[wanted[at]] = next(csv.reader([line]))[2]
                at += 1
            if at == len(wanted):
                break
    return found


def wrong(types, path):
    """The rows of a truth that goheap contradicts or does not know, each with what the rows of `goheap objects` say."""
    found, out = types_at(path, [int(row["addr"], 16) for row in types]), []
    for row in types:
        said = found.get(int(row["addr"], 16))
        if said is None or not agrees(row["type"], said):
            out.append(dict(row, said="no object" if said is None else said or NOTHING))
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
