"""What make-cores, make-carried and make-compile-core share: building the
fixture programs, running them in a neutral place, and dumping them."""

import fcntl
import glob
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SCRIPTS = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(os.path.dirname(SCRIPTS), "fixtures", "programs")
RELEASES = ["1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"]

# Programs run here and nowhere else: their core names the folder.
NEUTRAL = "/tmp/goheap-fixture"
CORE_PATTERN = "/proc/sys/kernel/core_pattern"


class Skip(Exception):
    """This machine cannot make such a core."""


def goroot(release):
    """The GOROOT of a release, installed where need be."""
    return subprocess.run([f"{SCRIPTS}/get-go", release], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def go(release, arguments, cwd, **variables):
    """Runs the release's go command, and returns what it prints."""
    root = goroot(release)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    environment = {
        "PATH": os.environ["PATH"], "HOME": os.path.expanduser("~"), "GOROOT": root,
        "GOCACHE": f"{cache}/goheap/build", "GOPATH": f"{cache}/goheap/path",
        "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "", "GO111MODULE": "on",
        "CGO_ENABLED": "0", **variables}
    done = subprocess.run([f"{root}/bin/go", *arguments], cwd=cwd, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"go {' '.join(arguments)} ({release}): {done.stderr}")
    return done.stdout


def build(release, program, exe, flags=(), **variables):
    """Builds a fixture program. The module's go line becomes the release's own:
    it decides the language and the defaults of GODEBUG."""
    with tempfile.TemporaryDirectory() as work:
        source = shutil.copytree(PROGRAMS, f"{work}/programs")
        with open(f"{source}/go.mod", "w", encoding="utf-8") as file:
            file.write(f"module fixtures\n\ngo {release}\n")
        go(release, ["build", "-trimpath", *flags, "-o", os.path.abspath(exe), f"./{program}"],
           source, **variables)


# What makes a program one that another one loads, and how that is built.
GUESTS = {
    "c-shared": 'import "C"\n\n//export GoMain\nfunc GoMain() { main() }\n',
    "plugin": "func Main() { main() }\n",
}
HOSTS = os.path.join(os.path.dirname(SCRIPTS), "fixtures", "hosts")


def build_guest(release, program, mode, folder):
    """Builds a fixture program as the library guest.so of a folder, and the host that loads it and runs its main."""
    variables = {"CGO_ENABLED": "1"}
    with tempfile.TemporaryDirectory() as work:
        source = shutil.copytree(PROGRAMS, f"{work}/programs")
        with open(f"{source}/go.mod", "w", encoding="utf-8") as file:
            file.write(f"module fixtures\n\ngo {release}\n")
        with open(f"{source}/{program}/guest.go", "w", encoding="utf-8") as file:
            file.write(f"package main\n\n{GUESTS[mode]}")
        folder = os.path.abspath(folder)
        go(release, ["build", "-trimpath", f"-buildmode={mode}", "-o", f"{folder}/guest.so", f"./{program}"],
           source, **variables)
        if mode == "plugin":
            os.mkdir(f"{source}/host")
            shutil.copy(f"{HOSTS}/host.go", f"{source}/host/main.go")
            go(release, ["build", "-trimpath", "-o", f"{folder}/host", "./host"], source, **variables)
            return
    need("gcc", "gcc")
    subprocess.run(["gcc", "-O1", "-o", f"{folder}/host", f"{HOSTS}/host.c", "-ldl"], check=True)


class Neutral:
    """The neutral folder, empty, for one user at a time."""

    def __enter__(self):
        self.lock = open(NEUTRAL + ".lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        shutil.rmtree(NEUTRAL, ignore_errors=True)
        os.mkdir(NEUTRAL)
        return NEUTRAL

    def __exit__(self, *_):
        shutil.rmtree(NEUTRAL, ignore_errors=True)
        self.lock.close()


def dump(how, exe, core, truth, alone=False, attempts=20, more=(), beside=()):
    """Runs a program in the neutral folder until it says its truth, and dumps
    it: how is gcore or delve, or panic, abort or fault (a kernel core), or qemu (a guest
    core of a panic). A program that measures noise dies and is run again. alone
    (as root) makes the folder its root: it sees nothing else of the machine.
    more are the program's further arguments, beside the files that it needs."""
    for _ in range(attempts):
        with Neutral() as folder:
            name = os.path.basename(exe)
            for file in (exe, *beside):
                shutil.copy(file, f"{folder}/{os.path.basename(file)}")
            made = {"gcore": by_gcore, "qemu": by_qemu, "delve": by_delve}.get(how, by_kernel)(folder, name, how, alone, more)
            if made:
                sparse_copy(made, core)
                shutil.copyfile(f"{folder}/truth.json", truth)
                return
            with open(f"{folder}/stderr", encoding="utf-8", errors="replace") as file:
                complaint = file.read(600)
    raise SystemExit(f"{exe}: gave no truth in {attempts} runs; at last:\n{complaint}")


def start(folder, arguments, alone=False, **environment):
    """Starts a program without an environment, allowed to dump core."""
    def prepare():
        if alone:
            os.chroot(folder)
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    return subprocess.Popen(arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=open(f"{folder}/stderr", "w"),
                            preexec_fn=prepare)


def told(folder):
    """Whether the truth is there and whole."""
    try:
        with open(f"{folder}/truth.json", encoding="utf-8") as file:
            json.load(file)
        return True
    except (OSError, ValueError):
        return False


PATIENCE = 120  # seconds until a program is ready


def listen(process):
    """The truth that a program prints in a line before it is READY."""
    said, until = b"", time.monotonic() + PATIENCE
    while b"\nREADY\n" not in said:
        readable, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
        more = os.read(process.stdout.fileno(), 1 << 16) if readable else b""
        if not more:
            raise SystemExit(f"{process.args[0]}: not ready: {said.decode(errors='replace')[-600:]}")
        said += more
    return json.loads(re.search(rb"^TRUTH (.*)$", said, re.MULTILINE).group(1))


def by_gcore(folder, name, _how, alone, more):
    need("gcore", "gdb")
    return of_live(folder, name, alone, more, lambda pid: gcore(pid, f"{folder}/core"))


def by_delve(folder, name, _how, alone, more):
    need("dlv", "delve")
    return of_live(folder, name, alone, more, lambda pid: delve(pid, folder, name))


def delve(pid, folder, name):
    """dump of a live process by delve, which may be older than the program's Go."""
    with open(f"{folder}/commands", "w", encoding="utf-8") as file:
        file.write(f"dump {folder}/core.delve\nexit\nn\n")
    command = ["dlv", "attach", "--allow-non-terminal-interactive=true", "--check-go-version=false",
               str(pid), f"{folder}/{name}", "--init", f"{folder}/commands"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], "HOME": folder}, timeout=120, check=False, text=True)
    if not os.path.exists(f"{folder}/core.delve"):
        raise Skip(f"delve cannot dump it: {done.stdout.strip()[-200:]}")
    return f"{folder}/core.delve"


