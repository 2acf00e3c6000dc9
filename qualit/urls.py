"""All the routes of the portal. Each step keeps its own; `suivi` holds the home page and the list of returns."""

from django.contrib import admin
from django.urls import include, path, re_path

from qualit.api.routes import inconnue
from qualit.web.sante import sante
from suivi.views import accueil

urlpatterns = [
    path("", accueil.accueil, name="accueil"),
    path("mon-compte/", accueil.mon_compte, name="mon_compte"),
    path("sante", sante, name="sante"),
    path("compte/", include("allauth.urls")),
    path("administration/", admin.site.urls),
    path("territoire/", include("qualit.acteurs.urls")),
    path("journal/", include("qualit.acteurs.urls_journal")),
    path("donnees/", include("qualit.rgpd.urls")),
    path("avis/", include("qualit.notifications.urls")),
    path("echanges/", include("qualit.echanges.urls")),
    path("calendriers/", include("qualit.api.urls_calendriers")),
    path("logiciels/", include("qualit.api.urls")),
    path("api/v1/", include("qualit.api.urls_api")),
    re_path(r"^api(?:/.*)?$", inconnue, name="adresse_inconnue_api"),
    path("signalements/", include("signalements.urls")),
    path("identites/", include("dedoublonnage.urls")),
    path("imports/", include("dedoublonnage.imports.urls")),
    path("gab/", include("gab.urls")),
    path("partages/", include("gab.urls_partage")),
    path("statistiques/", include("statistiques.urls")),
    path("", include("qualit.web.urls")),
    path("", include("suivi.urls")),
]

handler400 = "qualit.web.views.requete_refusee"
handler403 = "qualit.web.views.acces_refuse"
handler404 = "qualit.web.views.page_absente"
handler500 = "qualit.web.views.erreur_interne"
