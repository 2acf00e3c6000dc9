"""What a structure does, for its page: its reports and its missions, within what the reader may see."""

from django.db.models import Count
from django.urls import reverse

from gab.models import Mission
from signalements.models import EtatSignalement, Signalement

DERNIERES = 10


def _bloc(titre, lignes, libelles, dernieres):
    comptes = dict(lignes.order_by().values_list("etat").annotate(n=Count("pk")))
    return {
        "titre": titre,
        "total": sum(comptes.values()),
        "etats": [(libelle, comptes[code]) for code, libelle in libelles if code in comptes],
        "dernieres": dernieres,
    }


def activite(structure, user):
    """Two blocks {titre, total, etats: [(label, count)], dernieres: [(when, reference, url, state)]}, without a name."""
    signalements = Signalement.objects.visibles_par(user).filter(structure=structure)
    signalements = signalements.exclude(etat=EtatSignalement.BROUILLON)
    missions = Mission.objects.visibles_par(user).filter(structure=structure)
    derniers = signalements.select_related("versement__dossier").order_by("-envoye_le")[:DERNIERES]
    return [
        _bloc("Signalements envoyés", signalements, EtatSignalement.choices, [
            (s.envoye_le, s.reference, _dossier(getattr(s, "versement", None)), s.get_etat_display()) for s in derniers
        ]),
        _bloc("Missions", missions, Mission.Etat.choices, [
            (m.proposee_le, m.reference, _dossier(m), m.get_etat_display())
            for m in missions.select_related("dossier").order_by("-proposee_le")[:DERNIERES]
        ]),
    ]  # fmt: skip


def _dossier(lien):
    return reverse("gab:dossier", args=[lien.dossier.reference]) if lien else ""
