"""Routes of ProConnect, added by allauth under /compte/."""

from django.urls import path

from . import views

urlpatterns = [
    path("proconnect/", views.entree, name="proconnect_login"),
    path("proconnect/retour/", views.retour, name="proconnect_callback"),
    path("proconnect/sortie/", views.sortir, name="proconnect_sortie"),
]
