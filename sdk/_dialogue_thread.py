"""Dialogues in a thread that sleeps until each question is answered."""

from __future__ import annotations

from typing import TypeVar

from . import exceptions
from ._channel import Channel
from ._dialogue import Dialogue, Patience, Question
from ._waiting import Deadline

_Result = TypeVar("_Result")


def run(channel: Channel, dialogue: Dialogue[_Result]) -> _Result:
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
                _ask(channel, question)
            except exceptions.ScrutinySDKException as error:
                question = dialogue.throw(error)
            else:
                question = dialogue.send(None)
    except StopIteration as end:
        result: _Result = end.value
        return result
    finally:
        dialogue.close()


def _ask(channel: Channel, question: Question) -> None:
    limit_s = channel.timeout_s if question.timeout_s is None else question.timeout_s
    if question.chunk_count is None:
        channel.call(question.exchange, limit_s, unknown=question.unknown)
        return
    channel.forbid_reader_thread()
    exchange = question.exchange
    waiter = channel.waiter(exchange)
    deadline = Deadline(limit_s)
    patience = Patience(question, limit_s)
    channel.start(exchange)
    try:
        while not waiter.wait(deadline):
            patience.check()
            deadline = Deadline(limit_s)
    finally:
        channel.forget(exchange)
    if exchange.failure is not None:
        raise exchange.failure
