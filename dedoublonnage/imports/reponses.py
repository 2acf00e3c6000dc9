"""What the user answers about the rows that look like somebody: one answer a candidate, and what each row is then."""

from collections import defaultdict

from django.db import transaction
from django.db.models import Q

from signalements.models import Signalement

from ..models import Rattachement
from ..services import Reponse as ReponseIdentite
from .modeles import Import, LigneImport

Reponse, Statut = LigneImport.Reponse, LigneImport.Statut
SUR_UN_CANDIDAT = (Reponse.MEME, Reponse.DIFFERENT, Reponse.INCERTAIN)
CONFIRME = (
    "Vos réponses ne sont pas prises : cet import n’est plus à confirmer. Regardez ci-dessous où il en est."
)
CHAMPS = ["candidats", "candidat", "jumelle", "probabilite", "reponse", "statut"]


def a_juger(lot):
    """Rows whose identity the user may answer for: all that the engine matched, not those already sent as they are."""
    moteur = Q(statut=Statut.DEJA_ENVOYEE) & ~Q(reponse="")
    return lot.lignes.filter(moteur | Q(statut__in=[Statut.A_DECIDER, Statut.CONNUE]))


def sans_reponse(lot):
    """Rows to be decided without an answer yet."""
    return lot.lignes.filter(statut=Statut.A_DECIDER, reponse="")


@transaction.atomic
def repondre(lot, reponses):
    """Keep the answers {(row number, rank): answer}; ranks are those of the candidates from 1 on, 0 is the row itself.

    Rank 0 says whether the row is put aside (`NE_PAS_ENVOYER`) or not (""). What is no answer is ignored. Raises
    ImportImpossible when the rows are no longer to be confirmed.
    """
    lot.tenir(Import.Etape.PRET, refus=CONFIRME)
    recues = defaultdict(dict)
    for (numero, rang), reponse in reponses.items():
        if reponse == Reponse.NE_PAS_ENVOYER or reponse in (SUR_UN_CANDIDAT if rang else ("",)):
            recues[numero][rang] = reponse
    lignes = list(a_juger(lot).select_for_update().filter(numero__in=recues))
    lus = {c["signalement"] for ligne in lignes for c in ligne.candidats}
    existants = set(Signalement.objects.filter(pk__in=lus - {None}).values_list("pk", flat=True))
    for ligne in lignes:
        _trancher(ligne, recues[ligne.numero], existants)
    LigneImport.objects.bulk_update(lignes, CHAMPS, batch_size=500)


def _trancher(ligne, recues, existants):
    """What a row is, once these answers {rank: answer} are received; what the engine held for sure may be contested."""
    avant = (ligne.reponse, ligne.candidat_id, ligne.jumelle)
    for rang, candidat in enumerate(ligne.candidats, 1):
        if recues.get(rang) in SUR_UN_CANDIDAT:
            candidat["reponse"] = recues[rang]
    dites = [c["reponse"] for c in ligne.candidats]
    if Reponse.NE_PAS_ENVOYER in recues.values():
        ligne.reponse = Reponse.NE_PAS_ENVOYER
    elif Reponse.MEME in dites:
        ligne.reponse = Reponse.MEME
    elif "" in dites:
        ligne.reponse = ""
    else:
        ligne.reponse = Reponse.INCERTAIN if Reponse.INCERTAIN in dites else Reponse.DIFFERENT
    if ligne.candidats:
        retenu = ligne.candidats[dites.index(Reponse.MEME) if Reponse.MEME in dites else 0]
        ligne.candidat_id = retenu["signalement"] if retenu["signalement"] in existants else None
        ligne.jumelle, ligne.probabilite = retenu["ligne"], retenu["probabilite"]
    if avant != (ligne.reponse, ligne.candidat_id, ligne.jumelle):
        ligne.statut = Statut.A_DECIDER


@transaction.atomic
def ne_pas_savoir(lot):
    """Answer "je ne sais pas" wherever an answer is still missing."""
    lot.tenir(Import.Etape.PRET, refus=CONFIRME)
    lignes = list(sans_reponse(lot).select_for_update())
    for ligne in lignes:
        ligne.reponse = Reponse.INCERTAIN
        for candidat in ligne.candidats:
            candidat["reponse"] = candidat["reponse"] or Reponse.INCERTAIN
    LigneImport.objects.bulk_update(lignes, ["candidats", "reponse"], batch_size=500)


def reponse_de(lot, ligne):
    """The answer to the identity check that a row carries, as the entry form gives it."""
    dits = [c for c in ligne.candidats if c["reponse"]]
    if not dits:
        return ReponseIdentite()
    numeros = [c["ligne"] for c in dits if c["ligne"]]
    jumelles = dict(lot.lignes.filter(numero__in=numeros).values_list("numero", "signalement"))
    dites = {c["signalement"] or jumelles.get(c["ligne"]): c["reponse"] for c in dits}
    liens = Rattachement.objects.actifs().filter(signalement__in=[s for s in dites if s])
    jeunes = {lien.signalement_id: lien.jeune for lien in liens.select_related("jeune")}

    def cites(reponse):
        return [jeunes[s] for s, dite in dites.items() if dite == reponse and s in jeunes]

    return ReponseIdentite(
        meme=next(iter(cites(Reponse.MEME)), None),
        differents=frozenset(j.pk for j in cites(Reponse.DIFFERENT)),
        incertains=frozenset(j.pk for j in cites(Reponse.INCERTAIN)),
    )
