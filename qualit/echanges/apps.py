from django.apps import AppConfig


class EchangesConfig(AppConfig):
    name = "qualit.echanges"
    label = "echanges"
    verbose_name = "Échanges"
