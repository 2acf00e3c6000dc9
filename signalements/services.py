"""What structures do with their reports before and after sending. The sending itself is in `dedoublonnage`."""

from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Commune, cle_de_tri

from .controles import naissance_suspecte, numero_lisible, numero_normalise, probleme_ine
from .models import Contact, EtatContact, EtatNeant, EtatSignalement, Question, Signalement

DIPLOMES_QUALIFIANTS = frozenset(
    {
        "cap",
        "capa",
        "bep",
        "bepa",
        "mention_complementaire",
        "titre_professionnel",
        "bac_general",
        "bac_techno",
        "bac_pro",
    }
)


class ConflitDeVersion(Exception):
    """Someone saved the same object meanwhile; `actuel` is what is stored now."""

    def __init__(self, actuel):
        super().__init__("Quelqu’un a modifié cette fiche pendant votre saisie.")
        self.actuel = actuel


class PasEnvoyable(workflow.TransitionImpossible):
    """The report cannot be sent as it is; the draft is kept. The message is for the user."""


@dataclass(frozen=True)
class Constat:
    """One remark of the eligibility check. gravite: 'bloquant', 'avertissement' or 'information'."""

    gravite: str
    texte: str
    champ: str = ""


def bassin_de(commune, structure):
    """The bassin in charge, and whether it had to be deduced from the structure (domicile unknown or outside)."""
    if commune is not None:
        actuelle = commune.actuelle or commune
        if actuelle.bassin_id and actuelle.bassin.academie_id == structure.academie_id:
            return actuelle.bassin, False
    return structure.bassin, True


def commune_de(code_postal, ville):
    """The commune of that postal code and name, or None: (commune, warning in French or '')."""
    from_code = list(
        Commune.objects.du_code_postal(code_postal).filter(actuelle__isnull=True).select_related("bassin")
    )
    cherche = _nom_de_commune(ville)
    for commune in from_code:
        if _nom_de_commune(commune.nom) == cherche:
            return commune, ""
    homonymes = list(
        Commune.objects.filter(nom_tri=cle_de_tri(ville)).select_related("bassin", "actuelle__bassin")
    )
    if len(homonymes) == 1:
        commune = homonymes[0]
        if commune.actuelle_id and code_postal in commune.actuelle.codes_postaux + commune.codes_postaux:
            return commune, ""
        return (
            commune,
            f"Le code postal {code_postal} ne correspond pas à {commune.nom} : vérifiez, sinon laissez ainsi.",
        )
    if len(from_code) == 1 and not cherche:
        return from_code[0], ""
    if from_code and cherche:
        noms = ", ".join(c.nom for c in from_code[:4])
        return None, f"La commune « {ville} » n’est pas connue pour le code postal {code_postal} ({noms}…)."
    return None, ""


def nom_de_lieu(nom):
    """The COG code of a birthplace typed by name, current or historic, or a country; '' unless only one bears it."""
    codes = set(Commune.objects.filter(nom_tri=cle_de_tri(nom)).values_list("code_insee", flat=True)[:2])
    return codes.pop() if len(codes) == 1 else ""


def _nom_de_commune(nom):
    texte = cle_de_tri(nom).replace("-", " ").replace("'", " ").replace("’", " ")
    mots = ["saint" if m == "st" else "sainte" if m == "ste" else m for m in texte.split() if m != "cedex"]
    return " ".join(m for m in mots if not m.isdigit())


