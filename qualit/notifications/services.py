"""Tell people: notices at once, e-mails through the outbox. Called inside the transaction of the fact.

No name of a jeune goes out: an e-mail holds a title, a reference and a link.
"""

import contextlib
import smtplib
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Structure, Utilisateur
from qualit.territoire.roles import Role

from .evenements import EVENEMENTS
from .models import Avis, Courriel

ESSAIS_MAXIMUM = 8
DELAI_REPONSE = 120  # seconds that a slow server has to take one message in
DELAI_SERVEUR_ABSENT = timedelta(minutes=2)
ANCIENNETE_RESUME = timedelta(days=30)
LIENS_PAR_TITRE = 5
Resume = Utilisateur.Resume


_en_silence = ContextVar("en_silence", default=False)


@contextmanager
def en_silence():
    """Nobody is told of what happens inside: the recovery of old paper slips is no news."""
    jeton = _en_silence.set(True)
    try:
        yield
    finally:
        _en_silence.reset(jeton)


def membres_du_gab(bassin):
    """Active people of the GAB of this bassin."""
    return Utilisateur.objects.filter(
        pk__in=Adhesion.objects.actives().du_bassin(bassin).values("utilisateur")
    )


def equipe(structure):
    """Active people of a structure."""
    roles = [Role.SIGNALEUR, Role.REFERENT_STRUCTURE, Role.OPERATEUR]
    return Utilisateur.objects.filter(
        pk__in=Adhesion.objects.actives().filter(structure=structure, role__in=roles).values("utilisateur")
    )


def rectorat(academie):
    """Active pilots of an académie."""
    return Utilisateur.objects.filter(
        pk__in=Adhesion.objects.actives()
        .filter(academie=academie, role=Role.RECTORAT_PILOTE)
        .values("utilisateur")
    )


def prevoir(code, *, a, lien="", reference="", boite=None, precision=""):
    """Write the notices of an event, and the e-mails that cannot wait for the digest.

    code: key of EVENEMENTS; a: iterable of Utilisateur; boite: a Structure whose functional mailbox also
    receives it; precision: a few words without a name. Returns the list of `Avis`, none inside `en_silence`.
    """
    evenement = EVENEMENTS[code]
    if _en_silence.get():
        return []
    titre = f"{evenement.titre} : {precision}" if precision else evenement.titre
    avis = [
        Avis(destinataire=u, code=code, titre=titre, lien=lien, reference=reference, urgent=evenement.urgent)
        for u in {u.pk: u for u in a}.values()
    ]
    for un_avis in avis:
        destinataire = un_avis.destinataire
        if destinataire.resume != Resume.AUCUN and (
            evenement.urgent or destinataire.resume == Resume.IMMEDIAT
        ):
            un_avis.courriel = ecrire(
                "avis", destinataire.email, objet=titre, utilisateur=destinataire, avis=[un_avis]
            )
    Avis.objects.bulk_create(avis)
    if isinstance(boite, Structure) and boite.courriel:
        modele = Avis(code=code, titre=titre, lien=lien, reference=reference)
        ecrire("avis", boite.courriel, objet=titre, structure=boite, avis=[modele])
    return avis


def rediger(gabarit, adresse, *, objet, utilisateur=None, structure=None, **contexte):
    """One e-mail, rendered now from `courriels/<gabarit>.txt` and `.html`, that is not yet in the outbox."""
    contexte |= {
        "site": settings.ADRESSE_DU_SITE,
        "destinataire": utilisateur,
        "structure": structure,
        "objet": objet,
    }
    return Courriel(
        adresse=adresse,
        utilisateur=utilisateur,
        structure=structure,
        code=gabarit,
        objet=_objet(objet),
        texte=render_to_string(f"courriels/{gabarit}.txt", contexte),
        html=render_to_string(f"courriels/{gabarit}.html", contexte),
    )


def ecrire(gabarit, adresse, **contexte):
    """Put one e-mail in the outbox; the arguments of `rediger`."""
    courriel = rediger(gabarit, adresse, **contexte)
    courriel.save()
    return courriel


def deposer(code, adresse, objet, texte):
    """Put in the outbox an e-mail that a library has written."""
    return Courriel.objects.create(adresse=adresse, code=code, objet=_objet(objet), texte=texte)


def _objet(texte):
    return f"[Qual'I.T.] {texte}"[:200]


def ecrire_en_lot(courriels):
    """Put many e-mails, already written, in the outbox."""
    return Courriel.objects.bulk_create(courriels, batch_size=500)


