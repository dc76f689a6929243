"""Fetching an acquisition chunk by chunk over a link that loses some of them; no I/O, no clock.

A device sends the chunks of an acquisition one per request, in passes, over and over again. There
is no offset in a request, so a chunk that got lost comes again in the next pass only. This side
puts each chunk where it belongs (see `pass_position`) and reads pass after pass until nothing is
missing. Then the CRC of the pass, which covers all data, decides.

Source: device protocol, section 11.8.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from .codes import ResponseCode
from .errors import RecordingFailed
from .exchange import Transaction
from .frames import crc32
from .messages import BEFORE_PARAMS, AcquisitionMetadata, ReadAcquisition
from .pass_position import COUNTER_RANGE, PassPosition
from .profile import DeviceProfile

# Passes in a row that bring nothing new; and requests, for acquisitions of a few chunks.
MAX_FRUITLESS_PASSES: Final = 8
MIN_FRUITLESS_REQUESTS: Final = 64

# How often all may turn out to be worthless, as when somebody else meddles.
MAX_RESTARTS: Final = 3

# Chunks of another acquisition in a row: one may be a late answer from before.
MAX_FOREIGN_CHUNKS: Final = 2

_HEAD: Final = Struct(">BBH")
_unpack_head = _HEAD.unpack_from
_HEAD_SIZE: Final = _HEAD.size
_CRC_SIZE: Final = 4


class AcquisitionTransfer:
    """One acquisition on its way from the device.

    Its owner sends `transaction` whenever `is_done` is false and reports how each one ended:
    `received`, `refused` or `lost`. None of the three raises anything.

    Attributes:
        transaction: the request, always the same.
        acquisition_id: that all chunks carry.
        total_size: of the data, in octets.
        refusal: what the device said instead of sending a chunk; see `ask_again`.
        request_count: requests that have ended, one way or the other.
    """

    def __init__(self, metadata: AcquisitionMetadata, profile: DeviceProfile) -> None:
        """Prepare to fetch what the metadata announce, which the caller has found plausible.

        No more than what has been received is allocated.
        """
        self.acquisition_id = metadata.acquisition_id
        self.total_size = metadata.data_size * (profile.char_bit // 8)
        self.transaction = Transaction(
            ReadAcquisition().request(BEFORE_PARAMS).encode(),
            # Only the device knows how much it sends at once, and a short deadline costs a chunk.
            max_size=min(profile.max_tx_payload, _HEAD_SIZE + self.total_size + _CRC_SIZE),
            idempotent=True,  # as far as the exchange is concerned: no longer wait than usual
            retries=0,
            only_reads=True,  # chunks that are lost, and those behind them, come again
        )
        self.refusal: ResponseCode | None = None
        self.request_count = 0
        self._largest_chunk = profile.max_tx_payload - _HEAD_SIZE
        self._failure: RecordingFailed | None = None
        self._is_complete = self.total_size == 0

        self._data = bytearray()  # from the front; holes are zero
        self._holes: set[int] = set()  # indexes of chunks inside of it that have not come
        self._held_size = 0
        self._front_size = 0  # octets without a hole from the front, and the CRC of them
        self._front_crc = 0
        self._chunk_size = 0  # octets in a full one; 0: not known yet
        self._chunk_count = 0  # chunks with data
        self._crc: int | None = None

        self._position = PassPosition()
        self._fruitless = 0  # requests since something new came
        self._best_size = 0  # most octets held since the last restart
        self._restarts = 0
        self._foreign_in_a_row = 0
        self._shown = 0.0  # completion told before the last restart

    # ------------------------------------------------------------------ for the owner

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to send; `result` tells how it ended."""
        return self._is_complete or self._failure is not None or self.refusal is not None

    def are_certain(self, count: int) -> bool:
        """Whether so many more requests will be needed, whatever the chunks hold.

        So the next request can be written before the answers to those before have been looked at,
        or have come.
        """
        if self.is_done:
            return False
        largest = self._chunk_size or self._largest_chunk
        return self.total_size - self._held_size > largest * (count - 1)

    @property
    def completion(self) -> float:
        """Share of the data that is here, 0 to 1; it never shrinks."""
        if self._is_complete:
            return 1.0
        return max(self._shown, self._best_size / self.total_size)

    def result(self) -> bytes:
        """Return all data.

        Raises:
            RecordingFailed: it cannot be had, or not yet; the text says why.
        """
        if self._failure is not None:
            raise self._failure
        if not self._is_complete:
            raise RecordingFailed(
                f"the acquisition is incomplete: {self._held_size} of {self.total_size} octets "
                "have come"
            )
        return bytes(self._data)

    def received(self, payload: bytes) -> None:
        """Take the payload of an OK response."""
        if self.is_done:
            return
        self._count_request()
        if len(payload) < _HEAD_SIZE:
            self._position.lost()
            return
        finished, counter, acquisition_id = _unpack_head(payload)
        if acquisition_id != self.acquisition_id:
            self._foreign_chunk(acquisition_id)
            return
        self._foreign_in_a_row = 0
        if finished:
            self._take_last(payload[_HEAD_SIZE:])
        else:
            self._take_one(counter, payload[_HEAD_SIZE:])

    def lost(self) -> None:
        """Learn that a request has no answer: it, or the answer to it, got lost or was damaged."""
        if self.is_done:
            return
        self._count_request()
        self._position.lost()

    def refused(self, code: ResponseCode) -> None:
        """Learn that the device sent a response code other than OK."""
        if self.is_done:
            return
        self._count_request()
        if not self.is_done:
            self.refusal = code

    def ask_again(self) -> None:
        """Go on after a refusal, because the acquisition is still there."""
        self.refusal = None

    # ------------------------------------------------------------------ chunks

    def _take_one(self, counter: int, data: bytes) -> None:
        """Place a chunk that the device does not call the last."""
        size = len(data)
        if size > self._chunk_size:
            self._lay_out(size)
        elif size < self._chunk_size or not size:
            self._take_rest(data)
            return
        index = self._position.index_of(counter)
        if index is not None:
            self._store(index, data)

    def _take_rest(self, data: bytes) -> None:
        """Place the last data, which the device sends without the CRC if both do not fit."""
        if not data:
            self._position.lost()
            return
        index = self._chunk_count - 1
        if index * self._chunk_size + len(data) == self.total_size:
            self._store(index, data)
        else:
            self._contradiction()

    def _take_last(self, data_and_crc: bytes) -> None:
        """Place the chunk that ends the pass."""
        size = len(data_and_crc) - _CRC_SIZE
        if size < 0:
            self._position.lost()
            return
        if size == self.total_size:
            self._lay_out(size)
        index = self._index_at_end(size)
        if index is None:
            if self._chunk_size:
                self._contradiction()
            self._position.expect(0)  # where this one belongs is not known, but what follows is
            return
        self._crc = int.from_bytes(data_and_crc[size:], "big")
        self._position.end_pass()
        if size:
            self._store(index, data_and_crc[:size])
        self._check()

    def _index_at_end(self, size: int) -> int | None:
        """Return the index of the last chunk from its size, None if that does not fit in."""
        if not size:
            return self._chunk_count or None
        if size > self._chunk_size:
            return None
        index, rest = divmod(self.total_size - size, self._chunk_size)
        return None if rest else index

    def _lay_out(self, chunk_size: int) -> None:
        """Learn the size of a full chunk; what has been placed by another one goes."""
        if chunk_size == self._chunk_size:
            return
        self._drop()
        self._chunk_size = chunk_size
        self._chunk_count = -(-self.total_size // chunk_size)
        self._position.lay_out(self.total_size // chunk_size)

    def _store(self, index: int, data: bytes) -> None:
        held = self._data
        start, end = index * self._chunk_size, len(held)
        if start + len(data) > self.total_size:
            self._contradiction()
            return
        if start == end:
            held += data
            if start == self._front_size:  # done while the device works, and not all at the end
                self._front_crc = crc32(data, self._front_crc)
                self._front_size = len(held)
        elif start > end:
            first_hole = end // self._chunk_size
            if index - first_hole > COUNTER_RANGE:
                return  # so far ahead in one leap: it comes again
            self._holes.update(range(first_hole, index))
            held += bytes(start - end)
            held += data
        elif index in self._holes:
            self._holes.remove(index)
            held[start : start + len(data)] = data
        else:
            return
        self._held_size += len(data)
        if self._held_size > self._best_size:
            self._best_size = self._held_size
            self._fruitless = 0
        if self._held_size == self.total_size:
            self._check()

    def _check(self) -> None:
        """If all is here, compare it with the device's own CRC."""
        if self._held_size != self.total_size or self._crc is None or self._is_complete:
            return
        behind_front = memoryview(self._data)[self._front_size :]
        if crc32(behind_front, self._front_crc) == self._crc:
            self._is_complete = True
        else:
            self._contradiction()

    # ------------------------------------------------------------------ what goes wrong

    def _count_request(self) -> None:
        """Count a request, which is one too many if nothing new has come for long."""
        self.request_count += 1
        self._fruitless += 1
        limit = max(MIN_FRUITLESS_REQUESTS, MAX_FRUITLESS_PASSES * (self._chunk_count + 1))
        if self._fruitless <= limit:
            return
        if not self._chunk_size:
            text = (
                "no full chunk of the acquisition arrived intact: the line damages long frames. "
                "Lower the transmit buffer of the firmware or the speed of the line"
            )
        elif self._held_size == self.total_size:
            text = (
                "all data arrived, but never the end of the acquisition with its CRC, so they "
                "cannot be checked. Look at the line, or at the firmware; then record again"
            )
        else:
            missing = self.total_size - self._held_size
            text = (
                f"{missing} of {self.total_size} octets of the acquisition never arrived, in "
                f"{MAX_FRUITLESS_PASSES} attempts. Look at the line; then record again"
            )
        self._failure = RecordingFailed(text)

    def _foreign_chunk(self, acquisition_id: int) -> None:
        self._position.lost()
        self._foreign_in_a_row += 1
        if self._foreign_in_a_row >= MAX_FOREIGN_CHUNKS:
            self._failure = RecordingFailed(
                f"the device now sends acquisition {acquisition_id}, no longer "
                f"{self.acquisition_id}: another tool has armed the datalogger meanwhile. "
                "Let only one tool use it, and record again"
            )

    def _contradiction(self) -> None:
        """Throw all away and begin again: what was put together does not fit together."""
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            self._failure = RecordingFailed(
                f"the chunks of the acquisition do not fit together, in {self._restarts} "
                "attempts. Either another tool reads it at the same time, or the firmware "
                "changes it while it is read; record again"
            )
        self._drop()

    def _drop(self) -> None:
        self._shown = self.completion
        self._data = bytearray()
        self._holes = set()
        self._held_size = self._best_size = 0
        self._front_size = self._front_crc = 0
        self._chunk_size = self._chunk_count = 0
        self._crc = None
