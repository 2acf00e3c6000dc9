"""The list of the free-text guard, kept by the rectorat: add a run of words, take one off, put it back."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits, nomenclatures
from qualit.territoire.chargement import code_de_mot
from qualit.territoire.droits import Droit
from qualit.territoire.models import Terme

LISTE = "mots_sensibles"


def mots():
    """[(term, in force today?)], by family then alphabetically."""
    valides = set(Terme.objects.de(LISTE).valides().values_list("pk", flat=True))
    termes = sorted(Terme.objects.de(LISTE), key=lambda t: (t.plus.get("famille", ""), t.libelle))
    return [(t, t.pk in valides) for t in termes]


@transaction.atomic
def ajouter(famille, motif, sauf, *, par):
    """Add a run of words, or change the exceptions of one that is there (taken off or not). Returns the Terme."""
    droits.exiger(par, Droit.GERER_NOMENCLATURES)
    terme, _ = Terme.objects.update_or_create(
        liste=LISTE,
        code=code_de_mot(famille, motif),
        valide_du=None,
        defaults={"libelle": motif, "valide_au": None, "plus": {"famille": famille, "sauf": list(sauf)}},
    )
    nomenclatures.vider_cache()
    noter(Action.ECRITURE, "mot_sensible_ajoute", terme, par=par, famille=famille)
    return terme


@transaction.atomic
def retirer(terme, *, par):
    """Take a run of words off the list; loading the reference data again leaves it off."""
    droits.exiger(par, Droit.GERER_NOMENCLATURES)
    terme.valide_au = timezone.localdate() - timedelta(days=1)
    terme.save(update_fields=["valide_au"])
    nomenclatures.vider_cache()
    noter(Action.ECRITURE, "mot_sensible_retire", terme, par=par, famille=terme.plus.get("famille", ""))


@transaction.atomic
def remettre(terme, *, par):
    """Put back a run of words that was taken off."""
    droits.exiger(par, Droit.GERER_NOMENCLATURES)
    terme.valide_au = None
    terme.save(update_fields=["valide_au"])
    nomenclatures.vider_cache()
    noter(Action.ECRITURE, "mot_sensible_ajoute", terme, par=par, famille=terme.plus.get("famille", ""))