def eligibilite(signalement, aujourdhui=None, *, trouver=None):
    """The remarks on a report before it is sent (domaine.md §6): a list of `Constat`.

    trouver: `commune_de`, or the same with a memory when many reports are checked. Under 16 on the exit date blocks the
    sending until the sixteenth birthday (the draft is kept); over 25, a diploma, a suspicious birth date or INE only warn.
    """
    aujourdhui = aujourdhui or timezone.localdate()
    age = signalement.age_a_la_sortie
    constats = _constats_d_age(signalement, aujourdhui)
    if signalement.diplome in DIPLOMES_QUALIFIANTS:
        if age is not None and age < 18:
            constats.append(
                Constat(
                    "information",
                    "Diplômé mais mineur : il sera suivi au titre de l’obligation de formation, "
                    "hors du compte des jeunes sans diplôme.",
                    "diplome",
                )
            )
        else:
            constats.append(
                Constat(
                    "avertissement",
                    "Ce jeune a déjà un diplôme : le GAB pourra le juger hors champ.",
                    "diplome",
                )
            )
    if naissance_suspecte(signalement.date_naissance):
        constats.append(
            Constat(
                "avertissement",
                "Né un 1er janvier : vérifiez que ce n’est pas une date par défaut.",
                "date_naissance",
            )
        )
    if probleme := probleme_ine(signalement.ine):
        constats.append(
            Constat(
                "avertissement", f"{probleme} Vérifiez-le, ou laissez-le ainsi s’il figure tel quel.", "ine"
            )
        )
    if signalement.nom_naissance and signalement.nom_naissance.casefold() == signalement.prenom.casefold():
        constats.append(Constat("avertissement", "Le nom et le prénom sont identiques.", "prenom"))
    if signalement.code_postal and signalement.domicile == Signalement.Domicile.FRANCE:
        _, remarque = (trouver or commune_de)(signalement.code_postal, signalement.ville)
        if remarque:
            constats.append(Constat("avertissement", remarque, "code_postal"))
    return constats


def _constats_d_age(signalement, aujourdhui):
    constats = []
    age = signalement.age_a_la_sortie
    if age is not None and age < 0:
        constats.append(
            Constat("bloquant", "La date de sortie précède la date de naissance.", "date_sortie"),
        )
    elif age is not None and age < 16:
        seize = signalement.date_naissance + relativedelta(years=16)
        if aujourdhui < seize:
            constats.append(
                Constat(
                    "bloquant",
                    f"Ce jeune avait {age} ans à sa sortie : avant 16 ans, l’obligation scolaire demeure. Prévenez la "
                    f"DSDEN (cellule de l’obligation scolaire) pour qu’il soit rescolarisé. Le signalement "
                    f"pourra être envoyé à partir du {seize:%d/%m/%Y} si le jeune est alors sans solution ; si vous en "
                    f"gardez un brouillon dans le portail, un rappel vous parviendra ce jour-là.",
                    "date_naissance",
                )
            )
        else:
            constats.append(
                Constat(
                    "information",
                    f"Ce jeune avait {age} ans à sa sortie et a 16 ans depuis le {seize:%d/%m/%Y} : le signalement "
                    f"peut être envoyé.",
                    "date_naissance",
                )
            )
    if age is not None and age >= 26:
        constats.append(
            Constat(
                "avertissement",
                f"Ce jeune avait {age} ans à sa sortie : vérifiez sa date de naissance.",
                "date_naissance",
            )
        )
    return constats


def situer(signalement, *, trouver=None):
    """Set commune and bassin in charge from the address typed (`trouver`: see `eligibilite`)."""
    commune = signalement.commune
    if signalement.domicile == Signalement.Domicile.FRANCE and signalement.code_postal:
        commune, _ = (trouver or commune_de)(signalement.code_postal, signalement.ville)
    signalement.commune = commune
    signalement.bassin, signalement.bassin_deduit = bassin_de(commune, signalement.structure)


def blocages(signalement, aujourdhui=None):
    """The remarks that block the sending, without any query."""
    return [
        c for c in _constats_d_age(signalement, aujourdhui or timezone.localdate()) if c.gravite == "bloquant"
    ]


MOIS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]


def mois_en_lettres(jour):
    """« septembre 2026 »."""
    return f"{MOIS[jour.month - 1]} {jour.year}"


def exiger_envoyable(signalement, aujourdhui=None):
    """Raise PasEnvoyable when the eligibility check blocks the sending."""
    if bloquants := blocages(signalement, aujourdhui):
        raise PasEnvoyable(" ".join(c.texte for c in bloquants))


