"""Where it is tested that this SDK lacks the known defects of another one, and keeps its promises.

Each defect and promise is told in words, behind the section of the SDK specification that names
it, with the tests that fail if this SDK is otherwise. What is checked here is that these tests
exist.
"""

from __future__ import annotations

from typing import Final

import pytest

from ...support.named_tests import exists

_CLIENT: Final = "integration/test_sdk_client"
_CONNECTION: Final = f"{_CLIENT}/test_connection.py"
_WATCHING: Final = f"{_CLIENT}/test_watching.py"
_MANY: Final = f"{_CLIENT}/test_many_paths.py"
_WRITING: Final = f"{_CLIENT}/test_writing.py"
_LISTS: Final = f"{_CLIENT}/test_lists.py"
_EVENTS: Final = f"{_CLIENT}/test_events.py"
_DEVICE: Final = f"{_CLIENT}/test_device.py"
_LISTENERS: Final = f"{_CLIENT}/test_listeners.py"
_RECORDING: Final = f"{_CLIENT}/test_datalogging.py"
_STORED: Final = f"{_CLIENT}/test_stored_acquisitions.py"
_REBINDING: Final = f"{_CLIENT}/test_rebinding.py"
_CORE: Final = "unit/sdk/test_sdk_core.py"
_CSV: Final = "unit/sdk/test_csv_logger.py"
_BOTH: Final = "e2e/test_both_clients.py"
_DEMO: Final = "e2e/test_demo_mode.py"
_RECONNECT: Final = "e2e/test_reconnect.py"

