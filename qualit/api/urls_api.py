"""The API under /api/v1/: its description, then its operations, which ask for a key instead of a session."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from .routes import api, en_francais, inconnue
from .views import openapi

motifs, application, espace = api.urls
for motif in motifs:
    motif.callback = login_not_required(en_francais(motif.callback))

urlpatterns = [
    path("openapi.json", en_francais(openapi), name="openapi"),
    path("", inconnue, name="adresse_inconnue_racine"),
    path("", (motifs, application, espace)),
]
