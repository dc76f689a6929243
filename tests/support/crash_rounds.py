"""A server that is killed again and again, while its clients record, list, read, rename and delete.

The device is the example firmware; it goes on, whatever happens to the server.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final

from scrutiny.sdk.client import ScrutinyClient
from scrutiny.sdk.datalogging import (
    DataloggingConfig,
    DataloggingListChangeType,
    DataloggingState,
    TriggerCondition,
)
from scrutiny.sdk.exceptions import ConnectionError as ConnectionLost
from scrutiny.sdk.exceptions import ScrutinySDKException

from .bench import Events
from .crash_autopsy import Autopsy
from .crash_ledger import LEVEL, TICKS, Capture, Ledger
from .example_board import SCRATCH, Board
from .processes import DEADLINE_S
from .server_process import ServerProcess

BUFFER_SIZE: Final = 1536
POINT_COUNT: Final = BUFFER_SIZE // 12  # of 8 octets of ticks and 4 of level
CONTROL_LOOP: Final = 0
TICKS_PATH: Final = "/rpv/x1010"
LEVEL_PATH: Final = SCRATCH[0]

LISTENED: Final = Events.LISTEN_DATALOGGER_STATE_CHANGED | Events.LISTEN_DATALOGGING_LIST_CHANGED
MOST_KEPT: Final = 12  # acquisitions; more of them, and they are deleted
LONGEST_LIFE_S: Final = 0.8  # of a server, from the moment on from which it may be killed
LONGEST_STORING_S: Final = 0.03

# From when on any moment is as good: the first recording; the start, which is when the server can
# be connected to; or when the device has data, which are soon being stored. Some are likelier.
MOMENTS: Final = ("recording", "recording", "start", "data ready", "data ready")


class Clients:
    """Three clients in threads of their own: one records, one changes what is stored, one listens.

    Attributes:
        state: of the datalogger, as told last.
        has_recorded: set once an acquisition was recorded and stored.
        is_ready_to_store: set each time when the device has data.
    """

    def __init__(self, server: ServerProcess, ledger: Ledger, seed: int, number: int) -> None:
        self.state: DataloggingState | None = None
        self.has_recorded = threading.Event()
        self.has_data = threading.Event()
        self._server = server
        self._ledger = ledger
        self._number = number  # of the server's life
        self._count = 0
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(task, Random(seed + index)))
            for index, task in enumerate((self._record, self._change, self._listen))
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let them end; the server is dead, or does not matter any more."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, task: Callable[[ScrutinyClient, Random], None], random: Random) -> None:
        """Do something until the server dies; everything else is a problem."""
        try:
            with ScrutinyClient(enabled_events=LISTENED, event_queue_size=10_000) as client:
                client.connect("127.0.0.1", self._server.tcp_port)
                while not self._is_over.is_set():
                    task(client, random)
        except ConnectionLost:
            pass
        except ScrutinySDKException as error:
            # A recording under way ends as failed, with a text that tells why.
            if "connection to the server was lost" not in f"{error}" and not self._is_over.is_set():
                self._ledger.complain(f"{task.__name__.strip('_')}: {error}")

    def _record(self, client: ScrutinyClient, random: Random) -> None:
        client.wait_device_ready(DEADLINE_S)
        self._count += 1
        waits = random.random() < 0.3
        level = self._number * 10_000 + self._count if waits else None
        capture = Capture(f"{self._number}.{self._count}", random.randint(1, 3), level)
        config = DataloggingConfig(CONTROL_LOOP, capture.decimation, name=capture.key)
        axis = config.add_axis("all")
        config.add_signal(TICKS_PATH, axis, TICKS)
        config.add_signal(LEVEL_PATH, axis, LEVEL)
        if level is not None:
            config.configure_trigger(TriggerCondition.Equal, [LEVEL_PATH, level], random.random())
        with self._ledger.capturing(capture):
            request = client.start_datalog(config)
            if level is not None:
                request.wait_until_armed(DEADLINE_S)
                client.write_watchable(LEVEL_PATH, level)
            request.wait_for_completion(DEADLINE_S)
        assert request.acquisition_reference_id is not None
        self._ledger.told_of_end(request.acquisition_reference_id, capture)
        self.has_recorded.set()

    def _change(self, client: ScrutinyClient, random: Random) -> None:
        ledger = self._ledger
        sure = ledger.sure()
        what = random.choice(("list", "list", "read", "rename", "rename", "delete"))
        if what == "list" or not sure:
            with ledger.asking("list"):
                entries = client.list_stored_datalogging_acquisitions(count=10_000)
            ledger.listed({entry.reference_id: entry.name for entry in entries}, sure)
            return
        chosen = random.choice(sure)
        if what == "read":
            with ledger.asking("read"):
                acquisition = client.read_datalogging_acquisition(chosen)
            ledger.was_read(chosen, acquisition)
        elif what == "rename":
            with ledger.renaming(chosen, f"renamed {random.randrange(1000)}") as name:
                client.update_datalogging_acquisition(chosen, name)
        elif len(sure) > MOST_KEPT:
            with ledger.deleting(chosen):
                client.delete_datalogging_acquisition(chosen)

    def _listen(self, client: ScrutinyClient, random: Random) -> None:
        event = client.read_event(timeout=0.1)
        if isinstance(event, Events.DataloggerStateChanged):
            self.state = event.details.state
            if self.state is DataloggingState.DataReady:
                self.has_data.set()
        elif isinstance(event, Events.DataloggingListChanged):
            if event.acquisition_reference_id is None:
                return
            if event.change_type is DataloggingListChangeType.NEW:
                self._ledger.told_of(event.acquisition_reference_id)
            elif event.change_type is DataloggingListChangeType.DELETE:
                self._ledger.told_of_deletion(event.acquisition_reference_id)


class CrashRounds:
    """Lives and deaths of a server.

    Attributes:
        ledger: what the clients of all servers know.
        autopsy: what came of it.
        moments: how often a server was killed at which kind of moment.
        states: what the datalogger was busy with when it was killed, as clients knew.
        under_way: what clients had asked and were not answered, how often.
        listening_s: from the start of a server until it could be connected to.
        recorded_s: until the first recording in it was complete; only of those that lived so long.
    """

    def __init__(self, program: Path, folder: Path, seed: int) -> None:
        """Start the device; everything is kept in the folder."""
        self.ledger = Ledger()
        self.autopsy = Autopsy(self.ledger, POINT_COUNT)
        self.moments: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.listening_s: list[float] = []
        self.recorded_s: list[float] = []
        self._folder = folder
        self._data_folder = folder / "acquisitions"
        self._random = Random(seed)
        self._number = 0
        self._board = Board(
            program, folder / "board", "--datalog-size", f"{BUFFER_SIZE}", "--tx-size", "256"
        )

    def __enter__(self) -> CrashRounds:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._board.kill()

    def kill_one(self) -> None:
        """Start a server, kill it, and look at what it has left."""
        with self._life() as (server, clients):
            moment = self._random.choice(MOMENTS)
            if moment != "start":
                self._wait_for(clients.has_recorded, server)
            if moment == "data ready":
                clients.has_data.clear()
                self._wait_for(clients.has_data, server)
                time.sleep(self._random.uniform(0, LONGEST_STORING_S))
            else:
                time.sleep(self._random.uniform(0, LONGEST_LIFE_S))  # the moment is the point of it
            server.kill()
            clients.end()
            self.moments[moment] += 1
            self.states[clients.state.name if clients.state else "unknown"] += 1
        self.under_way.update(+self.ledger.under_way)
        self._look()

    def end_well(self) -> None:
        """Start a server once more, record, and stop it as one should."""
        with self._life() as (server, clients):
            self._wait_for(clients.has_recorded, server)
            clients.end()
            if server.stop() != 0:
                self.ledger.complain("the last server has not ended well")
        self.autopsy.perform(self._data_folder)

    @contextlib.contextmanager
    def _life(self) -> Generator[tuple[ServerProcess, Clients]]:
        self._number += 1
        server = ServerProcess(
            self._folder,
            *("--link", f"serial:{self._board.port}?baudrate=115200"),
            *("--data-folder", f"{self._data_folder}"),
        )
        try:
            self.listening_s.append(server.listening_s - server.started_s)
            clients = Clients(server, self.ledger, self._random.getrandbits(32), self._number)
            try:
                yield server, clients
            finally:
                server.kill()
                clients.end()
        finally:
            server.kill()
        for line in server.complaints:
            self.ledger.complain(f"log of server {self._number}: {line}")

    def _wait_for(self, event: threading.Event, server: ServerProcess) -> None:
        if not event.wait(DEADLINE_S):
            lines = "\n".join(server.lines)
            raise AssertionError(
                f"server {self._number} does not record: {self.ledger.problems}\n{lines}"
            )
        if len(self.recorded_s) < len(self.listening_s):
            self.recorded_s.append(time.monotonic() - server.started_s)

    def _look(self) -> None:
        """Examine a copy: to recover the original is for the next server."""
        copy = self._folder / "copy"
        shutil.copytree(self._data_folder, copy)
        try:
            self.autopsy.perform(copy)
        finally:
            shutil.rmtree(copy)


def spread(seconds: list[float]) -> str:
    """Return median and longest time as text."""
    return f"{statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s"
