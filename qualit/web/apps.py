from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "qualit.web"
    label = "web"
    verbose_name = "Web"
