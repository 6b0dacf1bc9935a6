"""What bench and bench-real share: runs of goheap with their stages, and Markdown between two marks of a file."""

import os
import re
import subprocess
import time


class Run:
    """One run: wall and CPU seconds, peak anonymous bytes, and the stages of --timings as (name, wall s, CPU s, peak MiB)."""

    def __init__(self, command, **environment):
        begin, used = time.monotonic(), os.times()
        done = subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **environment})
        self.wall, after = time.monotonic() - begin, os.times()
        self.cpu = after.children_user + after.children_system - used.children_user - used.children_system
        lines = [line.removeprefix("goheap: ") for line in done.stderr.splitlines()]
        # A name may have spaces; three numbers follow it.
        self.stages = [line.rsplit(maxsplit=3) for line in lines if re.search(r"( +[\d.]+){3}$", line)]
        self.peak = float(self.stages[-1][3]) * (1 << 20)


def row(cells):
    """A row of a Markdown table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def write(path, name, lines):
    """Puts the lines between the marks that a script of this name has in a file."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(begin, 1)
    after = rest.split(end, 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([before + begin, "", *lines, "", end + after]))