def preparer_resumes(frequence, maintenant=None):
    """Gather the notices not yet mailed into one digest a person; returns how many e-mails were written.

    Older notices than `ANCIENNETE_RESUME` stay in the portal only: somebody who asks for e-mails again is not flooded.
    """
    maintenant = maintenant or timezone.now()
    faits = 0
    en_attente = Avis.objects.filter(
        courriel__isnull=True,
        lu_le__isnull=True,
        destinataire__is_active=True,
        cree_le__gt=maintenant - ANCIENNETE_RESUME,
        cree_le__lte=maintenant,
    )
    for utilisateur in Utilisateur.objects.filter(
        resume=frequence, pk__in=en_attente.values("destinataire")
    ).distinct():
        with transaction.atomic():
            avis = list(
                en_attente.filter(destinataire=utilisateur)
                .select_for_update(of=("self",), skip_locked=True)
                .order_by("cree_le", "pk")
            )
            if not avis:
                continue
            nombre = len(avis)
            objet = "1 nouveauté vous attend" if nombre == 1 else f"{nombre} nouveautés vous attendent"
            courriel = ecrire(
                "resume", utilisateur.email, objet=objet, utilisateur=utilisateur, groupes=_par_titre(avis)
            )
            Avis.objects.filter(pk__in=[a.pk for a in avis]).update(courriel=courriel)
            faits += 1
    return faits


def _par_titre(avis):
    """Notices of a digest gathered by title, the urgent ones first: [{titre, nombre, avis (the first ones), reste}]."""
    groupes = {}
    for un_avis in sorted(avis, key=lambda a: not a.urgent):
        groupes.setdefault(un_avis.titre, []).append(un_avis)
    return [
        {
            "titre": titre,
            "nombre": len(siens),
            "avis": siens[:LIENS_PAR_TITRE],
            "reste": max(0, len(siens) - LIENS_PAR_TITRE),
        }
        for titre, siens in groupes.items()
    ]


def envoyer_en_attente(limite=200):
    """Send what is due, over one connection. Returns (sent, not sent).

    The connection opens before any row is taken: a mail server that is down costs one attempt and counts against no
    message. A row is marked `en_cours` and committed before it is handed over: if the worker dies between the
    server's acceptance and our commit, or if the answer never comes, the row stays `en_cours` for a person to look
    at (page of the outbox), and no mail goes twice.
    """
    envoyes = echecs = 0
    if not _dus().exists():
        return 0, 0
    connexion = get_connection()
    try:
        _ouvrir(connexion)
    except Exception as erreur:
        _remettre_a_plus_tard(erreur)
        return 0, _dus(timezone.now() + DELAI_SERVEUR_ABSENT).count()
    try:
        for _ in range(limite):
            courriel = _prendre()
            if courriel is None:
                break
            resultat = _envoyer(courriel, connexion)
            envoyes += resultat == Courriel.Etat.ENVOYE
            echecs += resultat != Courriel.Etat.ENVOYE
            if resultat == Courriel.Etat.EN_COURS:
                break  # the connection is lost: the next minute opens another
    finally:
        with contextlib.suppress(Exception):
            connexion.close()
    return envoyes, echecs


def _dus(au=None):
    return Courriel.objects.filter(etat=Courriel.Etat.A_ENVOYER, prochain_essai_le__lte=au or timezone.now())


def _ouvrir(connexion):
    """Open the connection, then leave the server the time to take a message in."""
    connexion.open()
    prise = getattr(getattr(connexion, "connection", None), "sock", None)
    if prise is not None:
        prise.settimeout(DELAI_REPONSE)


def _remettre_a_plus_tard(erreur):
    """The mail server does not answer: no message is to blame, all wait a little."""
    _dus().update(prochain_essai_le=timezone.now() + DELAI_SERVEUR_ABSENT, derniere_erreur=_resumer(erreur))


def _prendre():
    """Take one due row, marked and committed before anything is sent; None when there is nothing left."""
    with transaction.atomic():
        courriel = _dus().select_for_update(skip_locked=True).order_by("prochain_essai_le", "pk").first()
        if courriel is not None:
            _noter(courriel, Courriel.Etat.EN_COURS, tentatives=courriel.tentatives + 1)
        return courriel


