"""Routes of the access journal, under /journal/."""

from django.urls import path

from .views import journal

app_name = "journal"

urlpatterns = [
    path("", journal.journal, name="journal"),
]
