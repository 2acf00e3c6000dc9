from django.apps import AppConfig


class StatistiquesConfig(AppConfig):
    name = "statistiques"
    verbose_name = "Statistiques"

    def ready(self):
        from qualit.territoire.droits import Droit
        from qualit.web import navigation

        navigation.inscrire(
            "Statistiques", "statistiques:tableau", droits=[Droit.VOIR_STATISTIQUES], ordre=50
        )
