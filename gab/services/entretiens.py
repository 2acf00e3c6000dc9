"""Convocations and interviews."""

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import Contact, EtatContact, Question, ResponsableLegal
from signalements.services import ConflitDeVersion, poser_question

from ..models import Convocation, Creneau, Entretien, EtatDossier
from .dossiers import avancer, exiger_non_gele, exiger_ouvert, fixer_echeance, prevenir_declarants


@transaction.atomic
def convoquer(dossier, *, quand, lieu, mode, canaux, par, duree_minutes=45, mene_par=None, creneau=None):
    """Plan an interview and record its convocation by one or several channels. Returns the Entretien.

    The rank (1, 2, 3) follows the interviews of this dossier already missed. The e-mail channel writes to the
    addresses of the jeune and of the guardians that are not known to be wrong (no name in it), unless the jeune
    asked not to be contacted. creneau: the slot that the interview takes; raises TransitionImpossible when taken.
    """
    droits.exiger(par, Droit.CONVOQUER, dossier)
    exiger_ouvert(dossier)
    exiger_non_gele(dossier.jeune)
    if creneau is not None:
        creneau = Creneau.objects.select_for_update(of=("self",)).get(pk=creneau.pk)
        if creneau.entretien_id or creneau.annule_le:
            raise workflow.TransitionImpossible("Ce créneau vient d’être pris : choisissez-en un autre.")
    entretien = Entretien.objects.create(
        dossier=dossier,
        quand=quand,
        lieu=lieu,
        mode=mode,
        duree_minutes=duree_minutes,
        mene_par=mene_par,
        cree_par=par,
    )
    workflow.passage(entretien, "prevoir", "", par=par)
    if creneau is not None:
        creneau.entretien = entretien
        creneau.save(update_fields=["entretien"])
    if dossier.etat == EtatDossier.A_TRIER:
        avancer(dossier, "retenir", par=par)
    rang = min(3, 1 + dossier.entretiens.filter(etat__in=["absent", "absent_excuse"]).count())
    for canal in canaux:
        Convocation.objects.create(entretien=entretien, rang=rang, canal=canal, par=par)
    if Convocation.Canal.COURRIEL in canaux:
        _ecrire_la_convocation(entretien)
    noter(
        Action.ECRITURE,
        "convocation",
        entretien,
        par=par,
        jeunes=[dossier.jeune_id],
        rang=rang,
        canaux=list(canaux),
    )
    return entretien


def _ecrire_la_convocation(entretien):
    """The convocation by e-mail, to each address known; to nobody when the jeune asked not to be contacted."""
    dossier = entretien.dossier
    if dossier.jeune.ne_plus_contacter_le is not None:
        return
    for adresse in adresses_electroniques(dossier):
        notifications.ecrire(
            "convocation",
            adresse,
            objet="Un rendez-vous vous est proposé",
            entretien=entretien,
            bassin=dossier.bassin,
        )


def adresses_electroniques(dossier):
    """E-mail addresses of the jeune and of the guardians that nobody found to be wrong."""
    signalements = [v.signalement_id for v in dossier.versements.all()]
    contacts = Contact.objects.filter(signalement__in=signalements, type=Contact.Type.COURRIEL).exclude(
        etat=EtatContact.FAUX
    )
    responsables = ResponsableLegal.objects.filter(signalement__in=signalements).exclude(courriel="")
    return sorted({c.normalisee for c in contacts} | {r.courriel.lower() for r in responsables})


@transaction.atomic
def convoquer_de_nouveau(entretien, canal, *, par, resultat=""):
    """Record one more convocation to the same interview (a phone call noted, a second letter)."""
    droits.exiger(par, Droit.CONVOQUER, entretien)
    exiger_non_gele(entretien.dossier.jeune)
    rang = min(3, 1 + (entretien.convocations.order_by("-rang").values_list("rang", flat=True).first() or 0))
    convocation = Convocation.objects.create(
        entretien=entretien, rang=rang, canal=canal, resultat=resultat, par=par
    )
    if canal == Convocation.Canal.COURRIEL:
        _ecrire_la_convocation(entretien)
    noter(
        Action.ECRITURE,
        "convocation",
        entretien,
        par=par,
        jeunes=[entretien.dossier.jeune_id],
        rang=rang,
        canaux=[canal],
    )
    return convocation


