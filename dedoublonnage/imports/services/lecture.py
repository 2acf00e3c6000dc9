"""The rows are read, a few at a time: what each is, kept for the user to see. Nothing is sent."""

from django.db import DatabaseError, InterfaceError

from signalements.listes.lignes import Ligne

from ..analyse import Analyse, Verdict
from ..modeles import Import, LigneImport
from . import depot
from .communs import INATTENDU, comptes, mettre, signaler_inattendu

Etape, Statut = Import.Etape, LigneImport.Statut


def lire_un_peu(lot, pas, memo):
    """Read at most `pas` more rows. Returns True when there are others."""
    if memo.get("faites") != lot.faites:  # first step here, or another process went on meanwhile
        memo["lignes"] = depot.lignes_du_fichier(lot)
        memo["analyse"] = Analyse(depot.lecteur_de(lot), user=lot.auteur)
        for ligne in lot.lignes.all().iterator(2_000):
            memo["analyse"].reprendre(ligne)
    a_lire = memo["lignes"][lot.faites : lot.faites + pas]
    LigneImport.objects.bulk_create(
        [
            _ligne(lot, _examiner(lot, memo["analyse"], numero, cellules), cellules)
            for numero, cellules in a_lire
        ]
    )
    lot.faites += len(a_lire)
    finie = lot.faites >= lot.total
    if finie:
        mettre(lot, {Etape.LECTURE}, Etape.PRET, bilan=lot.bilan | comptes(lot))
    else:
        mettre(lot, {Etape.LECTURE}, Etape.LECTURE)
    memo["faites"] = lot.faites
    return not finie


def _examiner(lot, analyse, numero, cellules):
    """The verdict on a row; one that cannot be examined is refused, and does not stop the others."""
    try:
        return analyse.examiner(numero, cellules)
    except (DatabaseError, InterfaceError, OSError):
        raise
    except Exception as erreur:
        signaler_inattendu(lot, numero, erreur)
        return Verdict(Ligne(numero, raisons=[INATTENDU]), Statut.REFUSEE)


def _ligne(lot, verdict, cellules):
    ligne = verdict.ligne
    refusee = verdict.statut == Statut.REFUSEE
    return LigneImport(
        lot=lot,
        numero=ligne.numero,
        cellules=cellules,
        donnees=ligne.donnees,
        contacts=ligne.contacts,
        responsables=ligne.responsables,
        raisons=ligne.raisons,
        remarques=ligne.remarques,
        statut=verdict.statut,
        empreinte="" if refusee else ligne.empreinte,
        candidat_id=verdict.candidat,
        candidats=verdict.candidats,
        jumelle=verdict.jumelle,
        probabilite=verdict.probabilite,
        reponse=verdict.reponse,
    )
