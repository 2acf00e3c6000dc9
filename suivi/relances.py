"""What the clock does for the follow-up: jeunes without news, outcomes to check again, structures without an answer."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from dedoublonnage.models import joignable
from gab.models import Mission
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from signalements.models import EtatNeant, Signalement

from .models import Devenir, Etape


def sans_nouvelles_depuis():
    """The day before which a followed dossier without a step is "sans nouvelles"."""
    return timezone.localdate() - timedelta(days=settings.QUALIT["SANS_NOUVELLES_JOURS"])


@transaction.atomic
def rappeler_sans_nouvelles():
    """Tell the structures of the jeunes that nobody has heard of for 30 days, once every 30 days. Returns how many.

    Never about a jeune who asked not to be contacted, nor one who has a solution.
    """
    limite = sans_nouvelles_depuis()
    recentes = Etape.objects.valables().filter(dossier=OuterRef("dossier"), date__gte=limite)
    verifies = Devenir.objects.valables().filter(dossier=OuterRef("dossier"), verifie_le__gte=limite)
    missions = (
        Mission.objects.filter(
            etat=Mission.Etat.ACCEPTEE,
            repondue_le__date__lt=limite,
        )
        .filter(joignable("dossier__jeune__"))
        .filter(Q(relancee_le__isnull=True) | Q(relancee_le__date__lt=limite))
        .filter(~Exists(recentes), ~Exists(verifies))
        .exclude(dossier__etat__in=["en_solution", "clos", "hors_champ", "perdu_de_vue"])
        .select_related("structure", "dossier", "conseiller")
        .select_for_update(of=("self",), skip_locked=True)
    )
    nombre = 0
    for mission in missions:
        equipe = [mission.conseiller] if mission.conseiller else notifications.equipe(mission.structure)
        notifications.prevoir(
            "sans_nouvelles",
            a=equipe,
            lien=f"/missions/{mission.reference}/",
            reference=mission.dossier.reference,
        )
        mission.relancee_le = timezone.now()
        mission.save(update_fields=["relancee_le"])
        nombre += 1
    return nombre


@transaction.atomic
def rappeler_a_reverifier():
    """Tell who follows a jeune that an outcome is to be checked again, once a month. Returns how many."""
    limite = timezone.now() - timedelta(days=30)
    devenirs = (
        Devenir.objects.a_reverifier()
        .filter(Q(rappele_le__isnull=True) | Q(rappele_le__lt=limite))
        .filter(joignable("dossier__jeune__"))
        .exclude(dossier__etat__in=["clos", "hors_champ", "perdu_de_vue"])
        .select_related("dossier__bassin", "mission__structure")
        .select_for_update(of=("self",), skip_locked=True)
    )
    nombre = 0
    for devenir in devenirs:
        mission = devenir.mission
        if mission is not None and mission.etat == Mission.Etat.ACCEPTEE:
            equipe, lien = notifications.equipe(mission.structure), f"/missions/{mission.reference}/"
        else:
            equipe, lien = notifications.membres_du_gab(devenir.dossier.bassin), "/missions/a-reverifier/"
        notifications.prevoir(
            "devenir_a_reverifier", a=equipe, lien=lien, reference=devenir.dossier.reference
        )
        devenir.rappele_le = timezone.now()
        devenir.save(update_fields=["rappele_le"])
        nombre += 1
    return nombre


# --- Établissements sans réponse ----------------------------------------------------------------------------


def premier_du_mois(jour):
    return date(jour.year, jour.month, 1)


def mois_recents(combien=12, aujourdhui=None):
    """First days of the last months that are over, the latest first."""
    premier = premier_du_mois(aujourdhui or timezone.localdate())
    return [premier - relativedelta(months=n) for n in range(1, combien + 1)]


def structures_a_relancer(user):
    """The schools that this person may remind: those of their bassins, or of their académie."""
    return (
        Structure.objects.ouvertes()
        .declarantes()
        .filter(
            Q(bassin__in=droits.bassins_pour(user, Droit.RELANCER_STRUCTURES))
            | Q(academie__in=droits.academies_pour(user, Droit.RELANCER_STRUCTURES))
        )
    )


def sans_reponse(structures, mois):
    """Among these structures, those that filed neither a report nor an état néant in that month (its first day).

    Annotates `dernier_envoi` (day of the last report, or None).
    """
    fin = mois + relativedelta(months=1)
    envois = Signalement.objects.envoyes().filter(
        structure=OuterRef("pk"), envoye_le__date__gte=mois, envoye_le__date__lt=fin
    )
    neants = EtatNeant.objects.filter(structure=OuterRef("pk"), mois=mois)
    return (
        structures.filter(~Exists(envois), ~Exists(neants))
        .annotate(dernier_envoi=Max("signalements__envoye_le"))
        .select_related("bassin", "commune")
        .order_by("bassin__nom", "nom_tri")
    )


@transaction.atomic
def relancer_structures(structures, mois, *, par):
    """Remind these schools, by notice and by their functional mailbox. Returns how many.

    Only those of the person's territory that have not answered; the others are passed over.
    """
    droits.exiger(par, Droit.RELANCER_STRUCTURES)
    attendues = sans_reponse(structures_a_relancer(par), mois).filter(pk__in=[s.pk for s in structures])
    relancees = list(attendues)
    for structure in relancees:
        notifications.prevoir(
            "sans_reponse",
            a=notifications.equipe(structure),
            boite=structure,
            lien="/",
            precision=f"{mois:%m/%Y}",
        )
    if relancees:
        noter(
            Action.ECRITURE,
            "structures_relancees",
            relancees,
            par=par,
            mois=mois.isoformat(),
            nombre=len(relancees),
        )
    return len(relancees)
