"""What a person types in the form of a report, for the tests of the entry."""

import secrets

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from signalements.models import Signalement


def jour(age):
    """The birth date, as typed, of somebody who is `age` years and six months old today."""
    return f"{timezone.localdate() - relativedelta(years=age, months=6):%d/%m/%Y}"


def formulaire(**champs):
    """The POST data of a complete form; keyword arguments replace fields, None removes one."""
    donnees = {
        "jeton": secrets.token_urlsafe(16),
        "version": "0",
        "nom_naissance": "Lemarchand",
        "prenom": "Tristan",
        "date_naissance": jour(17),
        "sexe": "M",
        "domicile": "france",
        "code_postal": "14000",
        "ville": "Caen",
        "contacts-total": "3",
        "contacts-0-valeur": "06 39 98 12 34",
        "contacts-0-proprietaire": "jeune",
        "contacts-1-valeur": "",
        "contacts-1-proprietaire": "mere",
        "responsables-total": "1",
        "classe": "2 MELEC",
        "date_sortie": f"{timezone.localdate():%d/%m/%Y}",
        "nature_sortie": "demission",
        **champs,
    }
    return {c: v for c, v in donnees.items() if v is not None}


def seul():
    """The only report there is."""
    return Signalement.objects.get()
