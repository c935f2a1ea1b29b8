"""Who may sign in with what: e-mail and password, by django-allauth."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

from profiles.models import User
from profiles.session_store import person


class SignInBackend(AuthenticationBackend):
    """E-mail and password; an account of the demonstration service only where DEBUG is on."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and (settings.DEBUG or not user.is_demo)

    def get_user(self, user_id: int) -> User | None:
        """The person of a session; None ends it. A demonstration account's session ends with DEBUG too."""
        user = person(user_id)
        return user if user and self.user_can_authenticate(user) else None
