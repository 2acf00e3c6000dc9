"""The register of requests, and what the delegate does for a person: find, protect, correct, export, erase, answer."""

from dateutil.relativedelta import relativedelta
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from dedoublonnage import services as identites
from dedoublonnage.models import Jeune, Rattachement
from gab.models import Creneau, Entretien
from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import Signalement
from suivi import recherche

from . import effacement
from .inventaire import ids_de, signalements_de
from .models import DELAI, PROLONGATION, Demande


def _exiger(demande, par):
    if demande.academie_id not in droits.academies_pour(par, Droit.TENIR_REGISTRE):
        raise PermissionDenied


def _exiger_ouverte(demande, par):
    """Lock the request and read it again. Raises PermissionDenied, ValidationError when it was answered meanwhile."""
    _exiger(demande, par)
    demande = Demande.objects.select_for_update(of=("self",)).get(pk=demande.pk)
    if not demande.est_ouverte:
        raise ValidationError("Cette demande a déjà reçu une réponse.")
    return demande


@transaction.atomic
def ouvrir(demande, *, par):
    """Enter a request in the register: the clock of one month runs from its reception."""
    academies = droits.academies_pour(par, Droit.TENIR_REGISTRE)
    if not academies:
        raise PermissionDenied
    demande.academie_id = academies[0]
    demande.cree_par = par
    demande.echeance = demande.recue_le + DELAI
    demande.save()
    noter(Action.ECRITURE, f"demande_{demande.type}", demande, par=par)
    return demande


def trouver_personnes(academies, quoi, date_naissance=None):
    """Jeunes of these académies that answer to the words: [(Jeune, [reports])], best first, at most `recherche.MAXIMUM`."""
    portee = Signalement.objects.envoyes().filter(bassin__academie__in=academies)
    ids = recherche.trouver(portee, quoi, date_naissance)
    signalements = Signalement.objects.select_related("structure", "bassin").in_bulk(ids)
    jeunes = dict(
        Rattachement.objects.actifs().filter(signalement__in=ids).values_list("signalement_id", "jeune_id")
    )
    fiches = Jeune.objects.vivants().filter(anonymise_le__isnull=True).in_bulk(set(jeunes.values()))
    trouves = {}
    for pk in ids:
        jeune = fiches.get(jeunes.get(pk))
        if jeune is not None:
            trouves.setdefault(jeune, []).append(signalements[pk])
    return list(trouves.items())


@transaction.atomic
def designer(demande, jeune, *, par):
    """Say which person of the portal the request is about (None: take it back)."""
    demande = _exiger_ouverte(demande, par)
    if jeune is not None:
        academies = set(signalements_de([jeune.pk]).values_list("bassin__academie", flat=True))
        if demande.academie_id not in academies or jeune.fusionne_dans_id or jeune.anonymise_le:
            raise PermissionDenied
    demande.jeune_id = jeune.pk if jeune else None
    demande.save(update_fields=["jeune_id"])
    noter(Action.ECRITURE, "demande_designee", demande, par=par, jeunes=[jeune.pk] if jeune else [])
    return demande


@transaction.atomic
def modifier(demande, *, par):
    """Correct what was entered of a request; the clock follows the day of its reception."""
    actuelle = _exiger_ouverte(demande, par)
    demande.echeance = demande.recue_le + DELAI + (PROLONGATION if actuelle.prolongee_le else relativedelta())
    demande.save(
        update_fields=[
            "type", "recue_le", "objet", "demandeur", "qualite", "identite_verifiee", "coordonnees", "echeance",
        ]
    )  # fmt: skip
    noter(Action.ECRITURE, "demande_corrigee", demande, par=par, jeunes=[demande.jeune_id])
    return demande


@transaction.atomic
def prolonger(demande, motif, *, par):
    """Two more months (article 12.3): once, within the first month, and the person is told why."""
    demande = _exiger_ouverte(demande, par)
    if demande.prolongee_le:
        raise ValidationError("Cette demande a déjà été prolongée.")
    if timezone.localdate() > demande.echeance:
        raise ValidationError("Le délai d’un mois est passé : la demande ne peut plus être prolongée.")
    demande.prolongee_le, demande.motif_prolongation = timezone.localdate(), motif
    demande.echeance = demande.recue_le + DELAI + PROLONGATION
    demande.save(update_fields=["prolongee_le", "motif_prolongation", "echeance"])
    noter(Action.ECRITURE, "demande_prolongee", demande, par=par)
    return demande


