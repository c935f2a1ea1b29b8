"""What is done to an account: signing up, confirming its address, accepting the code of conduct."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from profiles.actions import audit, memberships, search
from profiles.models import Department, MailDomain, User

# More steps from a closed department to the one that does its work today are a mistake in the register
MAX_SUCCESSIONS = 20


def department_for(email: str) -> Department | None:
    """The department whose people have this address: the owner of exactly its mail domain.

    Where that department has closed, the one that took over, if it is only one. None where nobody owns the
    domain, or nobody can say who took over.
    """
    domain = email.rpartition("@")[2].lower()
    row = MailDomain.objects.select_related("department").filter(domain=domain).first()
    department = row.department if row else None
    for _ in range(MAX_SUCCESSIONS):
        if department is None or Department.objects.open().filter(pk=department.pk).exists():
            return department
        successors = list(department.successors.all()[:2])
        department = successors[0] if len(successors) == 1 else None
    return None


def awaits_confirmation(user: Any) -> bool:
    """Whether this is a sign-up whose address nobody has confirmed: not active, yet never suspended."""
    if user.is_active or user.suspended_at:
        return False
    return EmailAddress.objects.filter(user_id=user.pk, verified=False).exists()


@transaction.atomic
def confirm(*, user: User, keep_password: bool) -> None:
    """Open the account of a sign-up whose e-mail address was confirmed, in its department.

    A suspended person stays suspended; a person who has a place already keeps it.

    Args:
        keep_password: whether who confirms is known to have chosen the password of the sign-up. Anybody can sign
            up with anybody's address, so that otherwise it counts no more, and another must be chosen.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if user.suspended_at:
        return
    if not user.is_active:
        user.is_active = True
        if not keep_password:
            user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        audit.record(action="user.signed-up", by=user, obj=user)
    department = department_for(user.email)
    if department and not user.memberships.current().exists():
        memberships.join(user=user, department=department, by=None)
    search.changed(user)


def vouch_for_address(*, user: User) -> None:
    """Count the address of `user` as confirmed: for accounts that the service made itself."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@transaction.atomic
def accept_conduct(*, user: User) -> None:
    """Remember that `user` accepted the code of conduct; the first time counts."""
    accepted = User.objects.filter(pk=user.pk, conduct_accepted_at__isnull=True)
    if accepted.update(conduct_accepted_at=timezone.now()):
        search.changed(user)
