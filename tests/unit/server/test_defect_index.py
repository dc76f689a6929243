"""Where it is tested that this server lacks the known defects of another one.

Each defect is told in words, behind the section of the client API that names it, with the tests
that fail if this server has it. What is checked here is that these tests exist.

Source: client API, the defects in sections 1 to 7 and the list in section 10.
"""

from __future__ import annotations

from typing import Final

import pytest

from ...support.named_tests import exists

_SESSION: Final = "unit/server/test_api_session.py"
_VARIABLES: Final = "unit/server/test_api_variables.py"
_POINTERS: Final = "unit/server/test_pointers.py"
_DATALOGGING: Final = "unit/server/test_api_datalogging.py"
_STORED: Final = "unit/server/test_api_acquisitions.py"
_FILES: Final = "unit/server/test_api_descriptions.py"
_LINKS: Final = "unit/server/test_api_links.py"
_SOCKET: Final = "integration/test_websocket_api.py"
_TCP: Final = "integration/test_tcp_api.py"

_BAD_MESSAGES: Final = (
    f"{_SESSION}::test_bad_messages_are_answered_and_counted",
    f"{_SOCKET}::test_a_bad_message_is_answered_and_nobody_else_notices",
)

DEFECTS: Final[dict[str, tuple[str, ...]]] = {
    "1.1 floats that are not finite are no JSON": (
        f"{_SESSION}::test_a_value_that_json_cannot_write_has_a_reason",
        f"{_VARIABLES}::test_a_value_that_json_cannot_write_is_read_with_a_reason",
        "unit/server/test_broadcast.py::test_floats_that_json_cannot_write_are_named",
        "unit/api/test_codec.py::test_no_message_holds_what_is_not_json",
    ),
    "1.1 what is decompressed has no bound": (
        f"{_TCP}::test_a_message_that_is_huge_when_decompressed_is_refused",
    ),
    "4 a reqid that is neither an integer nor null ends the server": _BAD_MESSAGES,
    "4 a message that is a bare number, null or boolean ends the server": _BAD_MESSAGES,
    "4 a message that is no UTF-8 ends the server": _BAD_MESSAGES,
    "4 JSON that is nested too deeply ends the server": _BAD_MESSAGES,
    "5.4 the offset of an alias is told under a name that clients do not look for": (
        f"{_VARIABLES}::test_details_of_each_kind",
    ),
    "5.5 an element of an array that was asked for once stays in counts and lists": (
        f"{_VARIABLES}::test_elements_that_were_asked_for_are_not_listed",
        f"{_VARIABLES}::test_a_list_makes_no_entries",
        "unit/server/test_value_store.py::test_many_idle_entries_stay_bounded",
    ),
    "5.5 an index that is missing or out of range is an internal error": (
        f"{_VARIABLES}::test_f8_a_bad_index_is_named",
        "unit/server/test_value_store.py::test_a_wrong_index_is_told",
    ),
    "6.3 null pointers and forbidden memory are told without end, whatever the rate": (
        f"{_POINTERS}::test_a_null_pointer_is_told_once_to_each_client",
        f"{_POINTERS}::test_a_pointer_into_a_forbidden_region",
        f"{_POINTERS}::test_a_pointer_that_lies_in_a_forbidden_region",
    ),
    "6.3 an alias of an invalid variable has no reason": (
        f"{_POINTERS}::test_an_alias_of_what_cannot_be_read_tells_the_same_reason",
    ),
    "7.2 max_per_response 0 stops the server, negative ones are internal errors": (
        f"{_SESSION}::test_bad_list_requests_are_refused",
    ),
    "7.3 a rate is only roughly what was asked for": (
        "unit/server/test_rate_gate.py::test_a_rate_is_kept_alone",
        "unit/server/test_rate_gate.py::test_clients_with_all_rates_at_once_get_theirs",
    ),
    "7.3 a rate of 0 or less is an internal error": (
        f"{_SESSION}::test_a_rate_has_to_be_above_zero",
    ),
    "7.3 changes of rates before a bad one are in force": (
        f"{_SESSION}::test_a_bad_change_of_rates_changes_nothing",
    ),
    "7.4 a value beyond float32 stops the server": (
        f"{_SOCKET}::test_values_beyond_float32_are_saturated",
        f"{_SESSION}::test_values_are_made_to_fit",
        "unit/server/test_write_queue.py::test_f1_a_value_beyond_float32_becomes_the_largest",
    ),
    "7.4 a write through an alias with gain 0 is an internal error": (
        "unit/sfd/test_aliases.py::test_f4_what_is_not_valid_is_refused_with_a_reason",
        "unit/sfd/test_aliases.py::test_one_that_is_refused_does_not_take_others_along",
    ),
    "7.4 large integers in text lose digits": (
        "unit/server/test_api_written_values.py"
        "::test_v6_integers_of_64_bits_written_as_text_are_exact",
    ),
    "7.4 names of enumerators are not taken": (
        "unit/server/test_api_written_values.py"
        "::test_the_name_of_an_enumerator_is_its_value_whatever_it_means_elsewhere",
    ),
    "7.5 a command to load a description has no answer": (
        f"{_FILES}::test_a_description_is_loaded_by_command_status_first",
        f"{_FILES}::test_what_cannot_be_loaded_is_refused",
    ),
    "7.5 loading what is loaded gives new ids, and the old ones cannot be unsubscribed": (
        f"{_FILES}::test_what_is_loaded_already_stays_as_it_is",
        f"{_VARIABLES}::test_ids_end_with_the_description",
        "unit/server/test_subscriptions.py"
        "::test_subscriptions_to_what_is_gone_end_without_another_update",
    ),
    "7.5 an upload that is no description is an internal error": (
        f"{_FILES}::test_a_damaged_file_replaces_nothing",
    ),
    "7.5 an upload over the loaded description is not loaded": (
        f"{_FILES}::test_an_upload_over_the_loaded_description_loads_it",
    ),
    "7.6 memory can be written across the end of the addresses": (
        "unit/server/test_memory_access.py"
        "::test_nothing_is_written_beyond_the_end_of_the_addresses",
    ),
    "7.8 comparing an alias with another watchable is an internal error": (
        "unit/server/datalogging/test_trigger.py"
        "::test_different_scales_cannot_be_compared_and_that_is_explained",
    ),
    "7.8 recording behind a pointer that was not read yet is an internal error": (
        f"{_DATALOGGING}::test_a_variable_behind_a_pointer_is_found_when_it_is_recorded",
    ),
    "7.8 a decimation above 65535 makes datalogging unavailable": (
        f"{_DATALOGGING}::test_what_makes_no_sense_is_refused",
    ),
    "7.8 signals in forbidden regions are left to the device": (
        f"{_DATALOGGING}::test_what_the_firmware_protects_is_refused_with_the_region",
    ),
    "7.8 too many or too wide signals are left to the device": (
        f"{_DATALOGGING}::test_too_many_signals_are_refused",
        "unit/server/datalogging/test_plan.py::test_signals_are_counted_as_the_device_does",
        "unit/server/datalogging/test_plan.py::test_one_sample_has_to_fit_the_buffer",
    ),
    "7.8 an acquisition without a name cannot be listed by clients": (
        f"{_DATALOGGING}::test_names_of_values_and_signals_without_a_name",
        f"{_STORED}::test_what_is_stored_is_listed_newest_first",
    ),
    "7.8 an acquisition beyond the largest message cannot be had": (
        f"{_STORED}::test_an_acquisition_of_any_size_is_downloaded_in_chunks",
    ),
    "7.8 an update of an unknown acquisition without a change succeeds and is told": (
        f"{_STORED}::test_an_unknown_id_is_refused",
    ),
    "10.1 one bad message or value takes the service down for everybody": (
        *_BAD_MESSAGES,
        f"{_SESSION}::test_an_unexpected_failure_is_answered_logged_and_counted",
        f"{_SESSION}::test_one_bad_item_refuses_the_whole_batch",
        f"{_SOCKET}::test_a_client_that_does_not_read_is_cut_off",
        f"{_TCP}::test_clients_of_both_kinds_and_one_that_leaves_do_not_notice_each_other",
    ),
    "10.2 loading a description blocks the server, and the device is lost": (
        "integration/test_descriptions.py::test_f6_a_slow_load_leaves_the_session_alone",
        "integration/test_descriptions.py::test_f6_a_large_description_leaves_the_session_alone",
    ),
    "10.3 malformed JSON is not answered": (
        *_BAD_MESSAGES,
        f"{_TCP}::test_errors_are_answered_and_garbage_is_skipped",
    ),
    "10.4 the welcome tells neither version nor features": (
        f"{_SESSION}::test_welcome_is_the_first_message",
        f"{_DATALOGGING}::test_the_features_are_told_in_the_welcome",
    ),
    "10.5 nothing is told on change only, and there is no dead band": (
        "unit/server/test_change_filter.py::test_how_far_is_far_enough",
        "unit/server/test_change_filter.py::test_what_is_back_before_it_could_be_told_is_not_told",
        "e2e/test_update_modes.py::test_a_constant_is_told_once_and_each_change_of_it",
    ),
    "10.6 a new subscription has no initial value": (
        "e2e/test_update_modes.py::test_a_new_watch_has_a_value_at_once_if_it_is_read_for_somebody",
    ),
    "10.6 values cannot be read once, nor many at once": (
        f"{_VARIABLES}::test_values_are_read_once",
        f"{_VARIABLES}::test_many_values_are_read_in_parts_and_answered_once",
    ),
    "10.7 requests for acquisitions can be neither seen nor cancelled": (
        f"{_DATALOGGING}::test_everybody_sees_what_waits_and_can_cancel_it",
    ),
    "10.7 another client's request ends one that waits": (
        f"{_DATALOGGING}::test_a_request_of_another_client_cancels_nothing",
    ),
    "10.8 load_sfd has no answer, and an upload does not refresh what is loaded": (
        f"{_FILES}::test_a_description_is_loaded_by_command_status_first",
        f"{_FILES}::test_an_upload_over_the_loaded_description_loads_it",
    ),
    "10.9 an alias of a published value with A to F in its id is refused": (
        "unit/sfd/test_alias_targets.py::test_x15_any_published_value_is_a_target",
    ),
    "10.10 the server listens to the whole network by default": (
        "unit/server/test_settings.py::test_defaults",
        f"{_TCP}::test_clients_are_welcomed_and_answered",
        f"{_TCP}::test_port_is_off_unless_asked_for",
    ),
    "10.11 the status tells links in words that clients cannot read": (
        f"{_LINKS}::test_links_of_clients",
        f"{_LINKS}::test_the_form_for_clients_gives_the_same_link_back",
        f"{_LINKS}::test_defaults_are_filled_in_as_existing_clients_expect_them",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_its_tests(defect: str) -> None:
    assert [test for test in DEFECTS[defect] if not exists(test)] == []
    assert DEFECTS[defect]
