from django.apps import AppConfig


class ActeursConfig(AppConfig):
    name = "qualit.acteurs"
    label = "acteurs"
    verbose_name = "Acteurs"

    def ready(self):
        from qualit.territoire.droits import Droit
        from qualit.territoire.ressources import APRES_IMPORT
        from qualit.web import navigation

        from .referentiels import apres_import

        APRES_IMPORT.append(apres_import)
        navigation.inscrire("Annuaire", "territoire:annuaire", droits=[Droit.VOIR_ANNUAIRE], ordre=60)
        navigation.inscrire("Équipe", "territoire:equipe", droits=[Droit.GERER_EQUIPE], ordre=61)
        navigation.inscrire("Structures", "territoire:structures", droits=[Droit.GERER_STRUCTURES], ordre=62)
        navigation.inscrire(
            "Mots sensibles", "territoire:mots_sensibles", droits=[Droit.GERER_NOMENCLATURES], ordre=63
        )
        navigation.inscrire(
            "Référentiels", "territoire:referentiels", droits=[Droit.GERER_NOMENCLATURES], ordre=65
        )
        navigation.inscrire(
            "Qui voit quoi ?", "territoire:qui_voit_quoi", droits=[Droit.VOIR_QUI_VOIT_QUOI], ordre=63
        )
        navigation.inscrire("Journal", "journal:journal", droits=[Droit.LIRE_JOURNAL], ordre=70)
