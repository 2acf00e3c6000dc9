from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "qualit.journal"
    label = "journal"
    verbose_name = "Journal"
