"""Slots of the bassin, batch convocations, and what a letter or a proof sheet says."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dedoublonnage.models import joignable
from qualit import workflow
from qualit.journal.models import Action, Passage
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.controles import recoit_les_sms
from signalements.models import Contact, EtatContact, Signalement

from ..models import Creneau, Dossier, Entretien, EtatDossier
from .entretiens import convoquer


@transaction.atomic
def ouvrir_creneaux(bassin, debuts, *, par, duree_minutes, mode, lieu="", mene_par=None):
    """Open slots at these instants; those that exist already at the same time with the same person are left."""
    crees = []
    for debut in debuts:
        modele = Creneau(
            bassin=bassin,
            quand=debut,
            duree_minutes=duree_minutes,
            mode=mode,
            lieu=lieu,
            mene_par=mene_par,
            cree_par=par,
        )
        droits_du_bassin(par, bassin)
        if Creneau.objects.filter(
            bassin=bassin, quand=debut, mene_par=mene_par, annule_le__isnull=True
        ).exists():
            continue
        modele.save()
        crees.append(modele)
    noter(Action.ECRITURE, "creneaux_ouverts", crees, par=par, objet_type="gab.creneau")
    return crees


def droits_du_bassin(user, bassin):
    """Raise PermissionDenied unless the person convenes in this bassin."""
    if bassin.pk not in droits.bassins_pour(user, Droit.CONVOQUER):
        droits.exiger(user, Droit.CONVOQUER, Creneau(bassin=bassin))


@transaction.atomic
def supprimer_creneau(creneau, *, par):
    """Take a free slot away. Raises TransitionImpossible when an interview uses it."""
    droits.exiger(par, Droit.CONVOQUER, creneau)
    if creneau.entretien_id:
        raise workflow.TransitionImpossible("Un entretien occupe ce créneau : reportez-le d’abord.")
    creneau.annule_le = timezone.now()
    creneau.save(update_fields=["annule_le"])
    noter(Action.ECRITURE, "creneau_supprime", creneau, par=par)


def a_convoquer(user):
    """Dossiers of this person's bassins that wait for an interview and have none planned, the most pressing first."""
    return (
        Dossier.objects.de_la_file(user, Droit.CONVOQUER)
        .filter(etat=EtatDossier.ENTRETIEN_A_TENIR)
        .filter(joignable("jeune__"))
        .exclude(entretiens__etat=Entretien.Etat.PREVU)
        .avec_priorite()
        .order_by("-priorite", "premier_envoi_le", "pk")
    )


@transaction.atomic
def convoquer_lot(dossiers, canaux, *, par):
    """Give each dossier the next free slot of its bassin. Returns (interviews, dossiers left without a slot)."""
    entretiens, sans = [], []
    for dossier in dossiers:
        creneau = (
            dossier.bassin.creneaux.libres()
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("quand", "pk")
            .first()
        )
        if creneau is None:
            sans.append(dossier)
            continue
        entretiens.append(
            convoquer(
                dossier,
                quand=creneau.quand,
                lieu=creneau.lieu,
                mode=creneau.mode,
                duree_minutes=creneau.duree_minutes,
                mene_par=creneau.mene_par,
                canaux=canaux,
                creneau=creneau,
                par=par,
            )
        )
    return entretiens, sans


def destinataires(dossier):
    """Whom a letter goes to: the guardians of a minor, each with their address, and the jeune.

    Returns a list of dicts {nom, adresse (lines), est_responsable}.
    """
    signalements = list(
        Signalement.objects.filter(versement__dossier=dossier)
        .prefetch_related("responsables")
        .order_by("-envoye_le")
    )
    premier = dossier.jeune.identite or (signalements[0] if signalements else None)
    if premier is None:
        return []
    adresse = [
        ligne
        for ligne in [premier.adresse, f"{premier.code_postal} {premier.ville}".strip(), premier.pays]
        if ligne
    ]
    lettres = []
    if premier.est_mineur:
        vus = set()
        for s in signalements:
            for r in s.responsables.all():
                cle = (r.nom.lower(), r.prenom.lower())
                if cle not in vus:
                    vus.add(cle)
                    lettres.append(
                        {
                            "nom": str(r),
                            "adresse": [r.adresse] if r.adresse else adresse,
                            "est_responsable": True,
                        }
                    )
        if not lettres:
            lettres.append({"nom": "Au responsable légal", "adresse": adresse, "est_responsable": True})
    lettres.append({"nom": premier.nom_complet, "adresse": adresse, "est_responsable": False})
    return lettres


