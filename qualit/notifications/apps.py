from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "qualit.notifications"
    label = "notifications"
    verbose_name = "Notifications"
