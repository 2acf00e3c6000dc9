"""What a reporter reads about its own reports: the stage, its date, the family of the solution, messages to it.

Until the coordinator has triaged a report as recevable: "reçu", and nothing else. Afterwards only what happened
later than the triage; never an interview, never accompagnement spécialisé, never where (decisions.md 4 and 26).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, DateTimeField, Exists, F, Max, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from gab.models import Dossier, EtatDossier, Versement
from qualit.journal.models import Passage
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle
from signalements.models import EtatSignalement, Question, Signalement

from .models import Devenir, LectureRetour

# The stages of a dossier as a reporter reads them.
ETAPES = {
    EtatDossier.ENTRETIEN_A_TENIR: "Le jeune va être reçu par le GAB",
    EtatDossier.ENTRETIEN_TENU: "Le jeune a été reçu par le GAB",
    EtatDossier.PRECONISE: "Le GAB a proposé une solution",
    EtatDossier.MISSIONNE: "Une structure est sollicitée",
    EtatDossier.PRIS_EN_CHARGE: "Le jeune est suivi par une structure",
    EtatDossier.EN_SOLUTION: "Le jeune a une solution",
    EtatDossier.CLOS: "Le suivi est terminé",
    EtatDossier.PERDU_DE_VUE: "Sans nouvelles",
}
FAMILLES = {
    "formation": "formation",
    "insertion": "emploi ou service civique",
    "accompagnement": "accompagnement",
}
SANS_SOLUTION = {
    "sans_solution": "Pas encore de solution",
    "refus": "Le jeune n’a pas donné suite",
    "injoignable": "Le jeune n’a pas pu être joint",
    "demenage": "Le jeune a quitté l’académie",
}
RETOURS = ("retour_formation", "changement_etablissement")
VISIBLES = (EtatSignalement.RECEVABLE, EtatSignalement.A_COMPLETER)
LONGTEMPS = datetime(1900, 1, 1, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True)
class Nouvelle:
    """One line of the return. code: stable, for tests and badges; titre and texte: what the reporter reads."""

    quand: datetime
    code: str
    titre: str
    texte: str = ""


def mes_signalements(user):
    """Sent reports of the structures for which this person reads the returns."""
    return (
        Signalement.objects.visibles_par(user)
        .envoyes()
        .filter(structure__in=droits.structures_pour(user, Droit.LIRE_RETOUR))
    )


def est_trie(signalement):
    """Whether the reporter may read what followed."""
    return signalement.trie_le is not None and signalement.etat in VISIBLES


def avec_nouvelles(signalements, user=None):
    """Annotate `nouvelle_le` (last thing that the reporter may read), `etape` (stage of the dossier), and for a person
    `lu_le` and `non_lu`."""
    passages = (
        Passage.objects.filter(
            objet_type=Dossier._meta.label_lower,
            objet_id=OuterRef("versement__dossier_id"),
            vers__in=[str(e) for e in ETAPES],
            quand__gt=OuterRef("trie_le"),
        )
        .order_by()
        .values("objet_id")
        .annotate(m=Max("quand"))
        .values("m")
    )
    devenirs = (
        Devenir.objects.valables()
        .filter(
            Q(code__in=SANS_SOLUTION) | Q(groupe__in=FAMILLES),
            dossier=OuterRef("versement__dossier_id"),
            quand__gt=OuterRef("trie_le"),
        )
        .order_by()
        .values("dossier")
        .annotate(m=Max("quand"))
        .values("m")
    )
    questions = (
        Question.objects.filter(signalement=OuterRef("pk"))
        .exclude(type=Question.Type.RETRAIT)
        .order_by()
        .values("signalement")
        .annotate(m=Max("posee_le"))
        .values("m")
    )
    visible = Q(etat__in=VISIBLES, trie_le__isnull=False)
    debut = Value(LONGTEMPS, output_field=DateTimeField())
    suite = Greatest(Coalesce(Subquery(passages), debut), Coalesce(Subquery(devenirs), debut), F("trie_le"))
    annote = signalements.annotate(
        suite_le=_si(visible, suite),
        decision_le=_si(Q(etat=EtatSignalement.HORS_CHAMP), F("trie_le")),
        question_le=Subquery(questions),
    ).annotate(nouvelle_le=Greatest("suite_le", "decision_le", "question_le"))
    annote = annote.annotate(etape=F("versement__dossier__etat"))
    if user is None:
        return annote
    lectures = (
        LectureRetour.objects.filter(signalement=OuterRef("pk"), utilisateur=user)
        .order_by()
        .values("signalement")
        .annotate(m=Max("quand"))
        .values("m")
    )
    return annote.annotate(lu_le=Subquery(lectures))


def _si(condition, valeur):
    return Case(When(condition, then=valeur), default=None, output_field=DateTimeField())


def non_lus(annotes):
    """Among reports annotated for a person, those with something new since their last visit."""
    return annotes.filter(nouvelle_le__isnull=False).filter(
        Q(lu_le__isnull=True) | Q(lu_le__lt=F("nouvelle_le"))
    )


def resume(signalement):
    """One line on where a report stands, for the list: (words, kind of badge). Reads the annotation `etape`."""
    if signalement.etat == EtatSignalement.ANNULE:
        return "Retiré", ""
    if signalement.etat == EtatSignalement.HORS_CHAMP:
        return "Hors champ", ""
    if signalement.etat == EtatSignalement.A_COMPLETER:
        return "À compléter", "warning"
    if not est_trie(signalement):
        return "Reçu", "info"
    if signalement.suite_le == signalement.trie_le:
        return "Pris en compte", "info"
    texte = ETAPES.get(signalement.etape, "Pris en compte")
    return texte, "success" if signalement.etape == EtatDossier.EN_SOLUTION else "info"


def nouvelles(signalement):
    """Everything that the reporter may read of one report, latest first: a list of `Nouvelle`."""
    lignes = [Nouvelle(signalement.envoye_le, "recu", "Signalement reçu par le GAB")]
    lignes += [
        Nouvelle(q.posee_le, f"question_{q.type}", q.get_type_display(), q.texte)
        for q in signalement.questions.exclude(type=Question.Type.RETRAIT)
    ]
    if signalement.etat == EtatSignalement.HORS_CHAMP:
        motif = libelle("motifs_hors_champ", signalement.motif_hors_champ)
        lignes.append(
            Nouvelle(signalement.trie_le or signalement.modifie_le, "hors_champ", "Hors champ", motif)
        )
    elif signalement.etat == EtatSignalement.ANNULE:
        retrait = Passage.objects.de(signalement).filter(vers=EtatSignalement.ANNULE).last()
        motif = libelle("motifs_retrait", signalement.motif_retrait)
        lignes.append(
            Nouvelle(
                retrait.quand if retrait else signalement.modifie_le, "retire", "Signalement retiré", motif
            )
        )
    elif est_trie(signalement):
        lignes.append(Nouvelle(signalement.trie_le, "recevable", "Signalement pris en compte par le GAB"))
        lignes += _suite(signalement)
    return sorted(lignes, key=lambda n: n.quand, reverse=True)


def _suite(signalement):
    """What happened in the dossier later than the triage of this report, as a reporter reads it."""
    versement = Versement.objects.filter(signalement=signalement).select_related("dossier").first()
    if versement is None:
        return []
    dossier, depuis = versement.dossier, signalement.trie_le
    lignes = [
        Nouvelle(p.quand, p.vers, ETAPES[p.vers])
        for p in Passage.objects.de(dossier).filter(quand__gt=depuis, vers__in=[str(e) for e in ETAPES])
    ]
    for devenir in Devenir.objects.valables().filter(dossier=dossier, quand__gt=depuis):
        titre = titre_du_devenir(devenir)
        if titre:
            lignes.append(Nouvelle(devenir.quand, "devenir", titre, f"Depuis le {devenir.date:%d/%m/%Y}"))
    ailleurs = Passage.objects.filter(
        objet_type=Signalement._meta.label_lower,
        objet_id__in=Signalement.objects.filter(
            versement__dossier=dossier, etat=EtatSignalement.ANNULE, motif_retrait__in=RETOURS
        )
        .exclude(structure=signalement.structure)
        .values("pk"),
        vers=EtatSignalement.ANNULE,
        quand__gt=depuis,
    )
    lignes += [
        Nouvelle(p.quand, "en_formation", "Jeune en formation", "D’après un autre établissement.")
        for p in ailleurs
    ]
    return lignes


def titre_du_devenir(devenir):
    """The family of an outcome, in words for a reporter; '' for what it does not read."""
    if devenir.code in SANS_SOLUTION:
        return SANS_SOLUTION[devenir.code]
    if devenir.groupe == "accompagnement" and devenir.premier_rdv_le is None:
        return "Un accompagnement est prévu"
    return f"Solution : {FAMILLES[devenir.groupe]}" if devenir.groupe in FAMILLES else ""


def taux_de_lecture(signalements, par):
    """Share of returns read: `{key: (read, available)}`, a return being available once there is something later than
    its receipt, and read when somebody of the structure opened it after the last news.

    signalements: a queryset of reports; par: lookup that groups ("structure", "versement__dossier__referent"…).
    """
    lectures = LectureRetour.objects.filter(
        signalement=OuterRef("pk"), quand__gte=OuterRef("nouvelle_le")
    ).order_by()
    lignes = (
        avec_nouvelles(signalements.envoyes())
        .filter(nouvelle_le__isnull=False)
        .annotate(lu=Exists(lectures))
        .order_by()
        .values(par)
        .annotate(disponibles=Count("pk"), lus=Count("pk", filter=Q(lu=True)))
    )
    return {ligne[par]: (ligne["lus"], ligne["disponibles"]) for ligne in lignes}