@transaction.atomic
def repondre(demande, suite, reponse, *, par):
    """Close a request with its outcome and the text of the letter. Raises ValidationError."""
    demande = _exiger_ouverte(demande, par)
    if suite == Demande.Suite.RECUE:
        raise ValidationError("Choisissez la suite donnée.")
    demande.suite, demande.reponse = suite, reponse
    demande.repondue_le, demande.repondue_par = timezone.localdate(), par
    demande.save(update_fields=["suite", "reponse", "repondue_le", "repondue_par"])
    noter(
        Action.ECRITURE, "demande_repondue", demande, par=par, jeunes=[demande.jeune_id], suite=suite,
        dans_le_delai=demande.repondue_le <= demande.echeance,
    )  # fmt: skip
    return demande


@transaction.atomic
def rouvrir(demande, *, par):
    """Take an answer back: it was a mistake, or it must be completed."""
    _exiger(demande, par)
    demande = Demande.objects.select_for_update(of=("self",)).get(pk=demande.pk)
    if demande.anonymisee_le:
        raise ValidationError("Cette demande est anonymisée : elle ne se rouvre plus.")
    demande.suite, demande.repondue_le, demande.repondue_par = Demande.Suite.RECUE, None, None
    demande.save(update_fields=["suite", "repondue_le", "repondue_par"])
    noter(Action.ECRITURE, "demande_rouverte", demande, par=par, jeunes=[demande.jeune_id])
    return demande


def _personne(demande, par):
    demande = _exiger_ouverte(demande, par)
    if demande.jeune is None:
        raise ValidationError("Dites d’abord de quelle personne il s’agit.")
    return demande, Jeune.objects.select_for_update(of=("self",)).get(pk=demande.jeune.pk)


PROTECTIONS = {"oppose": "oppose_le", "limite": "limite_le"}


@transaction.atomic
def proteger(demande, protection, actif, *, par):
    """Put or lift an opposition or a limitation. A protected person is frozen: see `Jeune.est_gele`.

    Planned interviews are cancelled; the GAB in charge and the structures that follow the jeune are told not to contact
    them (no name goes out). Nothing is deleted, and the figures still count the person.
    """
    demande, jeune = _personne(demande, par)
    champ = PROTECTIONS[protection]
    if bool(getattr(jeune, champ)) == actif:
        return jeune
    setattr(jeune, champ, timezone.now() if actif else None)
    jeune.save(update_fields=[champ])
    dossier = jeune.dossiers.ouverts().select_related("bassin").first()
    if dossier is not None:
        if actif:
            for entretien in dossier.entretiens.filter(etat=Entretien.Etat.PREVU):
                workflow.franchir(entretien, "annuler", par=par, systeme=True)
                Creneau.objects.filter(entretien=entretien).update(entretien=None)
        equipes = [notifications.membres_du_gab(dossier.bassin)]
        equipes += [
            notifications.equipe(m.structure)
            for m in dossier.missions.vivantes().filter(a_confirmer=False).select_related("structure")
        ]
        notifications.prevoir(
            "jeune_gele" if actif else "jeune_degele",
            a=[personne for equipe in equipes for personne in equipe],
            reference=dossier.reference,
        )
    noter(Action.ECRITURE, f"{protection}_{'pose' if actif else 'leve'}", jeune, par=par, jeunes=[jeune.pk])
    return jeune


@transaction.atomic
def rectifier(demande, signalement, champs, *, contacts=None, par, version=None):
    """Correct what a report says of the person; what was typed stays in its history, and the engine looks again.

    Returns the names of the fields changed. Raises ConflitDeVersion.
    """
    demande, jeune = _personne(demande, par)
    if not signalements_de([jeune.pk]).filter(pk=signalement.pk).exists():
        raise PermissionDenied
    changes = identites.corriger(signalement, champs, contacts=contacts, par=par, version=version)
    if changes:
        noter(Action.ECRITURE, "rectification", demande, par=par, jeunes=[jeune.pk], champs=changes)
    return changes


@transaction.atomic
def effacer(demande, reponse, *, par):
    """Erase the person and answer the request; the register then keeps its type, its dates and its outcome only."""
    demande, jeune = _personne(demande, par)
    repondre(demande, Demande.Suite.ACCORDEE, reponse, par=par)
    bilan = effacement.effacer(jeune, par=par, raison="demande")
    Demande.objects.filter(jeune_id__in=ids_de(jeune)).update(anonymisee_le=timezone.now())
    return bilan
