"""The link on a real Bluetooth system: bleak's BlueZ backend, `bluetoothd` and a Linux kernel in a virtual machine.

Outside the default run, because it fetches 70 MB of Debian packages and takes some minutes:

    pytest tests/bluez -o addopts=--import-mode=importlib -s

It needs qemu-system-x86_64, cpio, busybox (static), dbus-daemon, dpkg-deb and apt-get; SELFBACK_BLUEZ_PACKAGES may name
a folder that holds the packages ``bluez`` and ``linux-image-*``, which are else downloaded. Nothing is installed.

The machine's only disk is a file tree in its memory. What of Python it has to hold is found by a rehearsal: the same
steps on the simulated radio of this machine, noting every file that is read. Steps are those of guest.py.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOOLS = ("qemu-system-x86_64", "cpio", "busybox", "dbus-daemon", "dpkg-deb", "apt-get", "ldd")
#: In the order in which they can be loaded. Without sha512, drbg and ctr the kernel has no keys for pairing.
MODULES = (
    "sha512_generic", "cryptd", "crypto_simd", "ctr", "sha3_generic", "jitterentropy_rng", "drbg", "seqiv",
    "crc16", "cmac", "ecb", "ecc", "ecdh_generic", "rfkill", "bluetooth", "hci_vhci",
)  # fmt: skip
#: An emulated processor: no machine of a build farm lends its own.
MACHINE = (
    "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048", "-nographic", "-no-reboot", "-nic", "none",
)  # fmt: skip
KERNEL = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr cryptomgr.notests"
LIMIT_S = 900

missing = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}"),
    pytest.mark.timeout(LIMIT_S + 300),
]


def test_every_step_holds_on_a_real_bluetooth_system(tmp_path: Path) -> None:
    system = unpacked(packages(tmp_path), tmp_path / "system")
    tree = tmp_path / "tree"
    put_system(system, tree)
    put_python(tree, rehearsed(tmp_path))
    disk = tmp_path / "disk.cpio"
    names = "\0".join(str(path.relative_to(tree)) for path in [tree, *sorted(tree.rglob("*"))])
    with disk.open("wb") as file:
        subprocess.run(
            ["cpio", "--null", "--create", "--format=newc", "--quiet"],
            cwd=tree, input=names.encode(), stdout=file, check=True,
        )  # fmt: skip
    (kernel,) = (system / "boot").glob("vmlinuz-*")
    said = subprocess.run(
        ["qemu-system-x86_64", *MACHINE, "-kernel", kernel, "-initrd", disk, "-append", KERNEL],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=True, text=True, errors="replace",
    ).stdout  # fmt: skip
    print(said)
    steps = re.findall(r"^ok +[\d.]+ s +(\w+)", said, re.MULTILINE)
    assert "FAILED" not in said
    assert re.search(r"^all held\s*$", said, re.MULTILINE)
    assert len(steps) >= 5


def packages(folder: Path) -> list[Path]:
    """Return the files of the packages of BlueZ and a kernel, downloaded if they aren't there."""
    known = os.environ.get("SELFBACK_BLUEZ_PACKAGES")
    place = Path(known) if known else folder / "packages"
    place.mkdir(exist_ok=True)
    if not any(place.glob("*.deb")):
        depends = subprocess.run(
            ["apt-cache", "depends", "linux-image-amd64"], capture_output=True, check=True, text=True
        ).stdout
        (kernel,) = re.findall(r"Depends: (linux-image-\S+)", depends)
        subprocess.run(["apt-get", "download", "-qq", "bluez", kernel], cwd=place, check=True)
    return sorted(place.glob("*.deb"))


def unpacked(found: Iterable[Path], into: Path) -> Path:
    """Return a folder with what the packages hold."""
    for package in found:
        subprocess.run(["dpkg-deb", "--extract", package, into], check=True)
    return into


