"""Dialogues in a task that sleeps until each question is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from . import exceptions
from ._async_signal import Done
from ._dialogue import Dialogue, Patience, Question

if TYPE_CHECKING:
    from ._async_channel import AsyncChannel

_Result = TypeVar("_Result")


async def run(channel: AsyncChannel, dialogue: Dialogue[_Result]) -> _Result:
    """Ask the questions of a dialogue one after the other, and return what it makes of them.

    Raises:
        OperationFailure: the server refused.
        RequestTimeout: an answer did not come in time.
        ConnectionError: there is no connection, or it was lost meanwhile.
    """
    try:
        question = next(dialogue)
        while True:
            try:
                await _ask(channel, question)
            except exceptions.ScrutinySDKException as error:
                question = dialogue.throw(error)
            else:
                question = dialogue.send(None)
    except StopIteration as end:
        result: _Result = end.value
        return result
    finally:
        dialogue.close()


async def _ask(channel: AsyncChannel, question: Question) -> None:
    limit_s = channel.timeout_s if question.timeout_s is None else question.timeout_s
    exchange = question.exchange
    if question.chunk_count is None:
        await channel.call(exchange, limit_s, unknown=question.unknown)
        return
    done = Done(exchange)
    patience = Patience(question, limit_s)
    channel.start(exchange)
    try:
        while not await done.wait(limit_s):
            patience.check()
    finally:
        channel.forget(exchange)
    if exchange.failure is not None:
        raise exchange.failure