def _resumer(erreur):
    """What is kept of an error: its kind and the server's code, never the text (it may quote an address)."""
    code = getattr(erreur, "smtp_code", "")
    if isinstance(erreur, smtplib.SMTPRecipientsRefused):
        code = next((c for c, _ in erreur.recipients.values()), "")
    return f"{type(erreur).__name__} {code}".strip()[:300]


def _definitif(erreur):
    """True when the server says that trying again is useless (5xx)."""
    resume = _resumer(erreur).split()
    return len(resume) > 1 and resume[1].startswith("5")


def _envoyer(courriel, connexion):
    """Hand one message over; returns its new state."""
    message = EmailMultiAlternatives(
        courriel.objet,
        courriel.texte,
        to=[courriel.adresse],
        headers={
            "Message-ID": f"<qualit-{courriel.pk}@{settings.DOMAINE_COURRIEL}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=connexion,
    )
    if courriel.html:
        message.attach_alternative(courriel.html, "text/html")
    try:
        message.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as erreur:
        # The server refused it: it was not sent.
        _repartir(connexion)
        abandon = courriel.tentatives >= ESSAIS_MAXIMUM or _definitif(erreur)
        return _noter(
            courriel,
            Courriel.Etat.ECHEC if abandon else Courriel.Etat.A_ENVOYER,
            prochain_essai_le=timezone.now() + timedelta(minutes=2**courriel.tentatives),
            derniere_erreur=_resumer(erreur),
        )
    except Exception as erreur:
        # The answer was lost: perhaps it was sent. A person decides.
        return _noter(courriel, Courriel.Etat.EN_COURS, derniere_erreur=_resumer(erreur))
    return _noter(courriel, Courriel.Etat.ENVOYE, envoye_le=timezone.now(), derniere_erreur="")


def _noter(courriel, etat, **champs):
    """Write the new state of a row and return it. The outbox is machinery: its rows have no history of their own."""
    Courriel.objects.filter(pk=courriel.pk).update(etat=etat, **champs)
    for nom, valeur in champs.items():
        setattr(courriel, nom, valeur)
    return etat


def _repartir(connexion):
    """After a refusal the dialogue starts anew (some servers hang up)."""
    client = getattr(connexion, "connection", None)
    if client is not None and hasattr(client, "rset"):
        with contextlib.suppress(Exception):
            client.rset()


def a_surveiller(maintenant=None):
    """What is stuck in the outbox: failed, or begun and never confirmed, or waiting for more than an hour."""
    maintenant = maintenant or timezone.now()
    return Courriel.objects.filter(
        Q(etat=Courriel.Etat.ECHEC)
        | Q(etat=Courriel.Etat.EN_COURS, prochain_essai_le__lt=maintenant - timedelta(minutes=10))
        | Q(etat=Courriel.Etat.A_ENVOYER, cree_le__lt=maintenant - timedelta(hours=1))
    )


@transaction.atomic
def renvoyer(courriel, *, par):
    """Put a stuck e-mail back in the queue, at once. Returns False when it left meanwhile."""
    droits.exiger(par, Droit.SUPERVISER_ENVOIS)
    fait = (
        a_surveiller()
        .filter(pk=courriel.pk)
        .update(
            etat=Courriel.Etat.A_ENVOYER, tentatives=0, prochain_essai_le=timezone.now(), derniere_erreur=""
        )
    )
    noter(Action.ECRITURE, "courriel_renvoye", courriel, par=par)
    return bool(fait)


@transaction.atomic
def abandonner(courriel, *, par):
    """Give an e-mail up: the notice stays in the portal. Returns False when it left meanwhile."""
    droits.exiger(par, Droit.SUPERVISER_ENVOIS)
    fait = a_surveiller().filter(pk=courriel.pk).update(etat=Courriel.Etat.ANNULE)
    noter(Action.ECRITURE, "courriel_abandonne", courriel, par=par)
    return bool(fait)


@transaction.atomic
def marquer_lus(user, references=None, pks=None):
    """Mark the notices of this person read: all, or those of some references or ids. Returns how many."""
    avis = Avis.objects.filter(destinataire=user).non_lus()
    if references is not None:
        avis = avis.filter(reference__in=references)
    if pks is not None:
        avis = avis.filter(pk__in=pks)
    return avis.update(lu_le=timezone.now())


def etat_des_envois():
    """How the outbox stands: [(state, number)] for the page of what is stuck."""
    nombres = dict(Courriel.objects.order_by().values_list("etat").annotate(Count("pk")))
    return [(etat.label, nombres.get(etat.value, 0)) for etat in Courriel.Etat]