DEFECTS: Final[dict[str, tuple[str, ...]]] = {
    "3 the offset of an alias is always None": (
        "unit/sdk/test_sdk_from_api.py::test_the_offset_of_an_alias_is_called_bias_on_the_wire",
        "unit/sdk/test_sdk_from_api.py::test_the_offset_of_an_alias_may_have_both_names",
    ),
    "5.1 a call that blocks hangs when a callback makes it": (
        f"{_RECORDING}::test_a_callback_that_would_wait_for_itself_is_told_so",
    ),
    "5.2 servers can be reached over IPv4 only": (f"{_CONNECTION}::test_connect_over_ipv6",),
    "5.2 a request of the status returns with any status": (
        f"{_CONNECTION}::test_own_status_request_returns_its_own_answer",
    ),
    "5.2 after the demo mode, waiting for the device ends with the one before": (
        f"{_DEMO}::test_demo_mode_takes_the_place_of_the_link_and_gives_it_back",
    ),
    "5.3 the end of the demo mode does not bring back the link": (
        f"{_DEMO}::test_demo_mode_takes_the_place_of_the_link_and_gives_it_back",
    ),
    "5.3 definitions of a path that is given twice cannot be had": (
        f"{_LISTS}::test_definitions_come_by_the_path_as_given",
    ),
    "5.3 max_per_response=0 hangs the server": (
        f"{_LISTS}::test_the_list_of_watchables_comes_in_parts",
    ),
    "5.3 a bytearray cannot be written to memory": (f"{_DEVICE}::test_memory_is_written",),
    "5.3 a listener that is registered twice gets everything twice": (
        f"{_LISTENERS}::test_a_listener_that_is_registered_twice_is_told_once",
    ),
    "5.3 a listener cannot be unregistered": (
        f"{_LISTENERS}::test_a_listener_that_is_unregistered_is_told_nothing",
    ),
    "5.3 a time limit of recordings is cut to that of the client": (
        f"{_STORED}::test_a_time_limit_may_be_longer_than_that_of_the_client",
        f"{_STORED}::test_a_short_time_limit_is_kept_and_named",
    ),
    "5.3 a time limit of statistics is cut to that of the client": (
        f"{_LISTS}::test_statistics_may_take_longer_than_the_client_waits_by_default",
    ),
    "5.3 a time-out reads as if nothing had been sent": (
        f"{_WRITING}::test_an_unconfirmed_write_is_unknown",
        f"{_RECORDING}::test_a_server_that_does_not_answer_leaves_open_what_it_does",
    ),
    "6.1 a full event queue drops the newest events": (
        f"{_EVENTS}::test_a_full_queue_gives_up_the_oldest",
        "unit/sdk/test_sdk_events.py::test_a_full_queue_drops_the_oldest_and_says_so_once",
    ),
    "7.1 many paths take as many round trips": (
        f"{_MANY}::test_many_paths_are_watched_in_one_round_trip",
        f"{_BOTH}::test_many_are_watched_all_or_none",
    ),
    "7.1 an empty path is an IndexError": (f"{_WATCHING}::test_an_empty_path_is_a_value_error",),
    "7.1 an index out of range is an internal error": (
        "unit/server/test_api_variables.py::test_f8_a_bad_index_is_named",
        "e2e/test_variables.py::test_f8_a_bad_index_is_named_with_its_limit",
    ),
    "7.1 another spelling of a path makes a second handle, and the first one stops": (
        f"{_WATCHING}::test_all_spellings_of_a_path_are_one_handle",
    ),
    "7.3 waits poll by sleeping": (f"{_WATCHING}::test_a_value_wakes_those_who_wait_for_it",),
    "7.3 wait_value never matches on pointers": (
        f"{_MANY}::test_a_pointer_can_be_waited_for_by_its_address",
    ),
    "7.3 wait_value refuses negative values of an alias of an unsigned target": (
        f"{_WATCHING}::test_an_alias_below_zero_can_be_waited_for",
    ),
    "7.3 wait_value compares as integers when the target of an alias is one": (
        "unit/sdk/test_sdk_matching.py::test_a_scaled_alias_is_compared_but_for_rounding",
    ),
    "8.1 the reason of a failed write does not reach the caller": (
        f"{_WRITING}::test_a_failed_write_tells_the_reason",
    ),
    "8.2 a write without connection blocks for ever, and is sent after the next connection": (
        f"{_WRITING}::test_a_write_without_connection_fails_at_once_and_is_never_sent",
        f"{_RECONNECT}::test_a_write_without_a_server_fails_at_once_and_is_never_repeated",
    ),
    "8.3 a batch takes the writes of other threads": (
        f"{_WRITING}::test_a_batch_belongs_to_its_thread",
        "e2e/test_async_client.py::test_batches_of_two_tasks_do_not_mix",
    ),
    "8.3 a batch has at most 500 writes": (
        f"{_WRITING}::test_a_batch_may_be_larger_than_a_command",
    ),
    "8.3 what a batch that ran out of time still does is not told": (
        f"{_WRITING}::test_a_batch_without_confirmation_is_unknown",
    ),
    "8.3 each write of a batch is a request to the device": (
        "unit/server/test_write_queue.py"
        "::test_writes_of_a_kind_share_requests_and_keep_their_order",
    ),
    "10.1 the stop of a listener throws away what waits": (
        f"{_LISTENERS}::test_what_waits_is_delivered_at_the_stop",
    ),
    "10.1 is_started stays true after an exception in receive": (
        f"{_LISTENERS}::test_an_exception_in_receive_ends_the_listener",
    ),
    "10.2 the loss of device or server does not reach listeners": (
        f"{_LISTENERS}::test_invalid_values_and_losses_are_told",
    ),
    "10.2 drops are counted in notifications, updates one by one": (
        f"{_LISTENERS}::test_dropped_updates_are_counted_one_by_one",
    ),
    "10.3 what the buffered reader has no place for is not counted, nor its other queue set": (
        f"{_LISTENERS}::test_the_buffered_reader_counts_what_it_has_no_place_for",
    ),
    "10.3 values of one read of the device are as many rows": (
        f"{_CSV}::test_one_read_of_the_device_is_one_row",
    ),
    "10.3 the times of a file count from the creation of the listener": (
        "e2e/test_examples.py::test_log_csv_writes_one_row_for_each_read_of_the_device",
    ),
    "10.3 without updates there is an empty row": (
        f"{_CSV}::test_without_updates_there_is_no_row",
    ),
    "10.3 the CSV listener cannot be started again": (
        f"{_LISTENERS}::test_a_csv_file_goes_on_after_a_stop_and_a_reboot",
    ),
    "11.2 a recording cannot be cancelled": (
        f"{_RECORDING}::test_a_cancelled_request_is_over_when_cancel_returns",
    ),
    "11.2 a recording fails when anybody asks for another one": (
        "unit/server/test_api_datalogging.py::test_a_request_of_another_client_cancels_nothing",
        "e2e/test_recordings.py::test_requests_queue_and_anybody_may_cancel_them",
    ),
    "11.2 the time of an acquisition is cut to whole seconds": (
        f"{_STORED}::test_an_acquisition_is_fetched_in_the_way_that_the_server_knows",
    ),
    "11.2 samples of 64 bits lose their last digits": (
        "unit/sdk/test_sdk_data_series.py::test_integers_stay_integers_and_all_else_is_float64",
    ),
    "11.3 axes cannot be renamed": (
        f"{_STORED}::test_names_are_changed_and_what_is_not_named_is_not_sent",
    ),
    "11.3 a stored acquisition without a name makes the whole list fail": (
        f"{_STORED}::test_an_entry_without_a_name_does_not_cost_the_list",
    ),
    "12 an upload over the loaded description neither loads it nor is told": (
        "unit/server/test_api_descriptions.py::test_an_upload_over_the_loaded_description_loads_it",
        "integration/test_descriptions.py"
        "::test_a_description_that_is_installed_replaced_and_removed_is_noticed",
    ),
    "13 no more than 16 KiB of memory can be read": (
        f"{_DEVICE}::test_memory_of_any_size_is_read",
    ),
}

