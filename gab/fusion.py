"""What becomes of the dossiers when two jeunes are made one, and when the merge is undone (decisions.md 2)."""

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.fusion import FusionImpossible, valeurs
from dedoublonnage.models import Rattachement
from dedoublonnage.suites import Fait
from qualit import workflow
from qualit.notifications import services as notifications

from .models import ETATS_OUVERTS, Dossier, Entretien, Mission, Tache, Transfert
from .services import separer
from .services.dossiers import fixer_echeance
from .services.missions import accorder

CHAMPS = ("etat", "clos_le", "motif_cloture", "prochaine_echeance")


def reunir_dossiers(fusion, inventaire, *, par):
    """Of two open dossiers the older stays and takes the earlier clock; the other closes with the motive "fusion".

    The interviews planned in the closed one go with the jeune to the other, a transfer proposed for it is taken back.
    Its live missions stay: the coordinator gets a task.
    """
    ouverts = list(
        Dossier.objects.select_for_update(of=("self",))
        .filter(Q(jeune=fusion.garde) | Q(jeune=fusion.absorbe), etat__in=ETATS_OUVERTS)
        .order_by("ouvert_le", "pk")
    )
    if len(ouverts) < 2:
        return
    reste, ferme = ouverts
    avant = valeurs(ferme, *CHAMPS)
    workflow.franchir(
        ferme,
        "clore",
        par=par,
        systeme=True,
        motif="fusion",
        clos_le=timezone.now(),
        motif_cloture="fusion",
        prochaine_echeance=None,
    )
    inventaire.constater(ferme, avant)
    inventaire.changer(
        reste,
        premier_envoi_le=min(reste.premier_envoi_le, ferme.premier_envoi_le),
        echeance_legale=min(filter(None, [reste.echeance_legale, ferme.echeance_legale]), default=None),
        recu_avec_responsable_le=min(
            filter(None, [reste.recu_avec_responsable_le, ferme.recu_avec_responsable_le]), default=None
        ),
        prioritaire=reste.prioritaire or ferme.prioritaire,
    )
    for entretien in ferme.entretiens.filter(etat=Entretien.Etat.PREVU):
        inventaire.changer(entretien, dossier=reste)
    for transfert in ferme.transferts.filter(etat=Transfert.Etat.PROPOSE):
        avant = valeurs(transfert, "etat")
        workflow.franchir(transfert, "annuler", par=par, systeme=True, motif="fusion")
        inventaire.constater(transfert, avant)
    if reste.echeance_legale and not reste.recu_avec_responsable_le:
        jours = filter(None, [reste.prochaine_echeance, reste.echeance_legale])
        inventaire.changer(reste, prochaine_echeance=min(jours))
    structures = [str(m.structure) for m in ferme.missions.vivantes().select_related("structure")]
    if structures:
        # the undo finds it by the instant of the merge
        Tache.objects.create(
            dossier=reste,
            type=Tache.Type.MISSIONS_REUNIES,
            texte=f"Suit aussi ce jeune, par le dossier {ferme.reference} réuni à celui-ci : {', '.join(structures)}.",
            creee_par=par,
            creee_le=fusion.quand,
        )
        notifications.prevoir(
            "tache_coordinateur",
            a=notifications.membres_du_gab(reste.bassin),
            lien=reverse("gab:dossier", args=[reste.reference]),
            reference=reste.reference,
            precision="une mission reste attachée à un dossier clos par réunion",
        )


def separer_dossiers(fusion, *, par):
    """After an undo: the task about missions of two dossiers made one has no object any more."""
    jeunes = [fusion.garde_id, fusion.absorbe_id]
    Tache.objects.filter(
        type=Tache.Type.MISSIONS_REUNIES, creee_le=fusion.quand, dossier__jeune__in=jeunes
    ).delete()


