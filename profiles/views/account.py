"""Sign-in, sign-up, passwords, settings and the code of conduct: django-allauth's views with our answers."""

from __future__ import annotations

from typing import Any

from allauth.account import views as allauth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from intranet.lib import htmx
from profiles.actions import account
from profiles.adapter import MailNotSent
from profiles.middleware import SignedInRequest

MAIL_FAILED = (
    "We could not send you an e-mail just now. Nothing is lost. Wait a few minutes, then try again; if you "
    "were signing up, sign in with what you have chosen here and we send it again."
)


class _OurAnswers:
    """What all these forms share: 422 for what is refused, and a sentence when a mail could not be sent."""

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        except MailNotSent:
            form.add_error(None, MAIL_FAILED)
            return self.form_invalid(form)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        answer.status_code = 422
        return answer


class SignInView(_OurAnswers, allauth_views.LoginView):
    """Sign in; what is refused says so, and the limits say when to try again."""


class SignUpView(_OurAnswers, allauth_views.SignupView):
    """Sign up; the same answer whether or not the address has an account."""

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except IntegrityError:
            # The same form, sent twice at once: the other one made the account and sent the mail
            return redirect("account_email_verification_sent")


class ChangePasswordView(_OurAnswers, allauth_views.PasswordChangeView):
    """Change the password: this session goes on, all others end."""


class SetPasswordView(_OurAnswers, allauth_views.PasswordSetView):
    """A first password, for an account that had none."""


class ResetPasswordView(_OurAnswers, allauth_views.PasswordResetView):
    """Ask for a link to choose a new password."""


class NewPasswordView(_OurAnswers, allauth_views.PasswordResetFromKeyView):
    """Choose a new password with such a link: every session ends."""


class ReauthenticateView(_OurAnswers, allauth_views.ReauthenticateView):
    """Prove once more that it is you."""


sign_in = SignInView.as_view()
sign_up = SignUpView.as_view()
sign_out = allauth_views.logout
inactive = allauth_views.account_inactive
confirmation_sent = allauth_views.email_verification_sent
confirm_email = allauth_views.confirm_email
reauthenticate = ReauthenticateView.as_view()
change_password = ChangePasswordView.as_view()
set_password = SetPasswordView.as_view()
reset_password = ResetPasswordView.as_view()
reset_password_sent = allauth_views.password_reset_done
new_password = NewPasswordView.as_view()
new_password_done = allauth_views.password_reset_from_key_done


@require_safe
def settings(request: SignedInRequest) -> HttpResponse:
    """One's own account: the profile, the password, the way out."""
    return render(request, "account/settings.html", {"has_password": request.user.has_usable_password()})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def conduct(request: HttpRequest) -> HttpResponseBase:
    """The code of conduct: everybody may read it; who is new accepts it once and goes on to `next`."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        account.accept_conduct(user=request.user)
        return htmx.redirect(request, target if allowed else resolve_url("home"))
    return render(request, "profiles/conduct.html", {"next": target if allowed else ""})
