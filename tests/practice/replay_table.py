"""Which recordings are replayed, and what has to be done before some of them."""

from tests.practice.replay import Step

FULL = Step(
    "PATCH",
    "/api/documents/1/",
    {
        "content": "text v2",
        "title": "T2",
        "tags": [3, 8],
        "correspondent": 1,
        "document_type": 1,
        "storage_path": 1,
        "created": "2026-03-14",
        "archive_serial_number": 17,
        "custom_fields": [
            {"field": 1, "value": "abc"},
            {"field": 4, "value": "2026-04-01"},
            {"field": 8, "value": "EUR96.72"},
            {"field": 9, "value": "openid1"},
            {"field": 10, "value": [2]},
            {"field": 6, "value": 312},
            {"field": 7, "value": 0.31},
            {"field": 5, "value": True},
            {"field": 3, "value": "https://example.invalid/x"},
            {"field": 2, "value": "long text"},
        ],
    },
)
BLANK_TITLE = Step("PATCH", "/api/documents/1/", {"title": ""})
NOTE = Step("POST", "/api/documents/2/notes/", {"note": "sidecar: OCR done, 2 pages"})
EMPTY_NOTE = Step("POST", "/api/documents/2/notes/", {"note": ""})

UNOWNED = Step("PATCH", "/api/documents/3/", {"owner": None})
TRASH = Step("DELETE", "/api/documents/20/", None)
RESTORE = Step("POST", "/api/trash/", {"action": "restore", "documents": [20]})

#: A version over document 2 becomes document 9, as recorded, and a second one document 10.
UPLOAD = Step(
    "POST",
    "/api/documents/2/update_version/",
    {"_multipart": {"version_label": "sidecar OCR", "document": "<file scan_ocr.pdf>"}},
)
#: What had been done to document 2 before.
EARLIER = [
    NOTE,
    EMPTY_NOTE,
    Step("DELETE", "/api/documents/2/notes/?id=1", None),
    Step("PATCH", "/api/documents/2/", {"custom_fields": [{"field": 10, "value": []}]}),
    Step("PATCH", "/api/documents/2/", {"content": "SIDECAR TEXT BEFORE VERSION"}),
]
AFTERWARDS = Step("PATCH", "/api/documents/2/", {"content": "NEW CONTENT AFTER VERSION", "tags": [5, 3]})


def tags(document_id: int, *tag_ids: int) -> Step:
    """Set a document's tags."""
    return Step("PATCH", f"/api/documents/{document_id}/", {"tags": list(tag_ids)})


#: Recording -> what is sent before it.
BEFORE: dict[str, list[Step]] = {
    "400_patch_asn_duplicate": [FULL],
    "document_patch_noop": [FULL, Step("PATCH", "/api/documents/1/", {"title": "T3"})],
    "document_patch_ok_content_title_tags": [
        FULL,
        Step("PATCH", "/api/documents/1/", {"custom_fields": [{"field": 1, "value": "only me"}]}),
    ],
    "patch_title_blank_ok": [FULL],
    "patch_cf_list_replaces_all_ok": [FULL, BLANK_TITLE],
    "patch_cf_money_one_decimal_ok": [FULL, BLANK_TITLE],
    "patch_cf_money_plain_number_ok": [FULL, BLANK_TITLE],
    "patch_content_only": [tags(6, 1)],
    "patch_child_tag_adds_parents": [tags(5)],
    "patch_tags_without_parent_removes_children": [tags(5), tags(5, 9)],
    "patch_remove_inbox_tags": [tags(5, 6, 3)],
    "documents_list_custom_field_query": [
        Step("PATCH", "/api/documents/5/", {"custom_fields": [{"field": 1, "value": "sidecar:done:abc123"}]})
    ],
    "documents_list_inbox": [tags(5, 6, 3)],
    "documents_list_poll_recommended": [tags(1), UNOWNED, tags(3, 1, 3, 5)],
    "documents_list_tags_in_truncated": [
        Step(
            "PATCH",
            "/api/documents/4/",
            {
                "tags": [1, 5],
                "correspondent": 1,
                "document_type": 1,
                "storage_path": 1,
                "custom_fields": [{"field": 8, "value": "EUR12.00"}],
            },
        )
    ],
    "notes_get": [NOTE],
    "notes_post_empty": [NOTE],
    "notes_delete_ok": [NOTE, EMPTY_NOTE],
    "search_more_like_id": [
        Step("PATCH", "/api/documents/1/", {"content": "Rental contract of the multipage letter"}),
    ],
    "documents_list_as_limited_user": [UNOWNED],
    "document_get_unowned_as_limited_user": [UNOWNED],
    "documents_list_hidden_tag_by_name_as_limited_user": [UNOWNED, tags(3, 1, 3, 5)],
    "bulk_edit_as_limited_user_ok": [UNOWNED],
    "patch_unowned_as_limited_user": [UNOWNED],
    "notes_post_as_limited_user": [UNOWNED],
    "404_document_in_trash": [TRASH],
    "404_patch_document_in_trash": [TRASH],
    "bulk_edit_document_in_trash_400": [TRASH],
    "document_get_after_restore": [TRASH, RESTORE],
    "download_in_trash_200": [TRASH],
    "trash_empty": [TRASH],
    "trash_list": [TRASH],
    "trash_restore": [TRASH],
    "document_get_version_id_404": [UPLOAD],
    "document_get_version_param_latest": [*EARLIER, UPLOAD],
    "document_get_version_param_root": [*EARLIER, UPLOAD],
    "document_get_with_two_versions": [*EARLIER, UPLOAD],
    "document_patch_content_with_version": [*EARLIER, UPLOAD],
    "document_patch_content_version_param": [*EARLIER, UPLOAD, AFTERWARDS],
    "update_version_as_limited_user_ok": [UNOWNED],
    "version_delete_ok": [UPLOAD, UPLOAD],
    "version_delete_root_400": [UPLOAD],
    "version_label_patch": [UPLOAD],
}

