"""The exception that an endpoint raises. Apart from `errors`, which needs the views that need this."""

from __future__ import annotations

from rest_framework import exceptions


class Refusal(exceptions.APIException):
    """An error with its status, code and sentence; `attr` names the member that is to blame."""

    def __init__(
        self, status: int, code: str, detail: str, *, attr: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__({attr or "non_field_errors": [exceptions.ErrorDetail(str(detail), code)]})
        self.status_code = status
        self.wait = retry_after
