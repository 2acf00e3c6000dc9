"""A list is confirmed, then its rows are sent, a few at a time, each like a report of the form."""

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.listes.lignes import signalement_de
from signalements.models import EtatSignalement, Origine, Signalement
from signalements.services import PasEnvoyable, enregistrer_brouillon

from ... import services as identites
from ..modeles import Import, ImportImpossible, LigneImport
from ..reponses import reponse_de, sans_reponse
from .communs import INATTENDU, comptes, mettre, signaler_inattendu

Etape, Statut = Import.Etape, LigneImport.Statut
SORTS = (Statut.NOUVELLE, Statut.CONNUE, Statut.A_DECIDER)


@transaction.atomic
def confirmer(lot, *, par):
    """Accept the list: its rows are then sent one by one. Raises ImportImpossible when an answer is missing, or when reports
    that its rows were found to repeat were withdrawn since."""
    droits.exiger(par, Droit.IMPORTER, lot)
    lot.tenir(Etape.PRET)  # no answer is changed any more
    if manquent := sans_reponse(lot).count():
        raise ImportImpossible(f"Répondez d’abord aux lignes à décider : il en reste {manquent}.")
    if perimees(lot).exists():
        raise ImportImpossible(
            "Rien n’est envoyé : des signalements que cette liste répétait ont été retirés depuis la lecture. Vérifiez de "
            "nouveau les lignes, elles pourront partir."
        )
    total = a_envoyer(lot).count() + len(a_promouvoir(lot))
    mettre(lot, {Etape.PRET}, Etape.ENVOI, faites=0, total=total, confirme_le=timezone.now(),
            confirme_par=par, contenu=None)  # fmt: skip
    noter(Action.ECRITURE, "import_confirme", lot, par=par, lignes=total)


def perimees(lot):
    """Rows that repeat a report that was withdrawn since they were read: they could go now."""
    return lot.lignes.filter(statut=Statut.DEJA_ENVOYEE, candidat__etat=EtatSignalement.ANNULE)


def a_envoyer(lot):
    """Rows that the confirmation sends."""
    hors = Q(reponse=LigneImport.Reponse.NE_PAS_ENVOYER) | Q(
        reponse=LigneImport.Reponse.MEME, jumelle__isnull=False
    )
    return lot.lignes.filter(statut__in=SORTS, traitee=False).exclude(hors)


def a_promouvoir(lot):
    """[(row, row not sent)]: rows said to be the same jeune as another that is not sent go in its place, one for each jeune.

    Until the sending, a row is not sent when the user put it aside; afterwards, also when it was refused.
    """
    memes = lot.lignes.filter(traitee=False, reponse=LigneImport.Reponse.MEME, jumelle__isnull=False)
    memes = list(memes.order_by("numero"))
    if not memes:
        return []
    toutes = {ligne.numero: ligne for ligne in lot.lignes.defer("cellules", "contacts", "responsables")}
    promues = {}
    for ligne in memes:
        premiere = ligne
        while premiere.signalement_id is None and premiere.jumelle and premiere.reponse == ligne.reponse:
            premiere = toutes[premiere.jumelle]
        ecartee = premiere.reponse == LigneImport.Reponse.NE_PAS_ENVOYER
        if premiere.signalement_id is None and (ecartee or premiere.statut == Statut.REFUSEE):
            promues.setdefault(premiere.numero, (ligne, premiere))
    return list(promues.values())


def non_parties(lot, numeros):
    """The numbers, among these, of the rows that are not sent: put aside, or refused."""
    pas = Q(reponse=LigneImport.Reponse.NE_PAS_ENVOYER) & ~Q(statut=Statut.DEJA_ENVOYEE)
    return set(
        lot.lignes.filter(pas | Q(statut=Statut.REFUSEE), numero__in=[n for n in numeros if n])
        .filter(signalement__isnull=True)
        .values_list("numero", flat=True)
    )


def _promouvoir(lot):
    """Make the rows of `a_promouvoir` rows to send. Returns how many."""
    promues = a_promouvoir(lot)
    for ligne, premiere in promues:
        ligne.statut, ligne.reponse, ligne.jumelle = Statut.NOUVELLE, "", None
        ligne.remarques = [
            *ligne.remarques, f"Envoyée à la place de la ligne {premiere.numero}, qui ne l’est pas."
        ]  # fmt: skip
        ligne.save(update_fields=["statut", "reponse", "jumelle", "remarques"])
        memes = lot.lignes.filter(jumelle=premiere.numero, traitee=False, reponse=LigneImport.Reponse.MEME)
        memes.update(jumelle=ligne.numero)
    return len(promues)


def envoyer_un_peu(lot, pas, memo):
    """Send at most `pas` more rows. Returns True when there may be others.

    memo["apres"]: number of the last row sent from here, so that a long list is not searched from its top each time.
    """
    faites = 0
    while faites < pas:
        restent = a_envoyer(lot).filter(numero__gt=memo.get("apres", 0))
        lignes = list(restent.order_by("numero")[: pas - faites])
        if not lignes and memo.pop("apres", 0):
            continue  # once more from the top: a step that failed has left its rows behind
        if not lignes and not _promouvoir(lot):
            mettre(lot, {Etape.ENVOI}, Etape.TERMINE, termine_le=timezone.now(), bilan=comptes(lot))
            noter(Action.ECRITURE, "import_termine", lot, par=lot.confirme_par, lignes=lot.bilan["importees"])
            return False
        for ligne in lignes:
            envoyer_ligne(lot, ligne, par=lot.confirme_par)
            memo["apres"] = ligne.numero
        faites += len(lignes)
        lot.faites += len(lignes)
    mettre(lot, {Etape.ENVOI}, Etape.ENVOI, total=max(lot.total, lot.faites))
    return True


def envoyer_ligne(lot, ligne, *, par):
    """Make a report of a row and send it like any other. A row that can no longer be sent says why."""
    ligne.traitee = True
    try:
        with transaction.atomic():
            signalement = signalement_de(ligne.donnees, lot.structure)
            signalement.origine, signalement.import_lot = Origine.IMPORT, lot.pk
            signalement.empreinte_ligne = ligne.empreinte
            signalement.declarant_nom = par.get_full_name()
            signalement.declarant_fonction = par.fonction
            enregistrer_brouillon(
                signalement,
                contacts=[tuple(c) for c in ligne.contacts],
                responsables=ligne.responsables,
                par=par,
                noter_ecriture=False,
            )
            identites.envoyer(signalement, reponse=reponse_de(lot, ligne), par=par)
        ligne.signalement = signalement
    except PasEnvoyable as refus:
        ligne.statut, ligne.raisons = Statut.REFUSEE, [str(refus)]
    except IntegrityError as erreur:
        ligne.statut = Statut.DEJA_ENVOYEE
        ligne.candidat = (
            Signalement.objects.filter(structure=lot.structure, empreinte_ligne=ligne.empreinte)
            .exclude(etat=EtatSignalement.ANNULE)
            .first()
        )
        if ligne.candidat is None:
            signaler_inattendu(lot, ligne.numero, erreur)
            ligne.statut, ligne.raisons = Statut.REFUSEE, [INATTENDU]
    except (OperationalError, InterfaceError, OSError):  # not the row: the step is taken again
        raise
    except Exception as erreur:
        signaler_inattendu(lot, ligne.numero, erreur)
        ligne.statut, ligne.raisons = Statut.REFUSEE, [INATTENDU]
    ligne.save(update_fields=["traitee", "signalement", "statut", "raisons", "candidat"])