#: Recording -> the global rights its user lacked. The user is no superuser; the documents are another's.
LACKING: dict[str, set[str]] = {
    "403_bulk_edit_no_permission": {"change_document"},
    "403_bulk_edit_document_of_other_owner": set(),
    "403_create_tag": {"add_tag"},
    "403_delete_document": {"delete_document"},
    "403_download_other_owner": set(),
    "403_history": {"view_logentry"},
    "403_list_documents_no_view_permission": {"view_document"},
    "403_list_tags": {"view_tag"},
    "403_metadata_other_owner": set(),
    "403_notes_post": {"add_note"},
    "403_patch_no_permission": {"change_document"},
    "403_patch_view_only": {"change_document"},
    "403_post_document": {"add_document"},
    "403_status": {"view_system_monitoring"},
    "403_ui_settings": {"view_uisettings"},
    "404_document_of_other_owner": set(),
    "404_patch_document_of_other_owner": set(),
    "tags_hidden_because_owned_by_admin": set(),
    "documents_list_as_limited_user": set(),
    "document_get_unowned_as_limited_user": set(),
    "documents_list_hidden_tag_by_name_as_limited_user": set(),
    "bulk_edit_as_limited_user_ok": set(),
    "patch_unowned_as_limited_user": set(),
    "notes_post_as_limited_user": set(),
    "403_update_version_without_add_document": {"add_document"},
    "403_version_delete_without_delete_document": {"delete_document"},
    "update_version_as_limited_user_ok": set(),
}

#: Recording -> the Authorization header, where it is what the recording is about.
LOGINS: dict[str, str | None] = {
    "401_bad_basic": "Basic YWRtaW46YmFk",
    "401_bad_token": "Token nobody",
    "401_bearer_scheme": "Bearer practice-token",
    "401_download": None,
    "401_no_auth": None,
    "basic_auth_ok": "Basic YWRtaW46YWRtaW4=",
    "unknown_endpoint_no_auth": None,
}

#: Compared by keys and types only: the seed does not decide the values.
SHAPE = {
    "trash_list",
    "custom_field_create_boolean",
    "custom_field_create_date",
    "custom_field_create_documentlink",
    "custom_field_create_float",
    "custom_field_create_integer",
    "custom_field_create_longtext",
    "custom_field_create_monetary",
    "custom_field_create_select",
    "custom_field_create_url",
    "document_get_full_perms",
    "documents_list_inbox",
    "documents_list_poll_recommended",
    "documents_list_tags_in_fields",
    "documents_list_tags_in_full",
    "documents_list_tags_in_truncated",
    "download_doc1",
    "download_doc2",
    "download_doc4",
    "download_doc6",
    "download_original_doc1",
    "download_original_doc2",
    "download_original_doc4",
    "download_original_doc6",
    "download_range_ignored",
    "metadata_doc1",
    "metadata_doc5",
    "notes_post_as_limited_user",
    "post_document_duplicate_ok",
    "post_document_ok",
    "post_document_unsupported_eml",
    "post_document_with_metadata_ok",
    "preview_doc1",
    "preview_doc2",
    "preview_doc4",
    "preview_doc6",
    "search_more_like_id",
    "search_query",
    "search_query_tag",
    "statistics",
    "status",
    "tag_create_as_limited_user",
    "tag_create_inbox",
    "tag_create_ok_failed",
    "tag_create_ok_owner_null",
    "tag_create_other_case_ok",
    "tag_create_parent",
    "update_version_as_limited_user_ok",
    "update_version_ok",
}

#: Looked at by tests of their own.
BY_HAND = {
    "_task_update_version_result",
    "429_token_throttled",
    "history_with_bulk_edit_and_custom_fields",
    "history_of_version_id",
    "history_with_notes",
    "history_with_version_added",
    "metadata_with_version",
    "next_link_follows_host_header",
    "redis_down_bulk_edit_400_but_written",
    "redis_down_patch_500_nothing_written",
    "tasks_by_task_id_v10",
    "tasks_by_task_id_v9",
    "tasks_failed",
    "tasks_list_v10",
    "token_ok",
}
