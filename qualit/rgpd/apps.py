from django.apps import AppConfig


class RgpdConfig(AppConfig):
    name = "qualit.rgpd"
    label = "rgpd"
    verbose_name = "Vie privée"

    def ready(self):
        """Entries of the menu and of the home page of the delegate."""
        from qualit.territoire.droits import Droit
        from qualit.territoire.roles import Role
        from qualit.web import navigation
        from suivi import accueil

        from . import menu

        navigation.inscrire(
            "Demandes",
            "rgpd:registre",
            droits=[Droit.TENIR_REGISTRE],
            ordre=71,
            compte=menu.demandes_ouvertes,
        )
        navigation.inscrire(
            "Consultations",
            "rgpd:alertes",
            droits=[Droit.LIRE_JOURNAL],
            ordre=72,
            compte=menu.alertes_a_traiter,
        )
        navigation.inscrire("Conservation", "rgpd:conservation", droits=[Droit.TENIR_REGISTRE], ordre=73)
        accueil.PAR_ROLE[Role.DPO] = menu.accueil
