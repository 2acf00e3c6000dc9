"""Routes of shares and requests of access, under /partages/."""

from django.urls import path

from .views import partages as vues

app_name = "partages"

urlpatterns = [
    path("", vues.liste, name="liste"),
    path("demander/", vues.demander, name="demander"),
    path("demandes/<str:reference>/", vues.demande, name="demande"),
    path("dossiers/<str:reference>/", vues.partager, name="partager"),
    path("<str:reference>/accepter/", vues.accepter, name="accepter"),
    path("<str:reference>/terminer/", vues.revoquer, name="revoquer"),
]
