"""Reading the queue of a bassin: filters, order, counts, neighbours. Nothing here writes."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Max, Q
from django.utils import timezone
from django.utils.http import urlencode

from dedoublonnage.models import Paire
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import cle_de_tri
from qualit.web.navigation import compter
from signalements.controles import ine_normalise, numero_normalise
from signalements.models import EtatSignalement, Question, Signalement

from .models import ETATS_TERMINES, Dossier, EtatDossier, Mission, Tache, Transfert, Versement

ECHEANCES = {
    "depassee": "Échéance légale dépassée",
    "15": "Échéance légale dans 15 jours",
    "30": "Échéance légale dans 30 jours",
    "action": "Action en retard",
}
ORDRES = {
    "priorite": ("-priorite", "echeance_legale", "premier_envoi_le", "pk"),
    "anciennete": ("premier_envoi_le", "pk"),
    "echeance": (F("echeance_legale").asc(nulls_last=True), "premier_envoi_le", "pk"),
    "nom": ("jeune__identite__nom_tri", "pk"),
}
PARAMETRES = ("etat", "echeance", "structure", "nouveau", "mineur", "ordre", "bassin")
RECENT_JOURS = 7
VOISINS_MAXIMUM = 2000


@dataclass
class Filtre:
    """The filters of the queue, as they stand in the address. Names are never part of it."""

    etat: str = ""
    echeance: str = ""
    structure: str = ""
    nouveau: str = ""
    mineur: str = ""
    ordre: str = ""
    bassin: str = ""

    @classmethod
    def lire(cls, parametres):
        """Read the known parameters of a QueryDict or dict; whatever is malformed is ignored."""
        valeurs = {nom: str(parametres.get(nom, ""))[:40] for nom in PARAMETRES}
        if valeurs["etat"] not in {*EtatDossier.values, "ouverts", "termines"}:
            valeurs["etat"] = ""
        if valeurs["echeance"] not in ECHEANCES:
            valeurs["echeance"] = ""
        if valeurs["ordre"] not in ORDRES:
            valeurs["ordre"] = ""
        return cls(**valeurs)

    @property
    def adresse(self):
        """The query string of these filters ("" when none)."""
        return urlencode({n: getattr(self, n) for n in PARAMETRES if getattr(self, n)})

    @property
    def actif(self):
        return any(getattr(self, n) for n in PARAMETRES if n != "ordre")


def retenus(user, filtre=None, *, recherche=""):
    """The dossiers of this person's queue that pass the filters, in no order: what `dossiers` orders, cheap to count."""
    filtre = filtre or Filtre()
    aujourdhui = timezone.localdate()
    bassins = droits.bassins_pour(user, Droit.LIRE_DOSSIER)
    lignes = Dossier.objects.filter(bassin__in=bassins)
    if recherche:
        lignes = lignes.filter(recherche_de(recherche))
    elif filtre.etat == "termines":
        lignes = lignes.filter(etat__in=ETATS_TERMINES)
    elif filtre.etat and filtre.etat != "ouverts":
        lignes = lignes.filter(etat=filtre.etat)
    else:
        lignes = lignes.ouverts()
    if filtre.bassin:
        lignes = lignes.filter(bassin__code=filtre.bassin)
    if filtre.echeance == "action":
        lignes = lignes.filter(prochaine_echeance__lt=aujourdhui)
    elif filtre.echeance == "depassee":
        lignes = lignes.filter(echeance_legale__lt=aujourdhui, recu_avec_responsable_le__isnull=True)
    elif filtre.echeance:
        lignes = lignes.filter(
            echeance_legale__range=(aujourdhui, aujourdhui + timedelta(days=int(filtre.echeance))),
            recu_avec_responsable_le__isnull=True,
        )
    if filtre.structure:
        lignes = lignes.filter(versements__signalement__structure__code=filtre.structure).distinct()
    if filtre.nouveau:
        lignes = lignes.filter(ouvert_le__gte=timezone.now() - timedelta(days=RECENT_JOURS))
    if filtre.mineur:
        lignes = lignes.avec_priorite().filter(mineur=True)
    return lignes


def nombre(user, filtre, comptes):
    """How many dossiers pass the filters: told by the counts above the queue when the state alone is filtered."""
    seul = all(not getattr(filtre, nom) for nom in PARAMETRES if nom not in {"etat", "ordre"})
    if seul and filtre.etat not in {"termines", *ETATS_TERMINES}:
        return comptes[filtre.etat or "ouverts"]
    return retenus(user, filtre).count()


def dossiers(user, filtre=None, *, recherche=""):
    """The queue of this person, filtered and ordered, the most pressing first."""
    ordre = ORDRES[(filtre and filtre.ordre) or "priorite"]
    return retenus(user, filtre, recherche=recherche).avec_priorite().order_by(*ordre)


