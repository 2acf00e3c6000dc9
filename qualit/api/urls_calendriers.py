"""Calendar feeds, under /calendriers/."""

from django.urls import path

from . import vues_calendriers as vues

app_name = "calendriers"

urlpatterns = [
    path("", vues.liste, name="liste"),
    path("<int:numero>/couper/", vues.fermer, name="fermer"),
    path("<str:secret>.ics", vues.flux, name="flux"),
]