def put_system(system: Path, tree: Path) -> None:
    """Lay out a system of a shell, a message bus, the Bluetooth daemon, and the kernel's modules for it."""
    for folder in ("bin", "etc/bluetooth", "modules", "proc", "sys", "dev", "tmp", "run", "var/lib"):
        (tree / folder).mkdir(parents=True)
    (tree / "var/run").symlink_to("/run")
    busybox = shutil.copy(str(shutil.which("busybox")), tree / "bin")
    for name in ("sh", "mount", "mkdir", "insmod", "ip", "sleep", "poweroff", "cat"):
        (tree / "bin" / name).symlink_to("busybox")
    assert busybox
    daemon = next(system.rglob("bluetoothd"))
    bus = Path(str(shutil.which("dbus-daemon")))
    for program in (daemon, bus):
        shutil.copy(program, tree / "bin")
        put(tree, libraries(program))
    put(tree, [Path("/usr/share/dbus-1/system.conf")])
    (policy,) = system.rglob("bluetooth.conf")
    place = tree / "usr/share/dbus-1/system.d"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(policy, place)
    (tree / "etc/bluetooth/main.conf").write_text("[Policy]\nAutoEnable=true\n", encoding="utf-8")
    (tree / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nmessagebus:x:100:100::/:/bin/sh\n", encoding="utf-8")
    (tree / "etc/group").write_text("root:x:0:\nmessagebus:x:100:\nbluetooth:x:101:\n", encoding="utf-8")
    (tree / "etc/machine-id").write_text("0" * 31 + "1\n", encoding="utf-8")
    for module in MODULES:
        (found,) = [*system.rglob(f"{module}.ko"), *system.rglob(f"{module}.ko.gz")]
        content = found.read_bytes()
        (tree / f"modules/{module}.ko").write_bytes(gzip.decompress(content) if found.suffix == ".gz" else content)
    (tree / "modules/order").write_text("".join(f"{module}\n" for module in MODULES), encoding="utf-8")
    shutil.copy(HERE / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)


def interpreter() -> tuple[list[str], dict[str, str]]:
    """Return how to start Python without its environment's own start, and where it then finds the packages."""
    base = getattr(sys, "_base_executable", sys.executable)
    path = os.pathsep.join(dict.fromkeys([str(ROOT), *(sysconfig.get_path(name) for name in ("purelib", "platlib"))]))
    return [os.path.realpath(base), "-S"], {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": ""}


def rehearsed(folder: Path) -> list[Path]:
    """Take the steps here, and return all files that they read."""
    note = folder / "files.json"
    begin, environment = interpreter()
    guest = str(HERE / "guest.py")
    for _ in range(2):  # the first time writes the byte code that the second one reads
        done = subprocess.run(
            [*begin, guest, "--rehearse", str(note)], env=os.environ | environment, cwd="/", capture_output=True,
            text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    read = [Path(name) for name in json.loads(note.read_text(encoding="utf-8"))]
    prefixes = (ROOT, Path(sys.base_prefix), Path(sys.prefix), Path("/lib"), Path("/usr/lib"))
    mine = [path for path in read if any(path.is_relative_to(prefix) for prefix in prefixes)]
    binaries = [path for path in mine if ".so" in path.name] + [Path(begin[0])]
    needed = {library for binary in binaries for library in libraries(binary)}
    return [*mine, Path(guest), Path(begin[0]), *needed]


def put_python(tree: Path, files: Iterable[Path]) -> None:
    """Lay out what the steps need, where they are here; times stay, by which byte code is known to be current."""
    put(tree, files)
    begin, environment = interpreter()
    lines = [f"export {name}='{value}'" for name, value in environment.items() if value]
    lines += ["export HOME=/tmp", " ".join([*begin, str(HERE / "guest.py")])]
    (tree / "steps").write_text("\n".join(lines) + "\n", encoding="utf-8")


def libraries(program: Path) -> list[Path]:
    """Return the shared libraries of a program by the names that it knows them by, and what loads them."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [Path(name) for name in re.findall(r"(/\S+) \(0x", said)]


def put(tree: Path, files: Iterable[Path]) -> None:
    """Copy files to where they are here."""
    for path in files:
        place = tree / path.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
