"""Signing in and out, and how a person wants to read: language and appearance.

Every failed attempt is answered in the same words, status and time, whether the name exists or not.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from kpis.access import people, signing_in
from kpis.plumbing import clock

LONGEST_PASSWORD = 256  # hashing is slow on purpose: nobody gets to make it slower
THEMES = ("light", "dark")
YEAR_SECONDS = 365 * 24 * 3600


class SignInForm(AuthenticationForm):
    password = forms.CharField(max_length=LONGEST_PASSWORD, strip=False, widget=forms.PasswordInput)
    error_messages = {
        "invalid_login": gettext_lazy("The name or the password is not right."),
        "inactive": gettext_lazy("The name or the password is not right."),
    }


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """The one page for those who are not signed in."""
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(_where_to(request))
        return _page(request, SignInForm(request))
    if signing_in.is_slowed_down(signing_in.address_of(request), at=clock.now()):
        return too_many_attempts(request, {})
    form = SignInForm(request, data=request.POST)
    if not form.is_valid():
        return _page(request, form)
    user = form.get_user()
    login(request, user)
    return _in_language(redirect(_where_to(request)), user.language)


def too_many_attempts(request: HttpRequest, credentials: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
    """What django-axes answers in place of the page while it slows somebody down."""
    form = SignInForm(request, initial={"username": request.POST.get("username", "")})
    form.cleaned_data = {}  # it stays unasked: asking again would be one attempt more
    form.add_error(None, _("Too many attempts. Please try again in a quarter of an hour."))
    response = _page(request, form, status=429)
    response["Retry-After"] = str(int(signing_in.WINDOW.total_seconds()))
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language: for the person where somebody is signed in, and in this browser."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated:
        people.choose_language(request.user, language)
    return _in_language(redirect(_where_to(request)), language)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Light or dark in this browser; anything else follows the system."""
    response = redirect(_where_to(request))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.ENCRYPTED)
    else:
        response.delete_cookie("theme")
    return response


def _page(request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
    return render(request, "sign-in.html", {"form": form, "next": _where_to(request, default="")}, status=status)


def _where_to(request: HttpRequest, default: str = "/") -> str:
    """The page that was asked for, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if ours else default


def _in_language(response: HttpResponseRedirect, language: str) -> HttpResponseRedirect:
    if translation.check_for_language(language) and language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=YEAR_SECONDS,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return response
