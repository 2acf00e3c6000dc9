"""The identity check before sending: look-alikes of the user's own scope, and the answers given about them.

Nothing here may depend on what lies outside the scope (`services.candidats_visibles`). A candidate is named in forms
by the reference of one of its visible reports; a reference that is not among the candidates is ignored.
"""

from dataclasses import dataclass

from qualit.journal.services import montrer
from signalements.models import Signalement

from .comparaison import certitude, lignes, raisons
from .models import Jeune
from .services import Reponse, candidats_visibles, identite_de

MEME, DIFFERENT, INCERTAIN = "meme", "different", "inconnu"
CHOIX = ((MEME, "C’est le même jeune"), (DIFFERENT, "Ce n’est pas le même"), (INCERTAIN, "Je ne sais pas"))
PREFIXE = "identite-"


@dataclass
class Ressemblance:
    """A jeune of the user's scope who may be the one being typed, and what was answered about them."""

    jeune: Jeune
    signalements: list[Signalement]
    certitude: str
    presque_sure: bool
    raisons: list
    lignes: list
    reponse: str = ""

    @property
    def reference(self):
        return self.signalements[0].reference

    @property
    def nom_du_champ(self):
        return PREFIXE + self.reference

    @property
    def choix(self):
        """[(value, label, checked)] for the radios of the form; an almost certain match is preselected."""
        coche = self.reponse or (MEME if self.presque_sure else "")
        return [(valeur, libelle, valeur == coche) for valeur, libelle in CHOIX]


class Verification:
    """The candidates for one identity, with the answers posted so far."""

    def __init__(self, request, signalement, *, contacts=None, donnees=None):
        self.request, self.signalement = request, signalement
        donnees = request.POST if donnees is None else donnees
        self.ressemblances = []
        if signalement.nom_naissance and signalement.prenom:
            identite = identite_de(signalement, contacts)
            for jeune, signalements, evaluation in candidats_visibles(
                identite, request.user, sauf=signalement.pk
            ):
                self.ressemblances.append(self._ressemblance(jeune, signalements, evaluation, contacts))
        for r in self.ressemblances[1:]:
            r.presque_sure = False  # one answer is preselected at most
        for r in self.ressemblances:
            recue = donnees.get(r.nom_du_champ, "")
            r.reponse = recue if recue in dict(CHOIX) else ""
        if self.ressemblances:
            montrer(
                request,
                [s for r in self.ressemblances for s in r.signalements],
                [r.jeune.pk for r in self.ressemblances],
            )

    def _ressemblance(self, jeune, signalements, evaluation, contacts):
        detail = [
            {"libelle": c.libelle, "valeur": c.valeur}
            for c in evaluation.contributions
            if c.code != "a_priori"
        ]
        return Ressemblance(
            jeune=jeune,
            signalements=signalements,
            certitude=certitude(evaluation.probabilite, self.signalement, signalements[0]),
            presque_sure=evaluation.zone == "automatique",
            raisons=[(libelle, sens) for libelle, _, sens in raisons(detail)],
            lignes=lignes(self.signalement, signalements[0], contacts_gauche=contacts),
        )

    @property
    def meme(self):
        """The candidate said to be the same jeune, if any."""
        return next((r for r in self.ressemblances if r.reponse == MEME), None)

    @property
    def a_repondre(self):
        """Candidates without an answer."""
        return [r for r in self.ressemblances if not r.reponse]

    @property
    def repondues(self):
        return [r for r in self.ressemblances if r.reponse]

    @property
    def reponse(self):
        """What `services.envoyer` needs."""
        return Reponse(
            meme=self.meme.jeune if self.meme else None,
            differents=frozenset(r.jeune.pk for r in self.ressemblances if r.reponse == DIFFERENT),
            incertains=frozenset(r.jeune.pk for r in self.ressemblances if r.reponse == INCERTAIN),
        )
