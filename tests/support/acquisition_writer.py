"""A process that changes stored acquisitions until it is killed, and tells what it has done.

    python -m tests.support.acquisition_writer

For each line of its input, which is JSON, it forks a child, and tells ``pid N``. The child opens
the database of a data folder and tells ``opened``; then it adds, renames and deletes. It tells
``begun CHANGE`` before each change, and ``done CHANGE`` after the call has returned; a change is
JSON as well. A child without a seed only opens the database. When it is gone, ``ended`` is told.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from array import array
from pathlib import Path
from random import Random
from typing import Any

from scrutiny.core.datalogging import Acquisition
from scrutiny.server.datalogging.database import AcquisitionDatabase
from scrutiny.server.datalogging.opening import open_database

from .acquisitions import acquisition

POINT_COUNTS = (0, 10, 2000, 16384)


def made(reference_id: str, name: str = "Startup") -> Acquisition:
    """Return the acquisition of an id: always the same, up to 64 KiB of each of four signals."""
    random = Random(int(reference_id, 16))
    size = random.choice(POINT_COUNTS) * 8
    columns = [array(kind, random.randbytes(size)) for kind in "dqQd"]
    time_s = float(random.randrange(2_000_000_000))
    return acquisition(*columns, reference_id=reference_id, name=name, time_s=time_s)


def change(random: Random, present: list[str]) -> dict[str, Any]:
    """Return what to do next."""
    what = random.choice(("add", "add", "rename", "delete"))
    if what == "add" or not present:
        return {"add": f"{random.getrandbits(128):032x}"}
    if what == "rename":
        return {"rename": random.choice(present), "name": f"{random.getrandbits(32)}"}
    if len(present) > 30:
        return {"delete_all": True}
    return {"delete": random.choice(present)}


def apply(change: dict[str, Any], database: AcquisitionDatabase) -> None:
    """Do it."""
    if "add" in change:
        database.add(made(change["add"]))
    elif "rename" in change:
        database.rename(change["rename"], change["name"], {-1: change["name"]})
    elif "delete" in change:
        database.delete(change["delete"])
    else:
        database.delete_all()


def run(folder: Path, seed: int | None) -> None:
    """Change what is stored until this process is killed."""
    database = open_database(folder)
    tell("opened")
    if seed is None:
        signal.pause()
    random = Random(seed)
    while True:
        present = [one.reference_id for one in database.summaries()]
        one = change(random, present)
        tell(f"begun {json.dumps(one)}")
        apply(one, database)
        tell(f"done {json.dumps(one)}")


def tell(line: str) -> None:
    """Write a line in one piece."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                run(Path(order["folder"]), order["seed"])
            finally:
                os._exit(1)
        tell(f"pid {child}")
        os.waitpid(child, 0)
        tell("ended")


if __name__ == "__main__":
    main()
