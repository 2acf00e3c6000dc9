"""Routes of the delegate, under /donnees/."""

from django.urls import path

from .views import alertes, demandes, personnes

app_name = "rgpd"

urlpatterns = [
    path("", demandes.registre, name="registre"),
    path("nouvelle/", demandes.nouvelle, name="nouvelle"),
    path("rechercher/", personnes.rechercher, name="rechercher"),
    path("conservation/", alertes.conservation_page, name="conservation"),
    path("consultations/", alertes.liste, name="alertes"),
    path("consultations/<str:reference>/", alertes.traiter, name="alerte"),
    path("demandes/<str:reference>/", demandes.demande, name="demande"),
    path("demandes/<str:reference>/modifier/", demandes.modifier, name="modifier"),
    path("demandes/<str:reference>/prolonger/", demandes.prolonger, name="prolonger"),
    path("demandes/<str:reference>/repondre/", demandes.repondre, name="repondre"),
    path("demandes/<str:reference>/rouvrir/", demandes.rouvrir, name="rouvrir"),
    path("demandes/<str:reference>/lettre/", demandes.lettre, name="lettre"),
    path("demandes/<str:reference>/lettre.pdf", demandes.lettre_pdf, name="lettre_pdf"),
    path("demandes/<str:reference>/personne/", personnes.designer, name="designer"),
    path("demandes/<str:reference>/qui-voit/", personnes.voir_qui_voit, name="qui_voit"),
    path("demandes/<str:reference>/donnees/", personnes.donnees, name="donnees"),
    path("demandes/<str:reference>/donnees.zip", personnes.donnees_zip, name="donnees_zip"),
    path("demandes/<str:reference>/rectifier/", personnes.rectifier, name="rectifier"),
    path("demandes/<str:reference>/proteger/", personnes.proteger, name="proteger"),
    path("demandes/<str:reference>/effacer/", personnes.effacer, name="effacer"),
]
