from django.apps import AppConfig


class DedoublonnageConfig(AppConfig):
    name = "dedoublonnage"
    verbose_name = "Dédoublonnage"

    def ready(self):
        """Declare the states; put the queue of identities in the menu of those who decide."""
        from qualit.territoire.droits import Droit
        from qualit.web import navigation

        from . import etats  # noqa: F401
        from .models import Paire

        navigation.inscrire(
            "Identités à confirmer",
            "dedoublonnage:identites",
            droits=[Droit.ARBITRER],
            ordre=40,
            compte=lambda user: Paire.objects.visibles_par(user).a_decider().values("pk"),
        )
        navigation.inscrire("Importer une liste", "imports:liste", droits=[Droit.IMPORTER], ordre=12)
