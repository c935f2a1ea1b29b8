"""Who people are, where they belong, what they know, and what they were given to do."""

# Order matters: `topic` reads the visibility rule, which reads the models before it
from profiles.models.user import PHOTO_SIZES, Grade, User  # isort: skip
from profiles.models.department import (  # isort: skip
    UNITS,
    Department,
    DepartmentAncestor,
    DepartmentKind,
    DepartmentName,
    DepartmentParent,
    DepartmentSuccessor,
    MailDomain,
    Membership,
)
from profiles.models.community import Community, CommunityKind, CommunityMembership  # isort: skip
from profiles.models.audience import Audience, AudienceKind  # isort: skip
from profiles.models.topic import (  # isort: skip
    MAX_TOPICS_AT_ONCE,
    CommunityTopic,
    Expertise,
    Topic,
    TopicAlias,
    TopicAudience,
    TopicField,
    TopicOf,
    TopicState,
)
from profiles.models.role import Role, RoleGrant  # isort: skip
from profiles.models.audit import AppendOnly, AuditEvent, AuditHead  # isort: skip
from profiles.models.search import SearchChange  # isort: skip

__all__ = [
    "MAX_TOPICS_AT_ONCE",
    "PHOTO_SIZES",
    "UNITS",
    "AppendOnly",
    "Audience",
    "AudienceKind",
    "AuditEvent",
    "AuditHead",
    "Community",
    "CommunityKind",
    "CommunityMembership",
    "CommunityTopic",
    "Department",
    "DepartmentAncestor",
    "DepartmentKind",
    "DepartmentName",
    "DepartmentParent",
    "DepartmentSuccessor",
    "Expertise",
    "Grade",
    "MailDomain",
    "Membership",
    "Role",
    "RoleGrant",
    "SearchChange",
    "Topic",
    "TopicAlias",
    "TopicAudience",
    "TopicField",
    "TopicOf",
    "TopicState",
    "User",
]
