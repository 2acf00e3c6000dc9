"""Pages of the accesses of software, under /logiciels/. The API itself is `routes.api`, under /api/v1/."""

from django.urls import path

from . import views

app_name = "logiciels"

urlpatterns = [
    path("", views.liste, name="liste"),
    path("nouveau/", views.nouveau, name="nouveau"),
    path("<str:reference>/", views.acces, name="acces"),
    path("<str:reference>/modifier/", views.modifier, name="modifier"),
    path("<str:reference>/renouveler/", views.renouveler, name="renouveler"),
    path("<str:reference>/couper/", views.couper, name="couper"),
    path("<str:reference>/avis/", views.abonnement, name="abonnement"),
    path("<str:reference>/avis/etat/", views.etat_abonnement, name="etat_abonnement"),
]
