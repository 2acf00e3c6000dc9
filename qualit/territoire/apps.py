from django.apps import AppConfig


class TerritoireConfig(AppConfig):
    name = "qualit.territoire"
    label = "territoire"
    verbose_name = "Territoire"
