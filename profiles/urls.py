"""The addresses of sign-in, people, departments, communities and topics: one list for each."""

from django.urls import path, re_path

from profiles.views import account, communities, department_people, departments, people, topics

account_urls = [
    path("sign-in/", account.sign_in, name="account_login"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/closed/", account.inactive, name="account_inactive"),
    path("sign-out/", account.sign_out, name="account_logout"),
    path("sign-up/", account.sign_up, name="account_signup"),
    path("sign-up/check-your-email/", account.confirmation_sent, name="account_email_verification_sent"),
    path("sign-up/confirm/<str:key>/", account.confirm_email, name="account_confirm_email"),
    path("password/", account.change_password, name="account_change_password"),
    path("password/set/", account.set_password, name="account_set_password"),
    path("password/reset/", account.reset_password, name="account_reset_password"),
    path("password/reset/sent/", account.reset_password_sent, name="account_reset_password_done"),
    path("password/reset/done/", account.new_password_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.new_password,
        name="account_reset_password_from_key",
    ),
    path("settings/", account.settings, name="settings"),
    path("conduct/", account.conduct, name="conduct"),
]

people_urls = [
    path("people/", people.finder, name="people"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/edit/", people.edit, name="person_edit"),
    path("people/<int:pk>/confirm/", people.confirm, name="person_confirm"),
    path("people/<int:pk>/photo/", people.photo_edit, name="person_photo_edit"),
    path("people/<int:pk>/photo-<slug:key>-<int:size>.webp", people.photo, name="person_photo"),
]

department_urls = [
    path("departments/", departments.departments, name="departments"),
    path("departments/<slug:slug>/", departments.department, name="department"),
    path("departments/<slug:slug>/people/", department_people.people, name="department_people"),
    path("departments/<slug:slug>/people/<int:pk>/", department_people.change, name="department_person"),
    path("departments/<slug:slug>/people/<int:pk>/end/", department_people.end, name="department_person_end"),
    path(
        "departments/<slug:slug>/people/<int:pk>/suspend/", department_people.suspend, name="department_person_suspend"
    ),
    path(
        "departments/<slug:slug>/people/<int:pk>/reinstate/",
        department_people.reinstate,
        name="department_person_reinstate",
    ),
]

community_urls = [
    path("communities/", communities.communities, name="communities"),
    path("communities/new/", communities.new, name="community_new"),
    path("communities/<slug:slug>/", communities.community, name="community"),
    path("communities/<slug:slug>/edit/", communities.edit, name="community_edit"),
    path("communities/<slug:slug>/join/", communities.join, name="community_join"),
    path("communities/<slug:slug>/leave/", communities.leave, name="community_leave"),
    path("communities/<slug:slug>/members/", communities.members, name="community_members"),
    path("communities/<slug:slug>/members/<int:pk>/approve/", communities.approve, name="community_member_approve"),
    path("communities/<slug:slug>/members/<int:pk>/remove/", communities.remove, name="community_member_remove"),
    path("communities/<slug:slug>/members/<int:pk>/owner/", communities.make_owner, name="community_member_owner"),
]

topic_urls = [
    path("topics/", topics.topics, name="topics"),
    path("topics/suggest/", topics.suggestions, name="topic_suggestions"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("topics/<slug:slug>/edit/", topics.edit, name="topic_edit"),
    path("topics/<slug:slug>/aliases/", topics.add_alias, name="topic_alias_new"),
    path("topics/<slug:slug>/aliases/<int:pk>/remove/", topics.remove_alias, name="topic_alias_remove"),
]

urlpatterns = [*account_urls, *people_urls, *department_urls, *community_urls, *topic_urls]
