"""Routes of people and structures, under /territoire/."""

from django.urls import path

from .views import compte, droits, envois, mots, passation, personnes, referentiels, structures

app_name = "territoire"

urlpatterns = [
    path("choisir-adhesion/", compte.choisir_adhesion, name="choisir_adhesion"),
    path("compte/", compte.compte, name="compte"),
    path("charte/", compte.charte, name="charte"),
    path("visite/", compte.visite, name="visite"),
    path("second-facteur/", compte.second_facteur, name="second_facteur"),
    path("invitation/", compte.invitation, name="invitation"),
    path("invitation/<str:jeton>/", compte.invitation_lien, name="invitation_lien"),
    path("annuaire/", personnes.annuaire, name="annuaire"),
    path("equipe/", personnes.equipe, name="equipe"),
    path("equipe/inviter/", personnes.inviter, name="inviter"),
    path("equipe/inviter-une-liste/", personnes.inviter_fichier, name="inviter_fichier"),
    path(
        "equipe/inviter-une-liste/apercu/<str:apercu>/",
        personnes.apercu_invitations,
        name="apercu_invitations",
    ),
    path("equipe/inviter-une-liste/modele.csv", personnes.modele_invitations, name="modele_invitations"),
    path("invitations/", personnes.invitations, name="invitations"),
    path("invitations/<str:reference>/renvoyer/", personnes.renvoyer, name="renvoyer_invitation"),
    path("invitations/<str:reference>/retirer/", personnes.revoquer, name="revoquer_invitation"),
    path("adhesions/<str:reference>/terminer/", passation.terminer, name="terminer_adhesion"),
    path("a-reprendre/", passation.a_reprendre, name="a_reprendre"),
    path("personnes/<str:reference>/", personnes.personne, name="personne"),
    path("personnes/<str:reference>/fermer/", personnes.fermer_compte, name="fermer_compte"),
    path("personnes/<str:reference>/rouvrir/", personnes.rouvrir_compte, name="rouvrir_compte"),
    path("personnes/<str:reference>/second-facteur/", personnes.secours, name="secours"),
    path("personnes/<str:reference>/voir-comme/", personnes.voir_comme, name="voir_comme"),
    path("second-facteur/<str:reference>/confirmer/", personnes.valider_secours, name="valider_secours"),
    path("voir-comme/fin/", personnes.fin_voir_comme, name="fin_voir_comme"),
    path("suppleance/", personnes.suppleance, name="suppleance"),
    path("structures/", structures.structures, name="structures"),
    path("structures/nouvelle/", structures.nouvelle, name="nouvelle_structure"),
    path("structures/importer/", structures.importer, name="importer_structures"),
    path("structures/importer/<str:apercu>/", structures.apercu_import, name="apercu_import"),
    path("structures/<str:code>/", structures.structure, name="structure"),
    path("structures/<str:code>/modifier/", structures.modifier, name="modifier_structure"),
    path("structures/<str:code>/fermer/", structures.fermer, name="fermer_structure"),
    path("courriels/", envois.envois, name="envois"),
    path("mots-sensibles/", mots.mots_sensibles, name="mots_sensibles"),
    path("referentiels/", referentiels.liste, name="referentiels"),
    path("referentiels/<str:jeu>/", referentiels.referentiel, name="referentiel"),
    path("referentiels/<str:jeu>/apercu/<str:apercu>/", referentiels.apercu, name="apercu_referentiel"),
    path("referentiels/<str:jeu>/versions/<int:numero>/", referentiels.version, name="version_referentiel"),
    path(
        "referentiels/<str:jeu>/versions/<int:numero>/revenir/",
        referentiels.revenir,
        name="revenir_referentiel",
    ),
    path("reprises/<str:reference>/annuler/", structures.annuler_reprise, name="annuler_reprise"),
    path("qui-voit-quoi/", droits.qui_voit_quoi, name="qui_voit_quoi"),
]
