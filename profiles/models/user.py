"""User: a person and their profile in one table."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from profiles.models.department import Department

# Pixels: list and card (shown at 48), profile (shown at 128); both at twice their size for dense screens
PHOTO_SIZES = (96, 256)
# Half a year after somebody said that their details are right, they are asked again
DETAILS_STAY_FRESH = datetime.timedelta(days=183)


class Grade(models.TextChoices):
    """Civil service grades, lowest first."""

    AA = "AA", "Administrative assistant (AA)"
    AO = "AO", "Administrative officer (AO)"
    EO = "EO", "Executive officer (EO)"
    HEO = "HEO", "Higher executive officer (HEO)"
    SEO = "SEO", "Senior executive officer (SEO)"
    G7 = "G7", "Grade 7"
    G6 = "G6", "Grade 6"
    SCS1 = "SCS1", "Deputy director (SCS1)"
    SCS2 = "SCS2", "Director (SCS2)"
    SCS3 = "SCS3", "Director general (SCS3)"
    PERM_SEC = "PS", "Permanent secretary"


class UserQuerySet(models.QuerySet["User"]):
    """Sets of people, in the words of the business."""

    def visible_to(self, user: Any) -> UserQuerySet:
        """People whom `user` may see: everybody who is active, for everybody who is signed in and active."""
        if user.pk is None:
            return self.none()
        return self.filter(models.Exists(User.objects.active(user)), is_active=True)

    def active(self, user: Any) -> UserQuerySet:
        """`user` alone, and only as long as they may come in: whoever is suspended sees nothing."""
        return self.filter(pk=user.pk, is_active=True)

    def with_department(self) -> UserQuerySet:
        """With what a person card shows, in one query."""
        return self.select_related("main_department")


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes users; sign-up and the admin's actions go through `profiles.actions`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user whose e-mail is kept in lower case.

        Raises:
            ValueError: no e-mail was given.
        """
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user: User = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A site administrator, for `manage.py createsuperuser`."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A civil servant: how they sign in and what colleagues see of them."""

    email = models.EmailField("e-mail address", max_length=254, unique=True)
    name = models.CharField(max_length=120)
    photo_key = models.CharField(max_length=32, blank=True, editable=False)
    job_title = models.CharField(max_length=120, blank=True)
    grade = models.CharField(max_length=4, choices=Grade, blank=True)
    location = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    pronouns = models.CharField(max_length=40, blank=True)
    # Seven letters, Monday first: "1111100" works Monday to Friday
    working_days = models.CharField(max_length=7, default="1111100")
    contact_me_about = models.CharField("contact me about", max_length=300, blank=True)
    biography = models.TextField(blank=True, max_length=5_000)
    biography_html = models.TextField(blank=True, editable=False)
    manager = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="direct_reports")
    # Shown beside the name; the dated memberships are the truth, and `profiles.actions` keeps this in step
    main_department = models.ForeignKey(
        "profiles.Department", on_delete=models.PROTECT, null=True, blank=True, related_name="main_people"
    )
    expertise = models.ManyToManyField("profiles.Topic", through="profiles.Expertise", related_name="experts")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    conduct_accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Raised to end every session of this person
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    # An account of the demonstration service: may sign in on a laptop (DEBUG), nowhere else
    is_demo = models.BooleanField(default=False, editable=False)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField("details confirmed at", null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_any_case",
                violation_error_message="A person with this e-mail address already has an account.",
            ),
            models.CheckConstraint(
                condition=models.Q(working_days__regex=r"^[01]{7}$"), name="user_working_days_seven_flags"
            ),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="user_by_name"),
            models.Index(fields=["main_department", "name", "id"], name="user_by_department"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.pk])

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # The epoch is part of what a session proves, so that raising it ends them all, as a new password does
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("profiles.User.session", value, secret=secret, algorithm="sha256").hexdigest()

    @property
    def avatar_colour(self) -> int:
        """0 to 7: which of the avatar colours stands in for a missing photo."""
        return (self.pk or 0) % 8

    @property
    def initials(self) -> str:
        """One or two letters for the avatar of a person without photo."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:]) if word).upper()

    def photo_name(self, size: int) -> str:
        """The storage name of the photo at `size` pixels (one of PHOTO_SIZES)."""
        return f"photos/{self.pk}/{self.photo_key}-{size}.webp"

    def photo_url(self, size: int) -> str:
        """The address of the photo at `size` pixels, or "" where there is none."""
        return reverse("person_photo", args=[self.pk, self.photo_key, size]) if self.photo_key else ""

    @property
    def avatar_url(self) -> str:
        return self.photo_url(PHOTO_SIZES[0])

    @property
    def avatar_large_url(self) -> str:
        return self.photo_url(PHOTO_SIZES[1])

    @property
    def has_stale_details(self) -> bool:
        """Whether this person should look again at what their profile says."""
        return self.confirmed_at is None or self.confirmed_at < timezone.now() - DETAILS_STAY_FRESH

    @property
    def works_on(self) -> list[tuple[str, bool]]:
        """(day name, works that day) for Monday to Sunday."""
        days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        return [(day, flag == "1") for day, flag in zip(days, self.working_days, strict=True)]

    def current_memberships(self) -> models.QuerySet[Any]:
        """The memberships that count today, the main one first."""
        return self.memberships.current().select_related("department").order_by("-is_main", "started_on", "pk")

    def departments(self) -> list[Department]:
        """The departments this person belongs to today, the main one first."""
        return [membership.department for membership in self.current_memberships()]
