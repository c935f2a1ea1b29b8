"""The addresses of articles."""

from django.urls import path

from knowledge.views import articles, history, state, writing

urlpatterns = [
    path("knowledge/", articles.article_list, name="articles"),
    path("knowledge/new/", writing.new, name="article_new"),
    path("knowledge/preview/", writing.preview, name="article_preview"),
    path("knowledge/similar/", writing.similar, name="article_similar"),
    path("knowledge/<slug:slug>/", articles.article, name="article"),
    path("knowledge/<slug:slug>/edit/", writing.edit, name="article_edit"),
    path("knowledge/<slug:slug>/history/", history.history, name="article_history"),
    path("knowledge/<slug:slug>/history/<int:number>/", history.revision, name="article_revision"),
    path("knowledge/<slug:slug>/restore/<int:number>/", history.restore, name="article_restore"),
    path("knowledge/<slug:slug>/withdraw/", state.withdraw, name="article_withdraw"),
    path("knowledge/<slug:slug>/reinstate/", state.reinstate, name="article_reinstate"),
]
