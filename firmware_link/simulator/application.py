"""What runs on a simulated device, as the device sees it."""

from __future__ import annotations

from scrutiny.core.values import ByteOrder, Value

from .datalogger import Datalogger
from .memory import SparseMemory


class Application:
    """An application that does nothing: a table of values, and an echo of user commands.

    Subclasses override what they need. Memory and published values belong to the device that
    called `start` last. Its loops stand still unless somebody calls `run_loop`: a subclass as time
    goes by, or a test, iteration by iteration.
    """

    datalogger: Datalogger | None = None

    def __init__(self, values: dict[int, Value] | None = None) -> None:
        """Publish these values, by id, as they are after each start."""
        self._values_at_start = dict(values or {})
        self.values = dict(self._values_at_start)

    def start(self, memory: SparseMemory, byte_order: ByteOrder, now_ns: int) -> None:
        """Begin anew, in memory that was just reset."""
        self.values = dict(self._values_at_start)

    def attach(self, datalogger: Datalogger) -> None:
        """Let a datalogger record in the loops; the device calls it before `start`."""
        self.datalogger = datalogger

    def advance(self, now_ns: int) -> None:
        """Run until this time."""

    def run_loop(self, loop_id: int, now_ns: int) -> None:
        """End an iteration of a loop: memory and values are recorded as they are now."""
        if self.datalogger is not None:
            self.datalogger.run(loop_id, now_ns)

    def memory_written(self) -> None:
        """Notice that a server wrote memory."""

    def read_rpv(self, rpv_id: int) -> Value | None:
        """Return a published value, or None to refuse."""
        return self.values.get(rpv_id)

    def write_rpv(self, rpv_id: int, value: Value) -> bool:
        """Take a published value; False refuses it."""
        if rpv_id not in self.values:
            return False
        self.values[rpv_id] = value
        return True

    def user_command(self, subfunction: int, data: bytes) -> bytes | None:
        """Do what a server asks for and return the payload of the answer.

        None refuses. The protocol has one way to say so: an answer that does not fit.
        """
        return data