def verrouiller_jeton(jeton):
    """Let one sending of the same form pass at a time (until the end of the transaction)."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [jeton])


@transaction.atomic
def enregistrer_brouillon(
    signalement, *, contacts=None, responsables=None, par, version=None, onglet="", noter_ecriture=True
):
    """Save a draft with its contacts and guardians; drafts are shared within the structure.

    contacts: list of (type, value, owner) or None to leave them; responsables: list of dicts. version: the one
    that the form was opened with; raises ConflitDeVersion when another tab (`onglet`) or person saved in between,
    TransitionImpossible when it was sent meanwhile. noter_ecriture=False: an automatic saving that follows another
    of the same tab, which the journal already knows.
    """
    creation = signalement.pk is None
    if not creation:
        actuel = Signalement.objects.select_for_update(of=("self",)).get(pk=signalement.pk)
        if actuel.etat != EtatSignalement.BROUILLON:
            raise workflow.TransitionImpossible("Ce signalement a été envoyé pendant votre saisie.")
        meme_onglet = bool(onglet) and actuel.jeton_onglet == onglet
        if version is not None and actuel.version != version and not meme_onglet:
            raise ConflitDeVersion(actuel)
        noter_ecriture = noter_ecriture or not meme_onglet
        signalement.version = actuel.version + 1
    else:
        signalement.auteur = par
        signalement.version = 1
        noter_ecriture = True
    signalement.modifie_par, signalement.jeton_onglet = par, onglet
    situer(signalement)
    signalement.obligation_formation = (
        signalement.diplome in DIPLOMES_QUALIFIANTS and (signalement.age_a_la_sortie or 99) < 18
    )
    signalement.save()
    if contacts is not None:
        enregistrer_contacts(signalement, contacts)
    if responsables is not None:
        signalement.responsables.all().delete()
        for responsable in responsables:
            signalement.responsables.create(**responsable)
    if noter_ecriture:
        noter(
            Action.ECRITURE, "signalement_cree" if creation else "signalement_modifie", signalement, par=par
        )
    return signalement


def enregistrer_contacts(signalement, contacts):
    """Make the contacts of a report those of the list of (type, value, owner); unchanged ones keep their state."""
    gardes = []
    for type_, valeur, proprietaire in contacts:
        if type_ == Contact.Type.TELEPHONE:
            normalisee = numero_normalise(valeur) or valeur
            valeur = numero_lisible(normalisee)
        else:
            normalisee = valeur.strip().lower()
        contact, _ = Contact.objects.get_or_create(
            signalement=signalement,
            type=type_,
            normalisee=normalisee,
            defaults={"valeur": valeur, "proprietaire": proprietaire},
        )
        if contact.proprietaire != proprietaire:
            contact.proprietaire = proprietaire
            contact.save(update_fields=["proprietaire"])
        gardes.append(contact.pk)
    signalement.contacts.exclude(pk__in=gardes).delete()


@transaction.atomic
def supprimer_brouillon(signalement, *, par):
    """Delete a draft. Raises TransitionImpossible when it was sent meanwhile."""
    actuel = Signalement.objects.select_for_update(of=("self",)).get(pk=signalement.pk)
    if actuel.etat != EtatSignalement.BROUILLON:
        raise workflow.TransitionImpossible("Ce signalement a déjà été envoyé : retirez-le plutôt.")
    noter(Action.ECRITURE, "brouillon_supprime", actuel, par=par)
    actuel.delete()


@transaction.atomic
def poser_question(signalement, type_, texte, *, par, contact=None):
    """Open a task at the reporting structure; the same open question is not asked twice."""
    question, nouvelle = Question.objects.get_or_create(
        signalement=signalement,
        type=type_,
        contact=contact,
        close_le=None,
        defaults={"texte": texte, "posee_par": par},
    )
    if nouvelle:
        noter(Action.ECRITURE, f"question_{type_}", signalement, par=par)
        code = "coordonnees_fausses" if type_ == Question.Type.COORDONNEES else "complement_demande"
        notifications.prevoir(
            code,
            a=notifications.equipe(signalement.structure),
            boite=signalement.structure,
            lien=f"/mes-signalements/{signalement.reference}/",
            reference=signalement.reference,
        )
    return question


def bassin_en_charge(signalement):
    """The bassin that looks after the jeune today: that of the dossier, which a transfer may have moved."""
    versement = getattr(signalement, "versement", None)
    return versement.dossier.bassin if versement else signalement.bassin


@transaction.atomic
def repondre(question, texte, *, par):
    """Answer a question; a report "à compléter" goes back to the GAB's queue."""
    question.reponse, question.repondue_par, question.repondue_le = texte, par, timezone.now()
    question.close_le = question.repondue_le
    question.save(update_fields=["reponse", "repondue_par", "repondue_le", "close_le"])
    signalement = question.signalement
    if question.type == Question.Type.COMPLETER and signalement.etat == EtatSignalement.A_COMPLETER:
        workflow.franchir(signalement, "completer", par=par)
    noter(Action.ECRITURE, "question_repondue", signalement, par=par)
    prevenir_de_la_reponse(signalement, question)
    return question


