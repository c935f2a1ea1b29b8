"""Every address of the service: each app's own, the search page, health and the Django admin."""

from django.contrib import admin
from django.urls import include, path

from intranet import search, views

urlpatterns = [
    path("", include("feeds.urls")),
    path("", include("knowledge.urls")),
    path("", include("profiles.urls")),
    path("search/", search.search, name="search"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("health/live", views.health_live, name="health_live"),
    path("health/ready", views.health_ready, name="health_ready"),
    path("admin/", admin.site.urls),
]

handler400 = "intranet.views.bad_request"
handler403 = "intranet.views.forbidden"
handler404 = "intranet.views.not_found"
handler429 = "intranet.views.too_many_requests"
handler500 = "intranet.views.server_error"
