"""What is sent to the device: requests that know what to do with their answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from scrutiny.firmware_link.codes import ResponseCode
from scrutiny.firmware_link.errors import DeviceRefused, LinkError, NoAnswer
from scrutiny.firmware_link.exchange import Transaction
from scrutiny.firmware_link.frames import Response
from scrutiny.firmware_link.messages import AddressFormat, ReadMemory, RequestMessage
from scrutiny.firmware_link.transactions import transaction_of


class Job(Transaction):
    """A request, and what happens with its answer or its failure. One of the two is called once."""

    __slots__ = ()

    def decides_next(self, response: Response) -> bool:
        """Whether this response may decide what is sent next.

        If not, the next request goes out before the response is taken.
        """
        return False

    @abstractmethod
    def answered(self, response: Response, now_ns: int) -> None:
        """Take the response: the answer, or the refusal of the device."""

    @abstractmethod
    def failed(self, reason: str, now_ns: int) -> None:
        """Learn that there is no answer, after all retries; whether it was done is unknown."""


class MadeJob(Job):
    """A request that was made before it is known who takes the answer."""

    __slots__ = ()

    def __init__(self, made: Transaction) -> None:
        """Take it as it is."""
        super().__init__(
            made.frame,
            prefix=made.prefix,
            size=made.size,
            max_size=made.max_size,
            idempotent=made.idempotent,
            retries=made.retries,
            patience_ns=made.patience_ns,
            only_reads=made.only_reads,
        )


class MessageJob(MadeJob):
    """A typed message whose answer, or the error that stands for it, goes to a callback."""

    __slots__ = ("_decides", "_done", "_fmt", "_message")

    def __init__(
        self,
        message: RequestMessage[Any],
        fmt: AddressFormat,
        done: Callable[[Any, int], None],
        *,
        retries: int | None = None,
        patience_ns: int = 0,
        decides: bool = True,
    ) -> None:
        """Prepare the message; ``done`` gets the answer or a `LinkError`, and the time.

        Without ``decides``, what is queued already may be sent before ``done`` is called.
        """
        super().__init__(transaction_of(message, fmt, retries))
        self.patience_ns = patience_ns
        self.only_reads = isinstance(message, ReadMemory) and not decides
        self._message = message
        self._fmt = fmt
        self._done = done
        self._decides = decides

    def decides_next(self, response: Response) -> bool:
        return self._decides

    def answered(self, response: Response, now_ns: int) -> None:
        self._done(self._result(response), now_ns)

    def failed(self, reason: str, now_ns: int) -> None:
        self._done(NoAnswer(reason), now_ns)

    def _result(self, response: Response) -> Any:
        if response.code != ResponseCode.OK:
            return refusal(response)
        try:
            return self._message.parse_answer(response.payload, self._fmt)
        except LinkError as error:
            return error


def refusal(response: Response) -> DeviceRefused:
    """Return the error that stands for a response code other than OK."""
    return DeviceRefused(ResponseCode(response.code), response.command, response.subfunction)