def of_live(folder, name, alone, more, dumped):
    """What dumped(pid) makes of the program once it has told its truth; it is killed afterwards."""
    process = start(folder, [f"./{name}", "truth.json", "park", *more], alone)
    while not told(folder) and process.poll() is None:
        time.sleep(0.05)
    try:
        if process.poll() is not None:
            return None
        time.sleep(0.5)  # until its threads have gone idle
        return dumped(process.pid)
    finally:
        process.kill()
        process.wait()


def gcore(pid, prefix):
    """gcore of a live process, with no symbols looked up anywhere else."""
    subprocess.run(["gcore", "-o", prefix, str(pid)], check=True, env={"PATH": os.environ["PATH"]},
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return f"{prefix}.{pid}"


def moments(arguments, folder, count, **environment):
    """Runs a program that says MOMENT and waits for a line: a core of each moment, which is the caller's."""
    with subprocess.Popen(arguments, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            for _ in range(count):
                if not process.stdout.readline().startswith(b"MOMENT"):
                    raise SystemExit(f"{arguments[0]}: not ready")
                yield gcore(process.pid, f"{folder}/made")
                process.stdin.write(b"\n")
                process.stdin.flush()
        finally:
            process.kill()


def carried(folder, releases=()):
    """The carried cores of some releases, of all if none is named: release, program, the core as it is packed, and the
    executable unpacked into the folder."""
    for core in sorted(glob.glob(f"{os.path.dirname(SCRIPTS)}/fixtures/cores/*/*.core.zst")):
        release, program = core.split("/")[-2], os.path.basename(core)[:-len(".core.zst")]
        if releases and release not in releases:
            continue
        exe = f"{folder}/{release}-{program}.exe"
        subprocess.run(["zstd", "-dqf", core[:-len(".core.zst")] + ".zst", "-o", exe], check=True)
        os.chmod(exe, 0o755)
        yield release, program, core, exe


def chromium():
    """Chromium as it is called here; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def packages(folder, wanted):
    """`node_modules` with these releases of npm's packages, in the folder, installed if need be; None where they cannot be had."""
    modules = f"{folder}/node_modules"

    def is_there(package, version):
        try:
            with open(f"{modules}/{package}/package.json", encoding="utf-8") as file:
                return json.load(file)["version"] == version
        except OSError:
            return False
    if all(is_there(*package) for package in wanted.items()):
        return modules
    if not shutil.which("npm"):
        return None
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/package.json", "w", encoding="utf-8") as file:
        json.dump({"private": True, "dependencies": wanted}, file)
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(install, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return modules if done.returncode == 0 else None


def esbuild(exe, core, truth):
    """npm's esbuild, the Go program that most machines have and that has no build information: serving and watching a project of
    500 modules, dumped by gcore. Its own truth is that it is Go 1.26.5 of npm's package 0.28.2."""
    need("npm", "npm")
    need("gcore", "gdb")
    with Neutral() as folder:
        subprocess.run(["npm", "pack", "--silent", "@esbuild/linux-x64@0.28.2"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["tar", "xzf", *glob.glob(f"{folder}/*.tgz"), "--strip-components=2", "package/bin/esbuild"],
                       cwd=folder, check=True)
        os.mkdir(f"{folder}/src")
        with open(f"{folder}/src/index.js", "w", encoding="utf-8") as index:
            for number in range(500):
                with open(f"{folder}/src/m{number}.js", "w", encoding="utf-8") as module:
                    module.write(f"export const v{number} = {{a: {number}, s: 'x{number}'}}\n")
                index.write(f"export * from './m{number}.js'\n")
        process = subprocess.Popen(["./esbuild", "--serve=127.0.0.1:0", "--watch", "--bundle", "--outdir=out", "src/index.js"],
                                   cwd=folder, env={}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=open(f"{folder}/stderr", "w", encoding="utf-8"))
        try:
            address = None
            while not address and process.poll() is None:
                time.sleep(0.05)
                with open(f"{folder}/stderr", encoding="utf-8") as said:
                    address = re.search(r"http://127\.0\.0\.1:\d+/", said.read())
            if not address:
                raise Skip("esbuild does not serve here")
            with urllib.request.urlopen(f"{address.group()}index.js") as bundle:
                bundle.read()
            time.sleep(1)
            shutil.copy(f"{folder}/esbuild", exe)
            sparse_copy(gcore(process.pid, f"{folder}/core"), core)
        finally:
            process.kill()
            process.wait()
    with open(truth, "w", encoding="utf-8") as file:
        json.dump({"go": "go1.26.5", "quiescent": False, "structures": []}, file)


def without_sections(exe):
    """Takes away the section headers, as sstrip does, and the build information."""
    with open(exe, "r+b") as file:
        data = bytearray(file.read())
        data[40:48], data[58:64] = bytes(8), bytes(6)
        at = data.find(BUILD_INFO)
        while at >= 0:
            data[at:at + 64] = bytes(64)
            at = data.find(BUILD_INFO)
        file.seek(0)
        file.write(data)


BUILD_INFO = b"\xff Go buildinf:\x08"


def by_kernel(folder, name, how, alone, more):
    with CorePattern():
        process = start(folder, [f"./{name}", "truth.json", how, *more], alone, GOTRACEBACK="crash")
        process.wait(timeout=60)
    cores = glob.glob(f"{folder}/core*")
    if told(folder) and not cores:
        raise Skip("the kernel wrote no core (see ulimit -c and " + CORE_PATTERN + ")")
    return cores[0] if told(folder) else None


def by_qemu(folder, name, _how, _alone, more):
    need("qemu-aarch64", "qemu-user")
    qemu = shutil.which("qemu-aarch64")
    process = start(folder, [qemu, f"./{name}", "truth.json", "panic", *more], GOTRACEBACK="crash")
    process.wait(timeout=120)
    cores = glob.glob(f"{folder}/qemu_*.core")  # beside it lies the core of qemu itself
    return cores[0] if told(folder) and cores else None


class CorePattern:
    """Makes the kernel write "core" in the working directory, as root; restores
    the pattern afterwards."""

    def __enter__(self):
        with open(CORE_PATTERN, encoding="utf-8") as file:
            self.old = file.read().strip()
        self.changed = self.old[0] in "|/" or "core" not in self.old
        if self.changed:
            self.write("core")

    def __exit__(self, *_):
        if self.changed:
            self.write(self.old)

    @staticmethod
    def write(pattern):
        try:
            with open(CORE_PATTERN, "w", encoding="utf-8") as file:
                file.write(pattern)
        except OSError as error:
            raise Skip(f"{CORE_PATTERN} sends cores elsewhere and cannot be written: {error}")


def need(command, package):
    if not shutil.which(command):
        raise Skip(f"no {command} (Debian's {package})")


def sparse_copy(source, target):
    """gcore writes a gigabyte of zeros for what the runtime only reserved."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    os.chmod(target, 0o644)


# What a core may hold of its machine beside names that are looked up: mounts
# and cgroups (Go 1.25 and later read them at the start), and homes.
MACHINE = re.compile(rb"/(?:home|root|nix|Users|srv|mnt|opt)/[\w.-]{2,}|cgroup rw|/sys/fs/cgroup/\w+ rw")
COMMON = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "localhost"}


def leaks(path):
    """The machine's names in a file: home, host, folders and the values of the
    environment's variables, and what looks like a path of any machine."""
    names = {os.path.expanduser("~"), os.getcwd(), os.path.dirname(SCRIPTS), socket.gethostname(),
             *os.environ.get("PATH", "").split(":"),
             *(value for value in os.environ.values() if len(value) >= 8)}
    # Shorter ones would be found by chance.
    words = {name.encode() for name in names - COMMON if len(name) >= 5}
    found = set()
    for _, block in data_blocks(path):
        found |= {word for word in words if word in block} | set(MACHINE.findall(block))
    return sorted(word.decode(errors="replace") for word in found)


# A kernel built by Nix has the folder of its libraries in the vDSO.
VDSO_PATH = re.compile(rb"/nix/store/[\w.+/-]+")


def blank_vdso(path):
    """Zeroes the one string of the kernel's builder that a vDSO may hold."""
    with open(path, "r+b") as file:
        for at, block in data_blocks(path):
            for match in VDSO_PATH.finditer(block):
                file.seek(at + match.start())
                file.write(bytes(len(match.group())))


def data_blocks(path, size=1 << 24, overlap=1 << 12):
    """A sparse file's data, in overlapping blocks, each with its offset."""
    with open(path, "rb") as file:
        end, at = os.fstat(file.fileno()).st_size, 0
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                return  # a hole until the end
            stop = min(os.lseek(file.fileno(), at, os.SEEK_HOLE), at + size)
            yield at, os.pread(file.fileno(), stop - at + overlap, at)
            at = stop


def usage_exit(text, arguments):
    """Prints a script's docstring where it is asked for."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(text.strip())
        raise SystemExit(0 if arguments else 2)