def raconter(jeune, user):
    """What the GAB knows of a jeune, for the page that asks whether two are one: states, dates and structures only.

    Of the dossiers that this person may read.
    """
    lignes = []
    dossiers = Dossier.objects.visibles_par(user).filter(jeune=jeune)
    for dossier in dossiers.select_related("bassin").prefetch_related("entretiens", "missions__structure"):
        lignes.append(
            {
                "quand": dossier.ouvert_le,
                "titre": f"Dossier du bassin de {dossier.bassin}",
                "texte": dossier.get_etat_display(),
            }
        )
        lignes += [
            {"quand": e.quand, "titre": "Entretien", "texte": e.get_etat_display()}
            for e in dossier.entretiens.all()
        ]
        lignes += [
            {"quand": m.proposee_le, "titre": f"Mission : {m.structure}", "texte": m.get_etat_display()}
            for m in dossier.missions.all()
        ]
    return lignes


#: What the GAB records about a jeune, with the field that says when: (key, model, field).
SORTES = (("entretien", Entretien, "cree_le"), ("mission", Mission, "proposee_le"))


def depuis_la_fusion(fusion, modele, champ):
    """Rows of a model with a `dossier`, of either jeune, recorded since their merge."""
    return modele.objects.filter(
        dossier__jeune__in=[fusion.garde_id, fusion.absorbe_id], **{f"{champ}__gt": fusion.quand}
    ).select_related("dossier")


def faits_depuis(fusion, sortes=SORTES):
    """What was recorded since a merge, with the dossiers that go back with the separated jeune: [Fait]."""
    reviennent = {
        ligne["pk"]
        for ligne in fusion.inventaire
        if ligne["modele"] == Dossier._meta.label_lower and ligne["avant"].get("jeune") == fusion.absorbe_id
    }
    return [
        Fait(
            f"{sorte}-{objet.pk}",
            f"{objet} (noté le {timezone.localtime(getattr(objet, champ)):%d/%m/%Y})",
            getattr(objet, champ),
            objet.dossier_id in reviennent,
        )
        for sorte, modele, champ in sortes
        for objet in depuis_la_fusion(fusion, modele, champ)
    ]


def deplacer(fusion, suivent, sortes):
    """Put what was recorded since a merge in a dossier of the jeune that it concerns. Returns the dossiers changed.

    Raises FusionImpossible when the structure of a mission already has one for that jeune.
    """
    changes = set()
    for sorte, modele, champ in sortes:
        for objet in depuis_la_fusion(fusion, modele, champ):
            jeune = fusion.absorbe_id if f"{sorte}-{objet.pk}" in suivent else fusion.garde_id
            cible = _dossier_de(jeune)
            if objet.dossier.jeune_id == jeune or cible is None:
                continue
            if modele is Mission and cible.missions.vivantes().filter(structure=objet.structure_id).exists():
                raise FusionImpossible(f"{objet.structure} a déjà une mission pour l’autre jeune.")
            modele.objects.filter(pk=objet.pk).update(dossier=cible)
            changes |= {objet.dossier, cible}
    return changes


def _dossier_de(jeune):
    dossiers = Dossier.objects.filter(jeune=jeune).order_by("-ouvert_le")
    return dossiers.ouverts().first() or dossiers.first()


def repartir(fusion, suivent, *, par):
    """After an undo: reports, interviews and missions of since go to the dossier of their jeune.

    Each dossier of the two then takes the state that its reports and missions give.
    """
    jeunes = [fusion.garde_id, fusion.absorbe_id]
    deplaces = (
        Rattachement.objects.actifs()
        .filter(jeune__in=jeunes, signalement__versement__dossier__jeune__in=jeunes)
        .exclude(signalement__versement__dossier__jeune=F("jeune"))
        .select_related("signalement", "jeune")
    )
    for rattachement in deplaces:
        jeune = rattachement.jeune
        autre = fusion.garde if jeune.pk == fusion.absorbe_id else fusion.absorbe
        separer(rattachement.signalement, autre, jeune, par=par)
    changes = {dossier.pk for dossier in deplacer(fusion, suivent, SORTES)}
    for dossier in Dossier.objects.filter(jeune__in=jeunes).exclude(motif_cloture="fusion"):
        horloge = dossier.echeance_legale if not dossier.recu_avec_responsable_le else None
        tard = dossier.est_ouvert and horloge and (dossier.prochaine_echeance or horloge) > horloge
        if dossier.pk in changes or tard:
            fixer_echeance(dossier)
        accorder(dossier, par=par)