def recherche_de(texte):
    """A `Q` on dossiers from what was typed: a reference, an INE, a phone number, or a name (accents and case ignored).

    One subquery each, so that each is answered by its index.
    """
    texte = texte.strip()
    signalements = []
    if len(ine := ine_normalise(texte)) >= 8:
        signalements.append(Q(ine=ine))
    if numero := numero_normalise(texte):
        signalements.append(Q(contacts__normalisee=numero))
    if mots := [m for m in cle_de_tri(texte).split() if len(m) >= 2]:
        signalements.append(Q(*(Q(nom_tri__contains=mot) for mot in mots)))
    q = Q(reference=texte.upper())
    for condition in signalements:
        trouves = Signalement.objects.filter(condition).order_by()
        q |= Q(pk__in=Versement.objects.filter(signalement__in=trouves).order_by().values("dossier"))
    return q


def voisins(user, filtre, dossier):
    """(previous reference, next reference, position, length) of a dossier inside the filtered queue."""
    references = list(dossiers(user, filtre).values_list("reference", flat=True)[:VOISINS_MAXIMUM])
    try:
        rang = references.index(dossier.reference)
    except ValueError:
        return None, references[0] if references else None, None, len(references)
    precedent = references[rang - 1] if rang else None
    suivant = references[rang + 1] if rang + 1 < len(references) else None
    return precedent, suivant, rang + 1, len(references)


def comptes(user):
    """The counts shown above the queue, each with the filter that lists it: {key: number}. Two queries."""
    aujourdhui = timezone.localdate()
    horloge = Q(recu_avec_responsable_le__isnull=True)
    proches = Q(echeance_legale__lte=aujourdhui + timedelta(days=30))
    resultat = (
        Dossier.objects.de_la_file(user, Droit.LIRE_DOSSIER)
        .order_by()
        .aggregate(
            ouverts=Count("pk"),
            **{etat: Count("pk", filter=Q(etat=etat)) for etat in EtatDossier.values},
            echeance=Count("pk", filter=horloge & proches),
            retard=Count("pk", filter=Q(prochaine_echeance__lt=aujourdhui)),
            nouveaux=Count("pk", filter=Q(ouvert_le__gte=timezone.now() - timedelta(days=RECENT_JOURS))),
        )
    )
    bassins = droits.bassins_pour(user, Droit.LIRE_DOSSIER)
    autres = {
        "transferts": Transfert.objects.filter(etat="propose", vers__in=bassins),
        "sans_reponse": missions_sans_reponse(user),
        "taches": taches(user),
        "identites": Paire.objects.visibles_par(user).a_decider(),
        "retraits": retraits(user),
    }
    nombres = compter(lignes.values("pk") for lignes in autres.values())
    return resultat | dict(zip(autres, nombres, strict=True))


def missions_sans_reponse(user):
    """Missions proposed by this person's bassins that wait for an answer, the oldest first."""
    bassins = droits.bassins_pour(user, Droit.LIRE_DOSSIER)
    return Mission.objects.filter(etat=Mission.Etat.PROPOSEE, dossier__bassin__in=bassins).order_by(
        "expire_le", "pk"
    )


def missions_de_dossiers_reunis(user):
    """Live missions that stayed on a dossier closed by a merge: to be moved or withdrawn (decisions.md 2)."""
    bassins = droits.bassins_pour(user, Droit.LIRE_DOSSIER)
    return Mission.objects.vivantes().filter(
        dossier__bassin__in=bassins, dossier__etat=EtatDossier.CLOS, dossier__motif_cloture="fusion"
    )


def taches(user):
    """Open tasks of this person's bassins."""
    return Tache.objects.ouvertes().filter(dossier__bassin__in=droits.bassins_pour(user, Droit.LIRE_DOSSIER))


def retraits(user):
    """Withdrawals asked by reporters, waiting for the GAB."""
    bassins = droits.bassins_pour(user, Droit.TRIER)
    return Question.objects.ouvertes().filter(
        type=Question.Type.RETRAIT,
        signalement__versement__dossier__bassin__in=bassins,
        signalement__etat__in=[
            EtatSignalement.ENVOYE,
            EtatSignalement.RECEVABLE,
            EtatSignalement.A_COMPLETER,
        ],
    )


def en_complement(user):
    """Reports that wait for an answer of their school, the oldest question first."""
    return (
        Signalement.objects.filter(
            etat=EtatSignalement.A_COMPLETER,
            versement__dossier__bassin__in=droits.bassins_pour(user, Droit.TRIER),
        )
        .annotate(demande_le=Max("questions__posee_le"))
        .select_related("structure", "versement__dossier")
        .order_by("demande_le", "pk")
    )


def a_trier(user):
    """Reports that wait for the triage of this person's bassins: minors and running clocks first."""
    aujourdhui = timezone.localdate()
    return (
        Signalement.objects.filter(
            etat=EtatSignalement.ENVOYE,
            versement__dossier__bassin__in=droits.bassins_pour(user, Droit.TRIER),
        )
        .annotate(echeance=F("versement__dossier__echeance_legale"))
        .annotate(retard=Q(versement__dossier__echeance_legale__lt=aujourdhui))
        .select_related("structure", "versement__dossier__bassin", "bassin", "commune__bassin")
        .order_by("-prioritaire", F("echeance").asc(nulls_last=True), "envoye_le", "pk")
    )
