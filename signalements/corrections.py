"""Correct what a sent report says, and find the identities that look wrong. What was typed stays recoverable."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter

from .controles import naissance_suspecte, probleme_ine
from .models import EtatSignalement, Question, Signalement, VersionSignalement
from .services import ConflitDeVersion, commune_de, enregistrer_contacts, prevenir_de_la_reponse

#: What may be corrected once the report is sent: who the jeune is and how to reach them.
CHAMPS_CORRIGIBLES = (
    "nom_naissance",
    "nom_usage",
    "prenom",
    "autres_prenoms",
    "date_naissance",
    "sexe",
    "commune_naissance",
    "commune_naissance_insee",
    "ine",
    "domicile",
    "adresse",
    "code_postal",
    "ville",
    "pays",
    "aucun_contact",
)

REPONSE_PAR_CORRECTION = "Coordonnées corrigées."


def _contenu(signalement):
    contenu = {champ: getattr(signalement, champ) for champ in CHAMPS_CORRIGIBLES}
    contenu["date_naissance"] = (
        contenu["date_naissance"].isoformat() if contenu["date_naissance"] is not None else None
    )
    contenu["contacts"] = [[c.type, c.valeur, c.proprietaire, c.etat] for c in signalement.contacts.all()]
    return contenu


@transaction.atomic
def corriger(signalement, champs, *, contacts=None, par, version=None):
    """Correct the identity or the contacts of a sent report. Returns the names of what changed.

    champs: values of some of CHAMPS_CORRIGIBLES; contacts: the full list of (type, value, owner), None to leave them.
    The former values are kept in a `VersionSignalement`. The bassin in charge stays: a new address only proposes a
    transfer (decisions.md 10). Raises ConflitDeVersion. Called by `dedoublonnage.services.corriger`, which also compares anew.
    """
    actuel = (
        Signalement.objects.select_for_update(of=("self",))
        .select_related("structure", "bassin")
        .get(pk=signalement.pk)
    )
    if version is not None and actuel.version != version:
        raise ConflitDeVersion(actuel)
    avant = _contenu(actuel)
    changes = [c for c in CHAMPS_CORRIGIBLES if c in champs and getattr(actuel, c) != champs[c]]
    for champ in changes:
        setattr(actuel, champ, champs[champ])
    if contacts is not None:
        enregistrer_contacts(actuel, contacts)
        actuel.aucun_contact = actuel.aucun_contact and not contacts
        if _contenu(actuel)["contacts"] != avant["contacts"]:
            changes.append("contacts")
    if not changes:
        return []
    if {"domicile", "code_postal", "ville"} & set(changes):
        _resituer(actuel)
    actuel.version += 1
    actuel.modifie_par = par
    actuel.identite_verifiee_le = None
    actuel.save()
    precedente = actuel.versions.aggregate(n=Max("version"))["n"] or 0
    VersionSignalement.objects.create(
        signalement=actuel, version=precedente + 1, contenu=avant, champs=changes, par=par
    )
    noter(Action.ECRITURE, "signalement_corrige", actuel, par=par, champs=changes)
    signalement.refresh_from_db()
    return changes


def _resituer(signalement):
    commune = None
    if signalement.domicile == Signalement.Domicile.FRANCE and signalement.code_postal:
        commune, _ = commune_de(signalement.code_postal, signalement.ville)
    signalement.commune = commune


@transaction.atomic
def repondre_par_une_correction(signalement, *, par):
    """Contacts were corrected: the open questions about them are answered, and who asked is told."""
    questions = list(signalement.questions.ouvertes().filter(type=Question.Type.COORDONNEES))
    for question in questions:
        question.reponse = REPONSE_PAR_CORRECTION
        question.repondue_par, question.repondue_le = par, timezone.now()
        question.close_le = question.repondue_le
        question.save(update_fields=["reponse", "repondue_par", "repondue_le", "close_le"])
    if questions:
        prevenir_de_la_reponse(signalement, *questions)
    return questions


@transaction.atomic
def confirmer_identite(signalement, *, par):
    """Say that an unusual identity is right: it leaves the quality page until it changes."""
    signalement.identite_verifiee_le = timezone.now()
    signalement.save(update_fields=["identite_verifiee_le"])
    noter(Action.ECRITURE, "identite_verifiee", signalement, par=par)


@dataclass(frozen=True)
class Anomalie:
    """One thing that looks wrong in an identity: the field to correct, and why, in French."""

    champ: str
    texte: str


def anomalies(signalement):
    """What looks wrong in the identity of a report: a list of `Anomalie`."""
    trouvees = []
    if naissance_suspecte(signalement.date_naissance):
        trouvees.append(Anomalie("date_naissance", "Né un 1er janvier : date par défaut ?"))
    if probleme := probleme_ine(signalement.ine):
        trouvees.append(Anomalie("ine", probleme))
    nom, prenom = signalement.nom_naissance.casefold(), signalement.prenom.casefold()
    if nom and nom == prenom:
        trouvees.append(Anomalie("prenom", "Le nom et le prénom sont identiques."))
    elif nom and prenom and (prenom in nom.split() or nom in prenom.split()):
        trouvees.append(Anomalie("prenom", "Le nom et le prénom sont dans le même champ."))
    for champ, valeur in (("nom_naissance", nom), ("prenom", prenom)):
        if any(c.isdigit() for c in valeur):
            trouvees.append(Anomalie(champ, "Un chiffre figure dans le nom ou le prénom."))
            break
    if signalement.date_naissance is None:
        trouvees.append(Anomalie("date_naissance", "La date de naissance manque."))
    elif (age := signalement.age_a_la_sortie) is not None and not 10 <= age <= 30:
        trouvees.append(Anomalie("date_naissance", f"{age} ans à la sortie : vérifiez l’année de naissance."))
    if not signalement.sexe:
        trouvees.append(Anomalie("sexe", "Le sexe manque."))
    return trouvees


def a_corriger(signalements):
    """Among these reports, those with a suspicious identity not confirmed yet: [(report, anomalies)], latest first."""
    candidats = (
        signalements.envoyes()
        .exclude(etat=EtatSignalement.ANNULE)
        .filter(identite_verifiee_le__isnull=True)
        .only(
            "reference", "nom_naissance", "prenom", "date_naissance", "date_sortie", "sexe", "ine", "envoye_le",
            "classe", "etat",
        )
        .order_by("-envoye_le", "-pk")
    )  # fmt: skip
    return [(s, trouvees) for s in candidats if (trouvees := anomalies(s))]
