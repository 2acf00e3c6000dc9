"""Routes of the lists of reports."""

from django.urls import path

from . import views

app_name = "imports"

urlpatterns = [
    path("", views.liste, name="liste"),
    path("nouveau/", views.nouveau, name="nouveau"),
    path("modele/", views.modele, name="modele"),
    path("memoire/", views.memoire_de_la_structure, name="memoire"),
    path("<str:reference>/", views.suivi, name="suivi"),
    path("<str:reference>/colonnes/", views.colonnes, name="colonnes"),
    path("<str:reference>/valeurs/", views.valeurs, name="valeurs"),
    path("<str:reference>/relire/", views.relire, name="relire"),
    path("<str:reference>/avancer/", views.avancer, name="avancer"),
    path("<str:reference>/decider/", views.decider, name="decider"),
    path("<str:reference>/confirmer/", views.confirmer, name="confirmer"),
    path("<str:reference>/refusees/", views.refusees, name="refusees"),
    path("<str:reference>/annuler/", views.annuler, name="annuler"),
    path("<str:reference>/abandonner/", views.abandonner, name="abandonner"),
]
