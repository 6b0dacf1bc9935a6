"""What make-compile-core and type-truth share: running the Go compiler on one
of its own packages, and dumping it amid its work."""

import json
import os
import subprocess
import time

import fixture

PACKAGE = "cmd/compile/internal/ssa"


def command(release, work):
    """The compiler's arguments, with export data of all that PACKAGE imports."""
    source = f"{fixture.goroot(release)}/src"
    listed = fixture.go(release, ["list", "-export", "-deps", "-f",
                                  "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", PACKAGE], source)
    with open(f"{work}/importcfg", "w", encoding="utf-8") as file:
        file.write(listed)
    package = json.loads(fixture.go(release, ["list", "-json=Dir,GoFiles", PACKAGE], source))
    files = [os.path.join(package["Dir"], name) for name in package["GoFiles"]]
    return ["-o", f"{work}/ssa.a", "-p", PACKAGE, "-std", "-pack", "-c=4", "-importcfg", f"{work}/importcfg", *files]


def dump(arguments, work, megabytes, size, trace=None):
    """Runs the compiler and dumps it as soon as size(pid) reaches megabytes. Its collector's cycles go to the file trace."""
    environment = {"GODEBUG": "gctrace=1"} if trace else {}
    process = subprocess.Popen(arguments, cwd=work, env=environment, stdin=subprocess.DEVNULL, stderr=trace)
    try:
        while size(process.pid) < megabytes << 20:
            if process.poll() is not None:
                raise SystemExit(f"the compiler ended below {megabytes} MB")
            time.sleep(0.005)
        return fixture.gcore(process.pid, f"{work}/core")
    finally:
        process.kill()
        process.wait()


def resident(pid):
    """Bytes of resident memory; 0 of a process that ended."""
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def heap_resident(pid):
    """Bytes of resident memory in the Go heap's arenas; 0 of a process that ended.

    Go on linux/amd64 places them between 0xc000000000 and 1 << 46 (mallocinit of runtime/malloc.go; at random from
    Go 1.26 on): above an executable that is no PIE, below all else that the kernel places."""
    total, inside = 0, False
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            first, *rest = line.split()
            if not first.endswith(":"):
                inside = 1 << 32 <= int(first.split("-")[0], 16) < 1 << 46
            elif inside and first == "Rss:":
                total += int(rest[0]) << 10
    return total
