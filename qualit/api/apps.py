from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "qualit.api"
    label = "api"
    verbose_name = "Accès des logiciels"

    def ready(self):
        from qualit.territoire.droits import Droit
        from qualit.territoire.regles import LOGICIEL, declarer_prefixe
        from qualit.web import navigation

        declarer_prefixe("api:", LOGICIEL, "chaque appel porte une clé, que l’API vérifie elle-même")
        navigation.inscrire("Logiciels", "logiciels:liste", droits=[Droit.GERER_API], ordre=64)