RULES: Final[dict[str, tuple[str, ...]]] = {
    "14.1 a path that is watched twice has one handle, which is found without a request": (
        f"{_WATCHING}::test_all_spellings_of_a_path_are_one_handle",
    ),
    "14.2 a stale value is never returned": (
        f"{_CORE}::test_a_lost_device_makes_all_watches_stale_before_its_event_can_be_read",
        f"{_REBINDING}::test_a_dead_handle_has_no_value_and_takes_none",
        f"{_WATCHING}::test_waiting_ends_at_once_when_no_value_can_come",
    ),
    "14.3 before the first value there is none": (
        f"{_WATCHING}::test_a_value_wakes_those_who_wait_for_it",
        f"{_WATCHING}::test_wait_new_value_for_all",
    ),
    "14.4 after an assignment the handle shows what the device has": (
        f"{_WRITING}::test_a_write_returns_when_the_handle_shows_the_value",
        f"{_BOTH}::test_a_value_is_watched_written_and_left",
    ),
    "14.5 writes of a thread keep their order, in and out of batches": (
        f"{_WRITING}::test_a_batch_is_sent_at_the_end_of_its_block",
        "unit/server/test_write_queue.py"
        "::test_writes_of_a_kind_share_requests_and_keep_their_order",
        "unit/server/test_written_octets.py::test_octets_keep_their_place_among_the_values",
    ),
    "14.6 the end of a with block disconnects": (
        f"{_CONNECTION}::test_connect_returns_the_client_and_with_disconnects",
    ),
    "14.8 a handle that nobody keeps is watched all the same": (
        f"{_WATCHING}::test_a_handle_that_nobody_keeps_is_watched_all_the_same",
    ),
    "14.9 updates are counted though the value stays": (
        f"{_WATCHING}::test_a_value_wakes_those_who_wait_for_it",
    ),
    "14.10 errors of the SDK have one base class, wrong arguments are built-in errors": (
        "unit/sdk/test_surface.py::test_exceptions_have_their_parents",
        "unit/sdk/test_sdk_arguments.py::test_wrong_paths",
        f"{_WRITING}::test_what_is_no_value_is_a_type_error",
    ),
    "14.11 events are off by default": (f"{_EVENTS}::test_who_asked_for_no_events_gets_none",),
    "16.4 values are read once, without watching them": (
        f"{_MANY}::test_read_once",
        f"{_MANY}::test_reading_once_can_fail_as_a_whole",
    ),
    "16.7 there is an asyncio client with the same names": (
        "unit/sdk/test_async_parity.py::test_both_have_the_same_names",
        f"{_BOTH}::test_what_is_wrong_raises_the_same",
    ),
    "16.9 handles live again after a device or a server came back": (
        f"{_REBINDING}::test_a_handle_lives_again_with_the_definition_of_the_new_firmware",
        f"{_RECONNECT}::test_a_script_without_a_line_about_it_goes_on",
    ),
    "16.10 the requests of all clients can be seen": (
        f"{_RECORDING}::test_the_requests_of_all_clients_can_be_seen",
    ),
    "16.11 octets of any kind are taken": (
        "unit/sdk/test_sdk_arguments.py::test_octets_of_any_kind",
    ),
    "16.13 a time-out is one kind of exception": (
        "unit/sdk/test_sdk_definitions.py::test_a_time_out_is_caught_under_both_its_names",
    ),
    "16.14 the client does without the server's modules": (
        "unit/sdk/test_sdk_imports.py::test_imports_are_light",
    ),
    "16.15 what an old server lacks is told by its name": (
        f"{_CLIENT}/test_server_version.py"
        "::test_what_an_old_server_lacks_fails_with_its_name_and_all_else_works",
        f"{_CLIENT}/test_server_version.py"
        "::test_connecting_to_a_server_of_another_version_fails_at_once",
    ),
}


@pytest.mark.parametrize("item", [*DEFECTS, *RULES])
def test_each_item_has_its_tests(item: str) -> None:
    tests = (DEFECTS | RULES)[item]

    assert tests
    assert [test for test in tests if not exists(test)] == []
