"""Contacts that a school corrected, or its word that it has no others: what a structure that follows the jeune has not seen."""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from qualit.territoire.models import Adhesion
from signalements.controles import numero_lisible
from signalements.corrections import REPONSE_PAR_CORRECTION
from signalements.models import Contact, EtatContact, Question, Signalement

from .models import Etape

MISSION = "signalement__versement__dossier__missions__"
DU_DOMICILE = {"domicile", "adresse", "code_postal", "ville", "pays"}


def reponses(**missions):
    """Answers about contacts that came since each mission was accepted, or since its structure last looked or noted a step.

    missions: lookups on the mission (pk=…, pk__in=…). Annotates `mission_pk` and `a_nous` (asked by somebody of that
    structure). What another team asked counts when it brought a contact: the words are for those who asked.
    """
    suites = Etape.objects.valables().filter(
        mission=OuterRef("mission_pk"), quand__gt=OuterRef("repondue_le")
    )
    equipe = Adhesion.objects.filter(
        utilisateur=OuterRef("posee_par"), structure=OuterRef("mission_structure")
    )
    nouveaux = Contact.objects.filter(signalement=OuterRef("signalement"), cree_le__gte=OuterRef("posee_le"))
    return (
        Question.objects.filter(type=Question.Type.COORDONNEES, repondue_le__isnull=False)
        .annotate(
            mission_pk=F(f"{MISSION}pk"),
            mission_structure=F(f"{MISSION}structure"),
            vues_le=Coalesce(F(f"{MISSION}coordonnees_vues_le"), F(f"{MISSION}repondue_le")),
            a_nous=Exists(equipe.order_by()),
        )
        .filter(
            repondue_le__gt=F("vues_le"), **{f"mission_{nom}": valeur for nom, valeur in missions.items()}
        )
        .exclude(signalement__structure=F("mission_structure"))
        .filter(~Exists(suites.order_by()))
        .filter(Q(a_nous=True) | Exists(nouveaux.order_by()))
        .order_by()
    )


def a_appeler(contact):
    """The contact with its number as it is read aloud and `lien`, what a tap opens."""
    if contact.type == Contact.Type.TELEPHONE:
        contact.valeur = numero_lisible(contact.normalisee) or contact.valeur
        contact.lien = f"tel:{contact.normalisee}"
    else:
        contact.lien = f"mailto:{contact.valeur}"
    return contact


@dataclass
class Correction:
    """What a school answered about one report: contacts that came and went, the new address, its words.

    actuels: the numbers to try, when the answer brought no new contact.
    """

    derniere: Question
    signalement: Signalement
    nouveaux: list
    actuels: list
    retires: list
    domicile: str
    messages: list


def corrections(missions):
    """{mission pk: [`Correction`]}, the latest first, for these missions; a fixed number of queries."""
    groupes = {}
    lues = (
        reponses(pk__in=[m.pk for m in missions])
        .select_related("signalement__structure")
        .prefetch_related("signalement__contacts", "signalement__versions")
        .order_by("repondue_le", "pk")
    )
    for question in lues:
        groupes.setdefault((question.mission_pk, question.signalement_id), []).append(question)
    par_mission = {}
    for (mission, _), questions in groupes.items():
        par_mission.setdefault(mission, []).append(_correction(questions))
    for siennes in par_mission.values():
        siennes.sort(key=lambda c: c.derniere.repondue_le, reverse=True)
    return par_mission


def _correction(questions):
    """What changed on a report between the first of these questions and the last of their answers."""
    derniere, signalement = questions[-1], questions[-1].signalement
    depuis = min(q.posee_le for q in questions)
    versions = [v for v in signalement.versions.all() if depuis <= v.quand <= derniere.repondue_le]
    contacts = sorted(signalement.contacts.all(), key=lambda c: c.type != Contact.Type.TELEPHONE)
    nouveaux, retires = [], []
    if versions:
        avant = {(type_, valeur) for type_, valeur, *_ in versions[-1].contenu["contacts"]}  # latest first
        retires = sorted(valeur for _, valeur in avant - {(c.type, c.valeur) for c in contacts})
        nouveaux = [a_appeler(c) for c in contacts if (c.type, c.valeur) not in avant]
    domicile = ""
    if DU_DOMICILE & {champ for v in versions for champ in v.champs}:
        commune = f"{signalement.code_postal} {signalement.ville}".strip()
        domicile = ", ".join(filter(None, [signalement.adresse, commune, signalement.pays]))
    mots = [q.reponse for q in questions if q.a_nous and q.reponse not in ("", REPONSE_PAR_CORRECTION)]
    actuels = [a_appeler(c) for c in contacts if c.etat != EtatContact.FAUX] if not nouveaux else []
    return Correction(derniere, signalement, nouveaux, actuels, retires, domicile, list(dict.fromkeys(mots)))
