"""Who is asking, and may they. The policy itself is `access.rights`; what one may not see is not found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from kpis.access import rights, tokens
from kpis.access.models import Token, User
from kpis.access.rights import Action
from kpis.plumbing import clock

if TYPE_CHECKING:
    from rest_framework.views import APIView  # reads our classes from the settings while it loads

Asker = Token | User | AnonymousUser


def asker(request: Request) -> Asker:
    """The token or the person behind a request; every query and every verb is given this one."""
    return request.auth if isinstance(request.auth, Token) else request.user


def answerable(request: Request) -> User | None:
    """The person who answers for what is done: a token's maker, else the person; None where the maker has left."""
    who = asker(request)
    return rights.person_behind(who) if isinstance(who, Token | User) else None


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer roi_…`. The token itself is `request.auth`; it borrows nobody's user."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Token] | None:
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise exceptions.AuthenticationFailed(_("Send a token as: Authorization: Bearer roi_…"), "invalid_token")
        token = tokens.check(text.strip(), at=clock.now())
        if token is None:
            raise exceptions.AuthenticationFailed(
                _("This token is unknown, has expired or was revoked."), "invalid_token"
            )
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(DrfSessionAuthentication):
    """The browser's session, for unsafe methods with its CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        check = CSRFCheck(lambda _request: None)  # type: ignore[arg-type]
        check.process_request(request)
        if check.process_view(request, None, (), {}):  # type: ignore[arg-type]
            raise exceptions.PermissionDenied(
                _("A session's request needs its CSRF token; send it as X-CSRFToken."), "csrf_failed"
            )


class _Allowed(BasePermission):
    """Asks the policy for one action and says in the refusal what is missing."""

    def action(self, request: Request, view: APIView) -> Action:
        raise NotImplementedError

    def has_permission(self, request: Request, view: APIView) -> bool:
        who, action = asker(request), self.action(request, view)
        if isinstance(who, AnonymousUser):
            return False
        if rights.may(who, action):
            return True
        self.code, self.message = _refusal(who, action)
        return False


def _refusal(who: Token | User, action: Action) -> tuple[str, str]:
    if isinstance(who, User):
        return "permission_denied", _("Your role does not allow this.")
    scope = action.value if action in (Action.READ, Action.INGEST) else Token.Scope.MANAGE.value
    if scope not in who.scopes:
        return "missing_scope", _("This token lacks the scope %(scope)s.") % {"scope": scope}
    return "permission_denied", _("The person who made this token may not do this, or the token is limited.")


class Read(_Allowed):
    """Reading: the scope `read` or `manage`, or any person."""

    def action(self, request: Request, view: APIView) -> Action:
        return Action.READ


class ReadOrManage(_Allowed):
    """Safe methods read; all others need the action that the view names as `changes`."""

    def action(self, request: Request, view: APIView) -> Action:
        if request.method in SAFE_METHODS:
            return getattr(view, "reads", Action.READ)
        return view.changes  # type: ignore[attr-defined]


def HasScope(scope: str) -> type[BasePermission]:
    """`HasScope("ingest")`: what a token with this scope may, and the people whose role may the same."""
    return May(Action(scope))


def May(action: Action) -> type[BasePermission]:
    """A permission class for one action of the policy, whatever the method."""

    class Allowed(_Allowed):
        def action(self, request: Request, view: APIView) -> Action:
            return action

    return Allowed


NOT_SIGNED_IN = gettext_lazy("Sign in, or send a token as: Authorization: Bearer roi_…")


def initiative_limited(who: Any) -> bool:
    """Whether the asker sees chosen initiatives only."""
    return isinstance(who, Token | User) and rights.is_limited(who)