@transaction.atomic
def noter_retour_courrier(convocation, *, par, le=None):
    """The post brought a letter back: note it and ask the reporter for another address."""
    dossier = convocation.entretien.dossier
    droits.exiger(par, Droit.CONVOQUER, dossier)
    convocation.revenue_le = le or timezone.localdate()
    convocation.save(update_fields=["revenue_le"])
    for versement in dossier.versements.select_related("signalement__structure"):
        poser_question(
            versement.signalement,
            Question.Type.COORDONNEES,
            "Une lettre est revenue : l’adresse donnée n’est plus la bonne. Pouvez-vous la corriger ?",
            par=par,
        )
    noter(Action.ECRITURE, "courrier_revenu", convocation.entretien, par=par, jeunes=[dossier.jeune_id])


@transaction.atomic
def constater(entretien, action, *, par, motif="", **champs):
    """Say what came of an interview: 'tenir' (with the grid), 'excuser', 'constater_absence', 'reporter', 'annuler'."""
    if action == "corriger":
        exiger_ouvert(entretien.dossier)
        champs["version"] = entretien.version + 1  # a calendar that cancelled it takes it back
    entretien = workflow.franchir(
        entretien, action, par=par, motif=motif, constate_le=timezone.now(), **champs
    )
    dossier = entretien.dossier
    if action in {"excuser", "reporter", "annuler"}:
        Creneau.objects.filter(entretien=entretien, quand__gt=timezone.now()).update(entretien=None)
    if action == "tenir":
        _noter_la_reception(entretien)
        if dossier.etat == EtatDossier.ENTRETIEN_A_TENIR:
            avancer(dossier, "tenir_entretien", par=par, survenu_le=entretien.quand)
        else:
            fixer_echeance(dossier)
        noter(Action.ECRITURE, "entretien_tenu", entretien, par=par, jeunes=[dossier.jeune_id])
        prevenir_declarants(dossier, "retour_disponible")
    return entretien


def _noter_la_reception(entretien):
    """The day of the first interview held with the legal guardian, or alone by someone of age that day: L313-8 is met."""
    dossier, jour = entretien.dossier, timezone.localdate(entretien.quand)
    tenus = dossier.entretiens.filter(etat=Entretien.Etat.TENU).values_list("quand", "responsable_present")
    naissance = dossier.jeune.identite and dossier.jeune.identite.date_naissance
    jours = []
    for quand, responsable in tenus:
        le = timezone.localdate(quand)
        majeur = naissance is not None and naissance + relativedelta(years=18) <= le
        if responsable == Entretien.Responsable.OUI or responsable == Entretien.Responsable.MAJEUR and majeur:
            jours.append(le)
    if dossier.recu_avec_responsable_le not in (None, jour):
        jours.append(dossier.recu_avec_responsable_le)
    dossier.recu_avec_responsable_le = min(jours, default=None)
    dossier.save(update_fields=["recu_avec_responsable_le"])


@transaction.atomic
def remplir_la_grille(entretien, *, par, version, **grille):
    """The interview was held, with its grid; or, once held, its grid is corrected. Returns the Entretien.

    version: the one that the form was shown with. Raises ConflitDeVersion when somebody saved meanwhile,
    TransitionImpossible when the interview was missed or cancelled, or the dossier is finished.
    """
    actuel = (
        Entretien.objects.select_for_update(of=("self",))
        .select_related("dossier__bassin")
        .get(pk=entretien.pk)
    )
    if actuel.version != version:
        raise ConflitDeVersion(actuel)
    if actuel.etat != Entretien.Etat.TENU:
        return constater(
            actuel, "tenir", par=par, mene_par=actuel.mene_par or par, version=version + 1, **grille
        )
    droits.exiger(par, Droit.CONVOQUER, actuel)
    exiger_ouvert(actuel.dossier)
    for champ, valeur in grille.items():
        setattr(actuel, champ, valeur)
    actuel.version += 1
    actuel.save(update_fields=[*grille, "version"])
    _noter_la_reception(actuel)
    fixer_echeance(actuel.dossier)
    noter(Action.ECRITURE, "entretien_corrige", actuel, par=par, jeunes=[actuel.dossier.jeune_id])
    return actuel
