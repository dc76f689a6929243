"""What is left out is told in few words."""

from __future__ import annotations

from scrutiny.sfd.omissions import Omissions


def test_each_reason_is_told_once_with_its_first_example() -> None:
    omissions = Omissions("variable", "variables")
    omissions.add("its type is unknown", "/a", "type 7")
    omissions.add("its name is empty", "")
    omissions.add("its type is unknown", "/b", "type 8")

    assert omissions.messages() == [
        "2 variables left out: its type is unknown; the first is /a (type 7)",
        "variable '' left out: its name is empty",
    ]


def test_names_from_outside_are_cut_and_made_one_line() -> None:
    omissions = Omissions("variable", "variables")
    omissions.add("it is odd", "/\ud800\n" + "x" * 1000)

    (message,) = omissions.messages()

    assert len(message) < 250
    assert message.isprintable()
    assert message.encode()
