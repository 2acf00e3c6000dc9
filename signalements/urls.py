"""Routes of the reports, as the structure that files them sees them. The sending is in `dedoublonnage`."""

from django.urls import path

from . import views

app_name = "signalements"

urlpatterns = [
    path("nouveau/", views.nouveau, name="nouveau"),
    path("nouveau/sauver/", views.sauver_nouveau, name="sauver_nouveau"),
    path("controles/", views.controles, name="controles"),
    path("communes/", views.communes, name="communes"),
    path("brouillons/", views.brouillons, name="brouillons"),
    path("etat-neant/", views.neant, name="neant"),
    path("qualite/", views.qualite, name="qualite"),
    path("questions/<str:reference>/", views.repondre, name="repondre"),
    path("<str:reference>/modifier/", views.modifier, name="modifier"),
    path("<str:reference>/sauver/", views.sauver, name="sauver"),
    path("<str:reference>/supprimer/", views.supprimer, name="supprimer"),
    path("<str:reference>/accuse/", views.accuse, name="accuse"),
    path("<str:reference>/identite-exacte/", views.identite_exacte, name="identite_exacte"),
]
