"""The device library as a package that the Arduino IDE and PlatformIO install.

    python tools/package_arduino.py                     build/ScrutinyBridge-VERSION.zip
    python tools/package_arduino.py -o FILE             somewhere else

In the Arduino IDE: Sketch, Include Library, Add .ZIP Library. With PlatformIO: the file as `file://`
in `lib_deps`.

Both put one folder of a library on the path of headers, and compile all that is in it. So the
public headers lie at its top, and the sources with their own headers, which have names as memory.h,
in a folder below, where no other program finds them.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FIRMWARE: Final = ROOT / "firmware"
EXAMPLES: Final = FIRMWARE / "examples" / "arduino"

_SOURCES: Final = PurePosixPath("src/scrutiny/internal")
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the same files give the same package


def properties() -> Mapping[str, str]:
    """Return what `library.properties` says."""
    lines = (FIRMWARE / "library.properties").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def files() -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield what is in the package: paths in its folder, and contents."""
    yield PurePosixPath("LICENSE"), (ROOT / "LICENSE").read_bytes()
    yield PurePosixPath("library.properties"), (FIRMWARE / "library.properties").read_bytes()
    yield PurePosixPath("library.json"), _manifest()
    for header in sorted((FIRMWARE / "include").rglob("*.h")):
        place = header.relative_to(FIRMWARE / "include").as_posix()
        yield PurePosixPath("src") / place, header.read_bytes()
    for source in sorted((FIRMWARE / "src").glob("*.[ch]")):
        yield _SOURCES / source.name, source.read_bytes()
    for sketch in sorted(EXAMPLES.glob("*/*.ino")):
        place = sketch.relative_to(EXAMPLES).as_posix()
        yield PurePosixPath("examples") / place, sketch.read_bytes()


def _manifest() -> bytes:
    """Return `library.json` for this layout, which is the one that PlatformIO takes for granted."""
    manifest = json.loads((FIRMWARE / "library.json").read_text(encoding="utf-8"))
    del manifest["build"]
    return f"{json.dumps(manifest, indent=2)}\n".encode()


def write_package(target: Path) -> None:
    """Write the package.

    Raises:
        OSError: it cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for place, content in files():
            entry = zipfile.ZipInfo(f"{properties()['name']}/{place}", _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, content)


def main() -> None:
    """Write the package, and tell where it is."""
    name = f"{properties()['name']}-{properties()['version']}.zip"
    parser = argparse.ArgumentParser(description="Package the device library for Arduino.")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, default=ROOT / "build" / name)
    target: Path = parser.parse_args().output
    write_package(target)
    print(target)


if __name__ == "__main__":
    main()
