from django.apps import AppConfig


class SignalementsConfig(AppConfig):
    name = "signalements"
    verbose_name = "Signalements"

    def ready(self):
        """Register the states, and put the entry of reports in the menu of those who file them."""
        from qualit.acteurs import passation
        from qualit.territoire.droits import Droit
        from qualit.territoire.roles import Role
        from qualit.web import navigation

        from . import etats  # noqa: F401
        from .models import Signalement
        from .saisie import brouillons_de

        passation.inscrire(
            passation.Charge(
                "brouillons",
                "brouillon",
                "brouillons",
                vivants=Signalement.objects.brouillons,
                tenu_par="auteur",
                type_siege="structure",
                siege="structure",
                roles=(Role.SIGNALEUR, Role.REFERENT_STRUCTURE, Role.OPERATEUR),
                dossier="reference",
            )
        )

        droits = [Droit.SIGNALER]
        navigation.inscrire("Signaler un jeune", "signalements:nouveau", droits=droits, ordre=10)
        navigation.inscrire(
            "Brouillons",
            "signalements:brouillons",
            droits=droits,
            ordre=11,
            compte=lambda user: brouillons_de(user).values("pk"),
        )
        navigation.inscrire("État néant", "signalements:neant", droits=droits, ordre=13)
        navigation.inscrire("Qualité des identités", "signalements:qualite", droits=droits, ordre=14)
