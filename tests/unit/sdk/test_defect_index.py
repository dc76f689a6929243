"""Where it is tested that this SDK lacks the known defects of another one.

Each defect is told in words, with the test that fails if this SDK has it. What is checked here is
that these tests exist.
"""

from __future__ import annotations

import pytest

from ...support.named_tests import exists

_CLIENT = "integration/test_sdk_client"
_LISTENERS = f"{_CLIENT}/test_listeners.py"
_WATCHING = f"{_CLIENT}/test_watching.py"
_CSV = "unit/sdk/test_csv_logger.py"
_DEMO = "e2e/test_demo_mode.py"

DEFECTS: dict[str, tuple[str, str]] = {
    "the offset of an alias is always None": (
        "unit/sdk/test_sdk_from_api.py",
        "test_the_offset_of_an_alias_is_called_bias_on_the_wire",
    ),
    "after the demo mode, waiting for the device ends with the one before": (
        _DEMO,
        "test_demo_mode_takes_the_place_of_the_link_and_gives_it_back",
    ),
    "the end of the demo mode does not bring back the link": (
        _DEMO,
        "test_demo_mode_takes_the_place_of_the_link_and_gives_it_back",
    ),
    "definitions of a path that is given twice cannot be had": (
        f"{_CLIENT}/test_lists.py",
        "test_definitions_come_by_the_path_as_given",
    ),
    "max_per_response=0 hangs the server": (
        f"{_CLIENT}/test_lists.py",
        "test_the_list_of_watchables_comes_in_parts",
    ),
    "a time limit of recordings is cut to that of the client": (
        f"{_CLIENT}/test_stored_acquisitions.py",
        "test_a_time_limit_may_be_longer_than_that_of_the_client",
    ),
    "a time limit of statistics is cut to that of the client": (
        f"{_CLIENT}/test_lists.py",
        "test_statistics_may_take_longer_than_the_client_waits_by_default",
    ),
    "a time-out reads as if nothing had been sent": (
        f"{_CLIENT}/test_writing.py",
        "test_an_unconfirmed_write_is_unknown",
    ),
    "an empty path is an IndexError": (_WATCHING, "test_an_empty_path_is_a_value_error"),
    "an index out of range is an internal error": (
        "unit/server/test_api_variables.py",
        "test_f8_a_bad_index_is_named",
    ),
    "another spelling of a path makes a second handle, and the first one stops": (
        _WATCHING,
        "test_all_spellings_of_a_path_are_one_handle",
    ),
    "waits poll by sleeping": (_WATCHING, "test_a_value_wakes_those_who_wait_for_it"),
    "wait_value never matches on pointers": (
        f"{_CLIENT}/test_many_paths.py",
        "test_a_pointer_can_be_waited_for_by_its_address",
    ),
    "wait_value refuses negative values of an alias of an unsigned target": (
        _WATCHING,
        "test_an_alias_below_zero_can_be_waited_for",
    ),
    "wait_value compares as integers when the target of an alias is one": (
        "unit/sdk/test_sdk_matching.py",
        "test_a_scaled_alias_is_compared_but_for_rounding",
    ),
    "a write without connection blocks for ever, and is sent after the next connection": (
        f"{_CLIENT}/test_writing.py",
        "test_a_write_without_connection_fails_at_once_and_is_never_sent",
    ),
    "the reason of a failed write does not reach the caller": (
        f"{_CLIENT}/test_writing.py",
        "test_a_failed_write_tells_the_reason",
    ),
    "a batch takes the writes of other threads": (
        f"{_CLIENT}/test_writing.py",
        "test_a_batch_belongs_to_its_thread",
    ),
    "a bytearray cannot be written to memory": (
        f"{_CLIENT}/test_device.py",
        "test_memory_is_written",
    ),
    "no more than 16 KiB of memory can be read": (
        f"{_CLIENT}/test_device.py",
        "test_memory_of_any_size_is_read",
    ),
    "a full event queue drops the newest events": (
        f"{_CLIENT}/test_events.py",
        "test_a_full_queue_gives_up_the_oldest",
    ),
    "a stored acquisition without a name makes the whole list fail": (
        f"{_CLIENT}/test_stored_acquisitions.py",
        "test_an_entry_without_a_name_does_not_cost_the_list",
    ),
    "a listener that is registered twice gets everything twice": (
        _LISTENERS,
        "test_a_listener_that_is_registered_twice_is_told_once",
    ),
    "a listener cannot be unregistered": (
        _LISTENERS,
        "test_a_listener_that_is_unregistered_is_told_nothing",
    ),
    "the stop of a listener throws away what waits": (
        _LISTENERS,
        "test_what_waits_is_delivered_at_the_stop",
    ),
    "is_started stays true after an exception in receive": (
        _LISTENERS,
        "test_an_exception_in_receive_ends_the_listener",
    ),
    "the loss of device or server does not reach listeners": (
        _LISTENERS,
        "test_invalid_values_and_losses_are_told",
    ),
    "drops are counted in notifications, updates one by one": (
        _LISTENERS,
        "test_dropped_updates_are_counted_one_by_one",
    ),
    "what the buffered reader has no place for is not counted, nor its other queue set": (
        _LISTENERS,
        "test_the_buffered_reader_counts_what_it_has_no_place_for",
    ),
    "values of one read of the device are as many rows": (
        _CSV,
        "test_one_read_of_the_device_is_one_row",
    ),
    "the times of a file count from the creation of the listener": (
        "e2e/test_examples.py",
        "test_log_csv_writes_one_row_for_each_read_of_the_device",
    ),
    "without updates there is an empty row": (_CSV, "test_without_updates_there_is_no_row"),
    "the CSV listener cannot be started again": (
        _LISTENERS,
        "test_a_csv_file_goes_on_after_a_stop_and_a_reboot",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_its_test(defect: str) -> None:
    file, name = DEFECTS[defect]

    assert exists(f"{file}::{name}")
