"""Check and install a description, in a process of its own: ``python -m scrutiny.server.install``.

Usage: ``python -m scrutiny.server.install PACKAGE DATA_FOLDER``. On success the last line on
standard output is the identifier of the firmware that the description is for, and the exit code 0.
Else standard error ends with one line that says why, and the exit code is 1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from scrutiny.sfd.errors import SfdError
from scrutiny.sfd.loader import limit_this_process
from scrutiny.sfd.store import DescriptionStore


def main(argv: Sequence[str]) -> int:
    """Install the package named on the command line, and return the exit code."""
    package, data_folder = argv
    try:
        installed = DescriptionStore(Path(data_folder)).install(Path(package))
    except SfdError as error:
        sys.stderr.write(f"{error}\n".replace(f"{package}: ", ""))
        return 1
    except MemoryError:
        sys.stderr.write("it is too large for the memory of this machine\n")
        return 1
    sys.stdout.write(f"{installed.firmware_id}\n")
    return 0


if __name__ == "__main__":
    limit_this_process()
    sys.exit(main(sys.argv[1:]))
