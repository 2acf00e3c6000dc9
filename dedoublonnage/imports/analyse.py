"""What each row of a list is: new, already known, already sent, to be decided, refused. Writes nothing.

Only reports of the user's scope are compared, and the earlier rows of the list: what lies outside changes no byte of
the answer. The comparison is made in memory, with the very engine of the entry (`decision.examiner`); the whole base
is asked when a row is sent, as for any report.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from math import log

from signalements.listes.lignes import Lecteur, Ligne
from signalements.models import EtatSignalement, Signalement

from ..blocage import cles, cles_demandees
from ..decision import examiner
from ..models import Empreinte
from ..normalisation import Preparee, preparer
from ..recherche import BLOC_MAX, LIMITE
from ..score import Modele
from ..services import contacts_de, contexte, identite_de, meme_sortie
from .modeles import LigneImport


class Repertoire:
    """Known identities in memory, retrieved by the engine's keys: those of a scope, then those of the rows already read."""

    def __init__(self):
        self.identites = defaultdict(list)  # id → [Preparee]
        self.index = defaultdict(list)  # key → [id]

    def ajouter(self, cle, preparee, cles_=None):
        """Add an identity under an id (that of a jeune, or minus the number of a row)."""
        self.identites[cle].append(preparee)
        for c in cles_ if cles_ is not None else cles(preparee):
            self.index[c].append(cle)

    def proches(self, preparee):
        """[(id, [Preparee])] that share the most telling keys with this one (see `recherche.SQL_IDS`)."""
        voix = defaultdict(float)
        for c in cles_demandees(preparee):
            bloc = self.index.get(c)
            if bloc:
                poids = 14 - log(min(len(bloc), BLOC_MAX))
                for cle in set(bloc[:BLOC_MAX]):
                    voix[cle] += poids
        premiers = sorted(voix.items(), key=lambda v: (-v[1], v[0]))[:LIMITE]
        return [(cle, self.identites[cle]) for cle, _ in premiers]


@dataclass(frozen=True)
class Connu:
    """A visible report of a jeune already known."""

    signalement: int
    structure: int
    date_sortie: object


@dataclass
class Verdict:
    """What a row is. candidat: id of the visible report it looks like; jumelle: number of the row it looks like.

    candidats: all that the engine found, best first, as `LigneImport.candidats` keeps them.
    """

    ligne: Ligne
    statut: str
    candidat: int | None = None
    jumelle: int | None = None
    probabilite: float | None = None
    candidats: list = field(default_factory=list)

    @property
    def reponse(self):
        """The answer that stands until the user gives another: only the equal fingerprint (`probabilite` None) is sure."""
        if self.statut == LigneImport.Statut.CONNUE:
            return LigneImport.Reponse.MEME
        if self.statut == LigneImport.Statut.DEJA_ENVOYEE and self.probabilite is not None:
            return LigneImport.Reponse.MEME if self.jumelle else LigneImport.Reponse.NE_PAS_ENVOYER
        return ""


