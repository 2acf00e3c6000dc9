"""Routes of identity: the check before sending, the queue of identities to confirm."""

from django.urls import path

from . import views_identites, views_saisie

app_name = "dedoublonnage"

urlpatterns = [
    path("apercu/", views_saisie.apercu, name="apercu"),
    path("envoyer/", views_saisie.envoyer_nouveau, name="envoyer_nouveau"),
    path("envoyer/<str:reference>/", views_saisie.envoyer, name="envoyer"),
    path("verifier/<str:reference>/", views_saisie.verifier, name="verifier"),
    path("corriger/<str:reference>/", views_saisie.corriger, name="corriger"),
    path("retirer/<str:reference>/", views_saisie.retirer, name="retirer"),
    path("", views_identites.liste, name="identites"),
    path("<str:reference>/", views_identites.paire, name="paire"),
    path("<str:reference>/confirmer/", views_identites.confirmer, name="confirmer"),
    path("<str:reference>/differents/", views_identites.differents, name="differents"),
    path("<str:reference>/revenir/", views_identites.revenir, name="revenir"),
    path("signalement/<str:reference>/separer/", views_identites.separer, name="separer"),
]
