from django.apps import AppConfig


class GabConfig(AppConfig):
    name = "gab"
    verbose_name = "GAB"

    def ready(self):
        """Plug the dossier into the decisions of identity (dedoublonnage does not know the later steps)."""
        from dedoublonnage import suites
        from qualit.acteurs import passation
        from qualit.territoire.droits import Droit
        from qualit.web import navigation

        from . import charges, etats, fusion, services  # noqa: F401
        from .file import a_trier

        for charge in charges.CHARGES:
            passation.inscrire(charge)

        suites.brancher("rattache", services.verser)
        suites.brancher("rattache", services.accueillir_qui_se_presente)
        suites.brancher("retire", services.retirer_du_dossier)
        suites.brancher("corrige", services.suivre_l_adresse)
        suites.brancher("corrige", services.suivre_la_naissance)
        suites.brancher("detache", services.separer)
        suites.brancher("fusionne", fusion.reunir_dossiers)
        suites.brancher("fusion_annulee", fusion.separer_dossiers)
        suites.raconter(fusion.raconter)
        suites.partager_les_faits(fusion.faits_depuis, fusion.repartir)
        suites.inscrire_travaux(services.deja_travailles)
        navigation.inscrire(
            "File du bassin",
            "gab:file",
            droits=[Droit.TRIER],
            ordre=30,
            compte=lambda u: a_trier(u).values("pk"),
        )
        navigation.inscrire("Un jeune se présente", "gab:accueillir", droits=[Droit.ACCUEILLIR], ordre=12)
        navigation.inscrire(
            "Partages", "partages:liste", droits=[Droit.PARTAGER, Droit.DEMANDER_ACCES], ordre=46
        )
        navigation.inscrire("Agenda", "gab:agenda", droits=[Droit.CONVOQUER], ordre=31)
        navigation.inscrire("Séances", "gab:seances", droits=[Droit.LIRE_SEANCE], ordre=32)
        navigation.inscrire(
            "Places vacantes", "gab:places", droits=[Droit.TRIER, Droit.PUBLIER_PLACES], ordre=45
        )
