"""What the follow-up knows when two jeunes may be one, are made one, or are separated again."""

from django.utils import timezone

from gab import fusion as gab

from .models import Devenir, Etape

SORTES = (("etape", Etape, "quand"), ("devenir", Devenir, "quand"))


def raconter(jeune, user):
    """The outcomes of a jeune that this person may read, for the page that asks whether two are one: no text typed."""
    return [
        {"quand": d.date, "titre": f"Devenir : {d}", "texte": d.get_source_display()}
        for d in Devenir.objects.visibles_par(user).valables().filter(dossier__jeune=jeune)
    ]


def faits_depuis(fusion):
    """Steps and outcomes recorded since a merge, apart from those of a mission given since, which follow it: [Fait]."""
    siens = {f"{sorte}-{o.pk}" for sorte, o in _de_mission(fusion)}
    return [f for f in gab.faits_depuis(fusion, SORTES) if f.cle not in siens]


def _de_mission(fusion):
    """(kind, row) of the steps and outcomes of the missions given since a merge."""
    return [
        (sorte, objet)
        for sorte, modele, champ in SORTES
        for objet in gab.depuis_la_fusion(fusion, modele, champ)
        .filter(mission__proposee_le__gt=fusion.quand)
        .select_related("mission__dossier")
    ]


def repartir(fusion, suivent, *, par):
    """After an undo: steps and outcomes of since go to the dossier of their jeune; each dossier has one current outcome."""
    suivent = suivent | {
        f"{sorte}-{o.pk}"
        for sorte, o in _de_mission(fusion)
        if o.mission.dossier.jeune_id == fusion.absorbe_id
    }
    jeunes = [fusion.garde_id, fusion.absorbe_id]
    courants = Devenir.objects.valables().filter(dossier__jeune__in=jeunes, remplace_le__isnull=True)
    ranges = list(courants.filter(quand__gt=fusion.quand).values_list("pk", flat=True))
    # none is current while they move: a dossier holds one current outcome at most
    Devenir.objects.filter(pk__in=ranges).update(remplace_le=timezone.now())
    changes = gab.deplacer(fusion, suivent, SORTES)
    restent = Devenir.objects.filter(pk__in=ranges)
    for dossier in changes:
        dernier = Devenir.objects.valables().filter(dossier=dossier).order_by("-quand", "-pk").first()
        if dernier is not None:
            Devenir.objects.valables().filter(dossier=dossier, remplace_le__isnull=True).exclude(
                pk=dernier.pk
            ).update(remplace_le=timezone.now())
            Devenir.objects.filter(pk=dernier.pk).update(remplace_le=None)
    restent.exclude(dossier__in=changes).update(remplace_le=None)
