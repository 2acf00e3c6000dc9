"""Two jeunes made one, and made two again, exactly.

What a merge moves is listed from the schema: every foreign key to `Jeune`. Each row changed is written in
`Fusion.inventaire` with its values before and after; the undo puts them back (decisions.md 6).
"""

from dataclasses import dataclass, field

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from signalements.models import Signalement

from . import suites
from .models import Empreinte, Fusion, Jeune, Paire, Rattachement
from .services import verrouiller_identites

#: Relations that a merge leaves alone: the merges themselves, and the pairs, which have rules of their own.
LAISSEES = {(Fusion, "garde"), (Fusion, "absorbe"), (Paire, "a"), (Paire, "b"), (Jeune, "fusionne_dans")}

#: Dates of the jeune that protect them: the kept one takes the earliest.
PROTECTIONS = ("ne_plus_contacter_le", "oppose_le", "limite_le")


class FusionImpossible(Exception):
    """The message, in French, says why."""


def relations():
    """Every (model, field name) of a foreign key to Jeune that a merge moves, from the schema."""
    trouvees = []
    for relation in Jeune._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            cle = (relation.related_model, relation.field.name)
            if cle not in LAISSEES:
                trouvees.append(cle)
    return sorted(trouvees, key=lambda c: (c[0]._meta.label, c[1]))


@dataclass
class Inventaire:
    """The rows that a merge changes: [{modele, pk, avant, apres}], in order."""

    lignes: list = field(default_factory=list)

    def changer(self, objet, **champs):
        """Write new values on one row with UPDATE (no `save`, no automatic date) and remember both sides."""
        avant = {nom: _brut(objet, nom) for nom in champs}
        type(objet)._base_manager.filter(pk=objet.pk).update(**champs)
        for nom, valeur in champs.items():
            setattr(objet, nom, valeur)
        apres = {nom: _brut(objet, nom) for nom in champs}
        if avant != apres:
            self.lignes.append(
                {"modele": objet._meta.label_lower, "pk": objet.pk, "avant": avant, "apres": apres}
            )

    def constater(self, objet, avant):
        """Remember a row that a transition has just changed; `avant`: {field: value} read before it."""
        apres = {nom: _brut(objet, nom) for nom in avant}
        if avant != apres:
            self.lignes.append(
                {"modele": objet._meta.label_lower, "pk": objet.pk, "avant": avant, "apres": apres}
            )


def valeurs(objet, *champs):
    """The JSON-able values of some fields of a row, for `Inventaire.constater`."""
    return {nom: _brut(objet, nom) for nom in champs}


def _brut(objet, nom):
    champ = objet._meta.get_field(nom)
    valeur = getattr(objet, champ.attname)
    if isinstance(champ, models.DateTimeField | models.DateField) and valeur is not None:
        return DjangoJSONEncoder().default(valeur) if not isinstance(valeur, str) else valeur
    return valeur


def ce_qui_bouge(absorbe):
    """What a merge would move, in words for the page that asks: ["2 signalements", "1 dossier"]."""
    mots = []
    for modele, champ in relations():
        nombre = modele._base_manager.filter(**{champ: absorbe}).count()
        if nombre and modele is not Empreinte:
            nom = Signalement if modele is Rattachement else modele
            meta = nom._meta
            mots.append(f"{nombre} {meta.verbose_name if nombre == 1 else meta.verbose_name_plural}")
    return mots


def choisir_garde(a, b):
    """The jeune that stays: the one known first."""
    return (a, b) if (a.cree_le, a.pk) <= (b.cree_le, b.pk) else (b, a)


@transaction.atomic
def fusionner(garde, absorbe, *, par, motif="", paire=None):
    """Make one jeune of two; every report, dossier and print of `absorbe` goes to `garde`. Returns the Fusion.

    Both identities stay as typed. Raises FusionImpossible when one of them was merged meanwhile.
    """
    verrouiller_identites()
    garde, absorbe = (
        Jeune.objects.select_for_update(of=("self",)).get(pk=garde.pk),
        Jeune.objects.select_for_update(of=("self",)).get(pk=absorbe.pk),
    )
    if garde.pk == absorbe.pk or garde.fusionne_dans_id or absorbe.fusionne_dans_id:
        raise FusionImpossible("Ces deux fiches ont déjà été réunies. Rechargez la page.")
    inventaire = Inventaire()
    fusion = Fusion.objects.create(garde=garde, absorbe=absorbe, par=par, motif=motif, paire=paire)
    suites.poursuivre("fusionne", fusion, inventaire, par=par)
    for modele, champ in relations():
        for objet in modele._base_manager.filter(**{champ: absorbe}):
            inventaire.changer(objet, **{champ: garde})
    _deplacer_paires(garde, absorbe, inventaire)
    for nom in PROTECTIONS:
        date = min(filter(None, [getattr(garde, nom), getattr(absorbe, nom)]), default=None)
        inventaire.changer(garde, **{nom: date})
    inventaire.changer(absorbe, fusionne_dans=garde)
    fusion.inventaire = inventaire.lignes
    fusion.save(update_fields=["inventaire"])
    noter(Action.IDENTITE, "fusion", fusion, par=par, jeunes=[garde.pk, absorbe.pk], motif=motif)
    return fusion


