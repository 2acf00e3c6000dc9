from django.apps import AppConfig


class SuiviConfig(AppConfig):
    name = "suivi"
    verbose_name = "Suivi"

    def ready(self):
        """Entries of the menu; the clock's tasks are found by procrastinate (`taches.py`)."""
        from dedoublonnage import suites
        from qualit.acteurs.activite import ACTIVITE
        from qualit.territoire.droits import Droit
        from qualit.web import navigation

        from . import fusion, menu, structures

        ACTIVITE.append(structures.activite)
        suites.raconter(fusion.raconter)
        suites.partager_les_faits(fusion.faits_depuis, fusion.repartir)

        navigation.inscrire("Accueil", "accueil", droits=[], ordre=1)
        navigation.inscrire(
            "Mes signalements",
            "suivi:mes_signalements",
            droits=[Droit.LIRE_RETOUR],
            ordre=11,
            compte=menu.retours_non_lus,
        )
        navigation.inscrire(
            "Missions",
            "suivi:missions",
            droits=[Droit.REPONDRE_MISSION],
            ordre=40,
            compte=menu.missions_a_repondre,
        )
        navigation.inscrire("Rechercher", "suivi:recherche", droits=[Droit.RECHERCHER], ordre=45)
        navigation.inscrire(
            "Sans réponse", "suivi:sans_reponse", droits=[Droit.RELANCER_STRUCTURES], ordre=46
        )
