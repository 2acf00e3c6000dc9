"""Pages that anyone may read."""

from django.urls import path

from . import views

urlpatterns = [
    path("accessibilite", views.accessibilite, name="accessibilite"),
    path("mentions-legales", views.mentions_legales, name="mentions_legales"),
    path("donnees-personnelles", views.donnees_personnelles, name="donnees_personnelles"),
    path("notice-familles", views.notice_familles, name="notice_familles"),
    path("notice-familles.pdf", views.notice_familles_pdf, name="notice_familles_pdf"),
]