def _deplacer_paires(garde, absorbe, inventaire):
    """Pairs of the absorbed jeune with a third one become pairs of the kept one; the pair of the two stays."""
    for paire in Paire.objects.filter(models.Q(a=absorbe) | models.Q(b=absorbe)):
        tiers_id = paire.b_id if paire.a_id == absorbe.pk else paire.a_id
        if tiers_id == garde.pk:
            continue
        a_id, b_id = sorted([garde.pk, tiers_id])
        if Paire.objects.filter(a=a_id, b=b_id).exists():
            if paire.etat == Paire.Etat.A_DECIDER:
                avant = valeurs(paire, "etat")
                workflow.franchir(paire, "classer", par=None, systeme=True)
                inventaire.constater(paire, avant)
            continue
        champs = {"a_id": a_id, "b_id": b_id}
        if a_id == tiers_id and paire.a_id == absorbe.pk or b_id == tiers_id and paire.b_id == absorbe.pk:
            champs |= {"signalement_a_id": paire.signalement_b_id, "signalement_b_id": paire.signalement_a_id}
        inventaire.changer(paire, **champs)


@dataclass(frozen=True)
class FaitPosterieur:
    """A report attached to the kept jeune after the merge: the undo asks with whom it goes."""

    rattachement: Rattachement


def faits_posterieurs(fusion):
    """Reports attached to the kept jeune since the merge."""
    connus = {ligne["pk"] for ligne in fusion.inventaire if ligne["modele"] == Rattachement._meta.label_lower}
    depuis = (
        Rattachement.objects.actifs()
        .filter(jeune=fusion.garde, quand__gt=fusion.quand)
        .exclude(pk__in=connus)
        .select_related("signalement__structure")
    )
    return [FaitPosterieur(r) for r in depuis]


@transaction.atomic
def annuler_fusion(fusion, *, par, suivent=frozenset()):
    """Undo a merge: each row that it changed takes back its former values.

    suivent: what goes to the jeune made again: ids of the reports attached since, keys of the facts recorded since
    (`suites.faits`). A row changed again since the
    merge keeps its later values, apart from the link to its jeune. Raises FusionImpossible when a later merge
    must be undone first.
    """
    verrouiller_identites()
    fusion = Fusion.objects.select_for_update(of=("self",)).get(pk=fusion.pk)
    if fusion.annulee_le:
        raise FusionImpossible("Cette réunion a déjà été annulée.")
    garde, absorbe = fusion.garde, fusion.absorbe
    plus_recente = Fusion.objects.filter(annulee_le__isnull=True, pk__gt=fusion.pk).filter(
        models.Q(absorbe=garde) | models.Q(garde=garde)
    )
    if plus_recente.exists():
        raise FusionImpossible("Une réunion plus récente concerne cette fiche : annulez-la d’abord.")
    for fait in faits_posterieurs(fusion):
        if fait.rattachement.signalement_id in suivent:
            _suivre(fait.rattachement, absorbe)
    for ligne in reversed(fusion.inventaire):
        _restaurer(ligne)
    suites.poursuivre("fusion_annulee", fusion, par=par)
    suites.repartir(fusion, suivent, par=par)
    fusion.annulee_le, fusion.annulee_par = timezone.now(), par
    fusion.save(update_fields=["annulee_le", "annulee_par"])
    noter(Action.IDENTITE, "fusion_annulee", fusion, par=par, jeunes=[garde.pk, absorbe.pk])
    return fusion


def _suivre(rattachement, jeune):
    Rattachement.objects.filter(pk=rattachement.pk).update(jeune=jeune)
    Empreinte.objects.filter(signalement=rattachement.signalement_id).update(jeune=jeune)


def _restaurer(ligne):
    modele = apps.get_model(ligne["modele"])
    objet = modele._base_manager.select_for_update(of=("self",)).filter(pk=ligne["pk"]).first()
    if objet is None:
        return
    champs = {}
    for nom, avant in ligne["avant"].items():
        if _brut(objet, nom) == ligne["apres"][nom]:
            champ = modele._meta.get_field(nom)
            champs[champ.attname] = champ.to_python(avant) if not champ.is_relation else avant
    if champs:
        modele._base_manager.filter(pk=objet.pk).update(**champs)
