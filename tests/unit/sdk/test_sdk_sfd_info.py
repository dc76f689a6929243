"""Metadata of firmware descriptions."""

from __future__ import annotations

import json
import platform
from datetime import datetime
from typing import Any

import pytest

from scrutiny import __version__, sdk
from scrutiny.api import messages as api
from scrutiny.sdk._from_api import sfd_info

METADATA: dict[str, Any] = {
    "project_name": "Pump",
    "author": None,
    "version": "2.1",
    "generation_info": {
        "python_version": "3.11.2",
        "scrutiny_version": "0.16.0",
        "system_type": "Linux",
        "time": 1760000000,
    },
}


def test_metadata_survive_both_ways() -> None:
    info = sfd_info(api.SfdInfo("8d2c" * 8, 40960, METADATA))

    assert (info.firmware_id, info.filesize) == ("8d2c" * 8, 40960)
    assert info.metadata is not None
    assert info.metadata.author is None
    assert info.metadata.generation_info.timestamp == datetime.fromtimestamp(1760000000)
    assert info.metadata.to_dict() == METADATA
    assert json.dumps(info.metadata.to_dict())


def test_no_metadata() -> None:
    assert sfd_info(api.SfdInfo("8d2c" * 8, None, {})).metadata is None


@pytest.mark.parametrize("time", [None, True, "yesterday", 1.5, 10**30, -(10**30)])
def test_what_has_a_wrong_type_is_left_out(time: object) -> None:
    strange: dict[str, object] = {
        "project_name": 5,
        "author": ["QA"],
        "generation_info": {"time": time},
    }

    metadata = sfd_info(api.SfdInfo("8d2c" * 8, None, strange)).metadata

    nothing = sdk.SFDGenerationInfo(None, None, None, None)
    assert metadata == sdk.SFDMetadata(None, None, None, nothing)
    assert nothing.to_dict()["time"] is None
    strange["generation_info"] = [time]
    assert sfd_info(api.SfdInfo("8d2c" * 8, None, strange)).metadata == metadata


def test_what_describes_this_program() -> None:
    before = datetime.now()

    made = sdk.SFDGenerationInfo.make()

    assert made.timestamp is not None
    assert before <= made.timestamp <= datetime.now()
    assert made.scrutiny_version == __version__
    assert made.python_version == platform.python_version()
    assert made.system_type == platform.system()
