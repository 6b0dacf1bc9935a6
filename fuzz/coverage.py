"""Which functions of goheap a fuzz target reaches with its corpus: for gdb, by a breakpoint in each that goes when it is met.

libFuzzer tells that itself only with a sanitizer. COVERED names the file for the list.
"""

import os
import re
import subprocess

import gdb


def functions(binary):
    """Names by address, as in the file."""
    listed = subprocess.run(["nm", "-C", binary], check=True, capture_output=True, text=True).stdout
    fields = [line.split(" ", 2) for line in listed.splitlines()]
    code = [field for field in fields if len(field) == 3 and field[1] in "tT"]
    ours = [field for field in code if "goheap_" in field[2] and not any(part in field[2] for part in ("goheap_fuzz", "drop_in_place"))]
    return {int(address, 16): re.sub("::h[0-9a-f]{16}$", "", name) for address, _, name in ours}


def main():
    binary = gdb.current_progspace().filename
    gdb.execute("handle SIGALRM nostop noprint pass", to_string=True)
    gdb.execute("starti", to_string=True)
    mappings = gdb.execute("info proc mappings", to_string=True).splitlines()
    base = next(int(line.split()[0], 16) for line in mappings if line.strip().endswith(binary))
    names = {base + address: name for address, name in functions(binary).items()}
    for address in names:
        gdb.Breakpoint(f"*{address:#x}", temporary=True, internal=True)
    reached = set()
    while gdb.selected_inferior().pid:
        try:
            gdb.execute("continue", to_string=True)
            reached.add(names.get(gdb.selected_frame().pc()))
        except gdb.error:
            # It has ended.
            break
    reached.discard(None)
    with open(os.environ["COVERED"], "w", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in sorted(reached))
        file.write(f"{len(reached)} of {len(set(names.values()))} functions of goheap\n")


main()
