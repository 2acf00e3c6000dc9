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
        declarer_prefixe("adresse_inconnue_", LOGICIEL, "dit aux logiciels que l’adresse n’existe pas")
        navigation.inscrire("Logiciels", "logiciels:liste", droits=[Droit.GERER_API], ordre=64)
