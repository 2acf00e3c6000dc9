"""What was read of the returns: the share by school that reported, and by structure that followed."""

from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q

from gab.models import Mission
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import Signalement

from . import retours
from .models import LectureRetour


@dataclass(frozen=True)
class Part:
    """Returns that a structure has (or gave), and those of them read since their last news."""

    structure: str
    bassin: str
    retours: int
    lus: int

    @property
    def taux(self):
        """Share of the returns that were read, 0 to 1; None without a return."""
        return self.lus / self.retours if self.retours else None


def portee(user, campagne):
    """Triaged reports of a campaign (its first year) sent by the schools that this person may remind."""
    return (
        Signalement.objects.envoyes()
        .de_la_campagne(campagne)
        .filter(etat__in=retours.VISIBLES, trie_le__isnull=False)
        .filter(
            Q(structure__bassin__in=droits.bassins_pour(user, Droit.RELANCER_STRUCTURES))
            | Q(structure__academie__in=droits.academies_pour(user, Droit.RELANCER_STRUCTURES))
        )
    )


def avec_lecture(signalements):
    """Annotate `nouvelle_le` and `lu`: somebody of the school opened the return since its last news."""
    annotes = retours.avec_nouvelles(signalements).filter(nouvelle_le__isnull=False)
    lectures = LectureRetour.objects.filter(signalement=OuterRef("pk"), quand__gte=OuterRef("nouvelle_le"))
    return annotes.annotate(lu=Exists(lectures))


def par_etablissement(signalements):
    """`Part` of each school, the least read first."""
    return _parts(avec_lecture(signalements), "structure__nom", "structure__bassin__nom")


def par_operateur(signalements):
    """`Part` of each structure commissioned for these jeunes: how many of the returns that it fed were read."""
    suivis = avec_lecture(signalements).filter(
        versement__dossier__missions__etat__in=[Mission.Etat.ACCEPTEE, Mission.Etat.TERMINEE]
    )
    structure = "versement__dossier__missions__structure__"
    return _parts(suivis, f"{structure}nom", f"{structure}bassin__nom")


def _parts(annotes, nom, bassin):
    lignes = (
        annotes.order_by()
        .values(un_nom=F(nom), un_bassin=F(bassin))
        .annotate(retours=Count("pk", distinct=True), lus=Count("pk", distinct=True, filter=Q(lu=True)))
    )
    parts = [Part(x["un_nom"], x["un_bassin"] or "–", x["retours"], x["lus"]) for x in lignes]
    return sorted(parts, key=lambda p: (p.taux, -p.retours, p.structure))
