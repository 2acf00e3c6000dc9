"""The home page, the missions of an operator, the returns of a reporter, the page of a jeune."""

from django.urls import path

from .views import appels, devenirs, etapes, feuille, fin_annee, jeunes, missions, rappels, relances, retours

app_name = "suivi"

urlpatterns = [
    path("missions/", missions.liste, name="missions"),
    path("missions/appel/", appels.numero, name="numero"),
    path("missions/a-reverifier/", relances.a_reverifier, name="a_reverifier"),
    path("missions/feuille/", feuille.feuille, name="feuille"),
    path("missions/feuille/suivi.xlsx", feuille.telecharger, name="feuille_telecharger"),
    path("missions/feuille/<str:cle>/", feuille.apercu, name="feuille_apercu"),
    path("missions/<str:reference>/", missions.fiche, name="mission"),
    path("missions/<str:reference>/accepter/", missions.accepter, name="accepter"),
    path("missions/<str:reference>/refuser/", missions.refuser, name="refuser"),
    path("missions/<str:reference>/terminer/", missions.terminer, name="terminer"),
    path("missions/<str:reference>/reorientation/", missions.reorientation, name="reorientation"),
    path("missions/<str:reference>/confier/", missions.confier, name="confier"),
    path("missions/<str:reference>/appel/", appels.appel, name="appel"),
    path("missions/<str:reference>/coordonnees-vues/", appels.coordonnees_vues, name="coordonnees_vues"),
    path("missions/<str:reference>/etape/", etapes.etape, name="etape"),
    path("missions/<str:reference>/devenir/", devenirs.devenir, name="devenir"),
    path("etapes/<str:reference>/modifier/", etapes.modifier_etape, name="modifier_etape"),
    path("etapes/<str:reference>/annuler/", etapes.annuler_etape, name="annuler_etape"),
    path("etapes/<str:reference>/rappel-fait/", rappels.fait, name="rappel_fait"),
    path("devenirs/<str:reference>/verifier/", devenirs.verifier_devenir, name="verifier_devenir"),
    path("devenirs/<str:reference>/corriger/", devenirs.corriger_devenir, name="corriger_devenir"),
    path("mes-signalements/", retours.liste, name="mes_signalements"),
    path("mes-signalements/<str:reference>/", retours.retour, name="retour"),
    path("mes-signalements/<str:reference>/lu/", retours.lu, name="lu"),
    path("jeunes/", jeunes.chercher, name="recherche"),
    path("jeunes/<str:reference>/", jeunes.jeune, name="jeune"),
    path("jeunes/<str:reference>/qui-voit/", jeunes.voir_qui_voit, name="qui_voit"),
    path("jeunes/<str:reference>/appel/", rappels.appel, name="jeune_appel"),
    path("jeunes/<str:reference>/etape/", jeunes.etape, name="jeune_etape"),
    path("jeunes/<str:reference>/devenir/", jeunes.devenir, name="jeune_devenir"),
    path("jeunes/<str:reference>/referent/", jeunes.referent, name="referent"),
    path("a-rappeler/", rappels.liste, name="rappels"),
    path("fin-d-annee/", fin_annee.fin_annee, name="fin_annee"),
    path("retours-lus/", fin_annee.retours_lus, name="retours_lus"),
    path("etablissements-sans-reponse/", relances.sans_reponse, name="sans_reponse"),
]