class Analyse:
    """Examine the rows of a list in order. user: whose scope is compared; None: that of the structure alone."""

    def __init__(self, lecteur: Lecteur, *, user=None):
        self.lecteur, self.structure = lecteur, lecteur.structure
        self.modele, self.contexte = Modele.charger(), contexte()
        self.repertoire = Repertoire()
        self.connus = defaultdict(list)  # jeune → [Connu], latest first
        self.jeune_de = {}  # signalement → jeune
        self.lignes = {}  # fingerprint → number of the row
        self._charger(user)

    def _charger(self, user):
        visibles = (
            Signalement.objects.filter(structure=self.structure)
            if user is None
            else Signalement.objects.visibles_par(user)
        )
        visibles = visibles.envoyes().exclude(etat=EtatSignalement.ANNULE)
        lues = (
            Empreinte.objects.filter(signalement__in=visibles)
            .order_by("-signalement__envoye_le", "-signalement")
            .values_list(
                "jeune",
                "signalement",
                "signalement__structure",
                "signalement__date_sortie",
                "cles",
                "preparee",
            )
        )
        for jeune, signalement, structure, sortie, cles_, preparee in lues.iterator(2_000):
            self.repertoire.ajouter(jeune, Preparee.depuis_json(preparee), cles_)
            self.connus[jeune].append(Connu(signalement, structure, sortie))
            self.jeune_de[signalement] = jeune
        envoyees = (
            Signalement.objects.filter(structure=self.structure)
            .exclude(empreinte_ligne="")
            .exclude(etat=EtatSignalement.ANNULE)
        )
        self.envoyees = dict(envoyees.values_list("empreinte_ligne", "pk"))

    def reprendre(self, ligne):
        """Know again a row examined before an interruption (`LigneImport`)."""
        if ligne.statut == LigneImport.Statut.REFUSEE:
            return
        if ligne.statut == LigneImport.Statut.DEJA_ENVOYEE:
            self.lignes.setdefault(ligne.empreinte, ligne.numero)
            return
        jeune = None
        if ligne.statut == LigneImport.Statut.CONNUE:
            jeune = self.jeune_de.get(ligne.candidat_id)
        lue = Ligne(ligne.numero, ligne.donnees, [tuple(c) for c in ligne.contacts])
        self._retenir(lue, self._preparer(lue), jeune)

    def examiner(self, numero, cellules):
        """The `Verdict` on a row."""
        ligne = self.lecteur.lire(numero, cellules)
        if ligne.raisons:
            return Verdict(ligne, LigneImport.Statut.REFUSEE)
        if (deja := self.envoyees.get(ligne.empreinte)) is not None:
            return Verdict(ligne, LigneImport.Statut.DEJA_ENVOYEE, candidat=deja)
        if (premiere := self.lignes.get(ligne.empreinte)) is not None:
            return Verdict(ligne, LigneImport.Statut.DEJA_ENVOYEE, jumelle=premiere)
        preparee = self._preparer(ligne)
        decision, expliques = examiner(
            preparee, self.repertoire.proches(preparee), modele=self.modele, contexte=self.contexte
        )
        if decision.zone == "nouveau":
            verdict = Verdict(ligne, LigneImport.Statut.NOUVELLE)
        else:
            verdict = self._ressemblance(ligne, decision.zone == "automatique", expliques)
        if verdict.statut == LigneImport.Statut.DEJA_ENVOYEE:
            self.lignes[ligne.empreinte] = numero
        else:
            connu = expliques[0][0] if verdict.statut == LigneImport.Statut.CONNUE else None
            self._retenir(ligne, preparee, connu)
        return verdict

    def _ressemblance(self, ligne, sure, expliques):
        candidats = [self._candidat(cle, evaluation.probabilite) for cle, evaluation in expliques]
        premier, cle = candidats[0], expliques[0][0]
        statut = LigneImport.Statut.A_DECIDER
        if sure and cle < 0:
            statut = LigneImport.Statut.DEJA_ENVOYEE
        elif sure:
            sortie = self._meme_sortie(cle, self.lecteur.signalement(ligne).date_sortie)
            statut = LigneImport.Statut.DEJA_ENVOYEE if sortie else LigneImport.Statut.CONNUE
            premier["signalement"] = sortie or premier["signalement"]
        verdict = Verdict(
            ligne, statut, premier["signalement"], premier["ligne"], premier["probabilite"], candidats
        )
        if verdict.reponse == LigneImport.Reponse.MEME:
            premier["reponse"] = verdict.reponse
        return verdict

    def _candidat(self, cle, probabilite):
        return {
            "signalement": self.connus[cle][0].signalement if cle > 0 else None,
            "ligne": -cle if cle < 0 else None,
            "probabilite": round(probabilite, 4),
            "reponse": "",
        }

    def _meme_sortie(self, jeune, sortie):
        """The report of this exit that the structure has already made of this jeune, or None."""
        for connu in self.connus[jeune]:
            if connu.structure == self.structure.pk and meme_sortie(connu.date_sortie, sortie):
                return connu.signalement
        return None

    def _retenir(self, ligne, preparee, jeune):
        self.lignes[ligne.empreinte] = ligne.numero
        self.repertoire.ajouter(jeune if jeune is not None else -ligne.numero, preparee)

    def _preparer(self, ligne):
        signalement = self.lecteur.signalement(ligne)
        return preparer(identite_de(signalement, contacts_de(ligne.contacts)))