def prevenir_de_la_reponse(signalement, *questions):
    """Tell the GAB in charge, and who asked: an operator is led to its list of corrected contacts."""
    coordonnees = questions[0].type == Question.Type.COORDONNEES
    code = "coordonnees_corrigees" if coordonnees else "complement_recu"
    auteurs = {q.posee_par_id: q.posee_par for q in questions if q.posee_par}
    operateurs = {
        pk: auteur
        for pk, auteur in auteurs.items()
        if coordonnees and droits.a_le_droit(auteur, Droit.REPONDRE_MISSION)
    }
    gab = {u.pk: u for u in notifications.membres_du_gab(bassin_en_charge(signalement))}
    autres = {pk: u for pk, u in (auteurs | gab).items() if pk not in operateurs}
    versement = getattr(signalement, "versement", None)
    dossier = f"/gab/dossiers/{versement.dossier.reference}/" if versement else ""
    for personnes, lien in ((operateurs, "/missions/?vue=corrigees"), (autres, dossier)):
        notifications.prevoir(code, a=personnes.values(), lien=lien, reference=signalement.reference)


@transaction.atomic
def marquer_contact(contact, etat, *, par):
    """Say whether a contact works (`EtatContact`)."""
    contact.etat = EtatContact(etat)
    contact.etat_le = timezone.now()
    contact.save(update_fields=["etat", "etat_le"])
    noter(Action.ECRITURE, f"contact_{etat}", contact, par=par)


@transaction.atomic
def demander_retrait(signalement, motif, texte, *, par):
    """Withdraw a report: at once before triage, else a request that the GAB confirms. Returns True when withdrawn.

    The same request made twice is one.
    """
    if signalement.etat in {EtatSignalement.ENVOYE} and signalement.trie_le is None:
        workflow.franchir(signalement, "annuler", par=par, motif=motif, motif_retrait=motif)
        return True
    if signalement.questions.ouvertes().filter(type=Question.Type.RETRAIT).exists():
        return False
    Question.objects.create(
        signalement=signalement, type=Question.Type.RETRAIT, texte=texte or motif, posee_par=par
    )
    signalement.motif_retrait = motif
    signalement.save(update_fields=["motif_retrait"])
    noter(Action.ECRITURE, "retrait_demande", signalement, par=par)
    notifications.prevoir(
        "retrait_demande",
        a=notifications.membres_du_gab(bassin_en_charge(signalement)),
        reference=signalement.reference,
    )
    return False


@transaction.atomic
def declarer_neant(structure, mois, *, par):
    """Say that nobody left the structure that month (`mois`: any day of it). Idempotent."""
    premier = date(mois.year, mois.month, 1)
    neant, nouveau = EtatNeant.objects.get_or_create(structure=structure, mois=premier, defaults={"par": par})
    if nouveau:
        noter(Action.ECRITURE, "etat_neant", neant, par=par)
    return neant


def delai_habituel(bassin):
    """Usual answer time of the GAB, in days."""
    return bassin.delai_habituel_jours or settings.QUALIT["DELAI_HABITUEL_JOURS"]