def lettres(entretien):
    """The letters of a convocation: one for each addressee, with what the template needs."""
    dossier = entretien.dossier
    if dossier.jeune.a_ne_pas_contacter:
        return []
    identite = dossier.jeune.identite
    rang = max((c.rang for c in entretien.convocations.all()), default=1)
    return [
        {
            "destinataire": d,
            "entretien": entretien,
            "dossier": dossier,
            "bassin": dossier.bassin,
            "jeune": identite,
            "rang": rang,
            "mineur": identite.est_mineur if identite else False,
        }
        for d in destinataires(dossier)
    ]


def texte_sms(entretien):
    """The text message of a convocation: no name, 160 characters or so."""
    quand = timezone.localtime(entretien.quand)
    telephone = entretien.dossier.bassin.telephone_gab
    lieu = f", {entretien.lieu}" if entretien.lieu else ""
    contact = f" Pour changer : {telephone}." if telephone else ""
    return f"Bonjour, un rendez-vous vous est proposé le {quand:%d/%m à %Hh%M}{lieu}, pour parler de votre projet.{contact}"


def numeros(dossiers):
    """{dossier id: [(Contact, number for a tel: link, whether it takes text messages)]}, without the numbers found wrong."""
    contacts = (
        Contact.objects.filter(signalement__versement__dossier__in=dossiers, type=Contact.Type.TELEPHONE)
        .exclude(etat=EtatContact.FAUX)
        .annotate(dossier_id=F("signalement__versement__dossier"))
        .order_by("pk")
    )
    vus = {}
    for contact in contacts:
        vus.setdefault(contact.dossier_id, {}).setdefault(contact.normalisee, contact)
    return {dossier: [(c, n, recoit_les_sms(n)) for n, c in siens.items()] for dossier, siens in vus.items()}


def textos(entretiens):
    """[(interview, text, its `numeros`)] of the text messages to send: nobody who must not be contacted is among them."""
    joignables = [e for e in entretiens if not e.dossier.jeune.a_ne_pas_contacter]
    siens = numeros([e.dossier_id for e in joignables])
    return [(e, texte_sms(e), siens.get(e.dossier_id, [])) for e in joignables]


def preuve(dossier):
    """The facts of the L313-8 proof sheet: reports, convocations, presences, guardian; in order."""
    signalements = list(
        Signalement.objects.filter(versement__dossier=dossier)
        .select_related("structure")
        .order_by("envoye_le")
    )
    entretiens = list(dossier.entretiens.prefetch_related("convocations").order_by("quand"))
    return {
        "dossier": dossier,
        "jeune": dossier.jeune.identite,
        "signalements": signalements,
        "entretiens": entretiens,
        "echeance": dossier.echeance_legale,
        "recu_le": dossier.recu_avec_responsable_le,
        "dans_le_delai": bool(
            dossier.echeance_legale
            and dossier.recu_avec_responsable_le
            and dossier.recu_avec_responsable_le <= dossier.echeance_legale
        ),
        "passages": Passage.objects.de(dossier),
        "aujourdhui": timezone.localdate(),
    }


def evenement(entretien, site=""):
    """The interview as a calendar event: no name, the reference only. Excused in advance, it leaves the calendars."""
    annule = entretien.etat in {Entretien.Etat.ANNULE, Entretien.Etat.REPORTE}
    if entretien.etat == Entretien.Etat.ABSENT_EXCUSE and entretien.constate_le:
        annule = entretien.constate_le < entretien.quand
    return {
        "uid": f"entretien-{entretien.reference.lower()}@qualit",
        "debut": entretien.quand,
        "fin": entretien.quand + timedelta(minutes=entretien.duree_minutes),
        "titre": f"Entretien, dossier {entretien.dossier.reference}",
        "lieu": entretien.lieu,
        "texte": f"{entretien.get_mode_display()}. {site}/gab/entretiens/{entretien.reference}/".strip(),
        "annule": annule,
        "sequence": entretien.version,
    }
