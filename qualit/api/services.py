"""Keys of the software: making, rotating and cutting them, and whom a request acts for."""

import hashlib
import secrets
from datetime import timedelta
from hmac import compare_digest

from django.db import connection, transaction
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.middleware import poser_contexte
from qualit.territoire.models import Adhesion, Utilisateur

from .models import BIENTOT, Acces, Debit

PREFIXE = "qit"
RECOUVREMENT = timedelta(days=7)  # the former secret works that long after a rotation
DUREE_MAXIMALE = timedelta(days=731)
#: Requests that a key may make in one minute.
DEBIT_PAR_MINUTE = 120
ROLES_RESPONSABLES = sorted(droits.ROLES_DU_DROIT[Droit.SIGNALER] & droits.ROLES_DU_DROIT[Droit.LIRE_RETOUR])


class CleRefusee(Exception):
    """The key does not open. The message is for the developer of the software."""


class ResponsableParti(Exception):
    """The person in whose name the key acts has left the structure."""


def empreinte_de(secret):
    """What is kept of a secret of 256 random bits: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


def responsables_possibles(structure):
    """People of a structure in whose name a key may act: those who file its reports and read the returns."""
    return Utilisateur.objects.filter(
        pk__in=Adhesion.objects.actives()
        .filter(structure=structure, role__in=ROLES_RESPONSABLES)
        .values("utilisateur")
    ).order_by("nom", "prenom")


@transaction.atomic
def creer(structure, *, libelle, responsable, portees, expire_le, par):
    """Make a key. Returns (`Acces`, the key in clear, which nothing will show again)."""
    secret = secrets.token_urlsafe(32)
    acces = Acces(
        structure=structure,
        libelle=libelle,
        responsable=responsable,
        portees=list(portees),
        expire_le=expire_le,
        empreinte=empreinte_de(secret),
        cree_par=par,
    )
    acces.save()
    droits.exiger(par, Droit.GERER_API, acces)
    noter(Action.DROITS, "acces_logiciel_cree", acces, par=par, portees=acces.portees)
    return acces, f"{PREFIXE}_{acces.reference}_{secret}"


@transaction.atomic
def renouveler(acces, *, par, expire_le, maintenant=None):
    """Give the access another secret; the former one works for RECOUVREMENT more. Returns the key in clear."""
    droits.exiger(par, Droit.GERER_API, acces)
    maintenant = maintenant or timezone.now()
    actuel = Acces.objects.select_for_update(of=("self",)).get(pk=acces.pk)
    secret = secrets.token_urlsafe(32)
    actuel.ancienne_empreinte, actuel.empreinte = actuel.empreinte, empreinte_de(secret)
    actuel.ancien_jusqu_au = min(maintenant + RECOUVREMENT, max(actuel.expire_le, maintenant))
    actuel.expire_le, actuel.renouvele_le, actuel.rappele_le = expire_le, maintenant, None
    actuel.save()
    noter(Action.DROITS, "acces_logiciel_renouvele", actuel, par=par)
    return f"{PREFIXE}_{actuel.reference}_{secret}"


@transaction.atomic
def couper(acces, *, par):
    """Revoke a key at once, both secrets. Idempotent."""
    droits.exiger(par, Droit.GERER_API, acces)
    if Acces.objects.filter(pk=acces.pk, revoque_le__isnull=True).update(revoque_le=timezone.now()):
        noter(Action.DROITS, "acces_logiciel_coupe", acces, par=par)


@transaction.atomic
def modifier(acces, *, libelle, responsable, portees, par):
    """Change the name, the person responsible or the scopes; the key stays the same."""
    droits.exiger(par, Droit.GERER_API, acces)
    acces.libelle, acces.responsable, acces.portees = libelle, responsable, list(portees)
    acces.save(update_fields=["libelle", "responsable", "portees"])
    noter(
        Action.DROITS,
        "acces_logiciel_modifie",
        acces,
        par=par,
        portees=acces.portees,
        responsable=responsable.pk,
    )


def identifier(cle):
    """The `Acces` that this key opens. Raises CleRefusee, always with the same words for what is unknown."""
    morceaux = (cle or "").strip().split("_", 2)
    inconnue = CleRefusee("Clé inconnue, ou coupée.")
    if len(morceaux) != 3 or morceaux[0] != PREFIXE or not morceaux[1].isascii() or len(morceaux[1]) != 8:
        raise inconnue
    acces = (
        Acces.objects.select_related("structure__bassin", "structure__academie", "responsable")
        .filter(reference=morceaux[1])
        .first()
    )
    maintenant = timezone.now()
    empreinte = empreinte_de(morceaux[2])
    if acces is None or acces.revoque_le is not None:
        raise inconnue
    ancien = acces.ancien_jusqu_au is not None and maintenant < acces.ancien_jusqu_au
    bonne = compare_digest(acces.empreinte, empreinte)
    if not bonne and not (ancien and compare_digest(acces.ancienne_empreinte, empreinte)):
        raise inconnue
    if acces.expire_le <= maintenant:
        raise CleRefusee("Cette clé a expiré : renouvelez-la dans Qual’I.T., page « Logiciels ».")
    return acces


def agir_pour(acces):
    """The person in whose name the key acts, working under their membership of its structure, in this transaction.

    Their rights are read now: what they lose, the key loses. Raises ResponsableParti.
    """
    adhesion = (
        Adhesion.objects.actives()
        .filter(utilisateur=acces.responsable_id, structure=acces.structure_id, role__in=ROLES_RESPONSABLES)
        .select_related("structure")
        .order_by("pk")
        .first()
    )
    if adhesion is None or acces.structure.est_fermee:
        raise ResponsableParti(
            "La personne responsable de cette clé n’est plus dans l’établissement : l’administrateur de "
            "l’établissement doit en désigner une autre dans Qual’I.T., page « Logiciels »."
        )
    user = acces.responsable
    user.adhesion_choisie, user.logiciel = adhesion, acces.reference
    poser_contexte(user, adhesion)
    return user


def compter(acces):
    """Count one request of this key. Returns how many seconds to wait before the next one, 0 when it may pass."""
    maintenant = timezone.now()
    minute = maintenant.replace(second=0, microsecond=0)
    with connection.cursor() as curseur:
        curseur.execute(
            f"INSERT INTO {Debit._meta.db_table} (acces_id, minute, nombre) VALUES (%s, %s, 1) "
            f"ON CONFLICT (acces_id, minute) DO UPDATE SET nombre = {Debit._meta.db_table}.nombre + 1 RETURNING nombre",
            [acces.pk, minute],
        )
        nombre = curseur.fetchone()[0]
    return 60 - maintenant.second if nombre > DEBIT_PAR_MINUTE else 0


def noter_usage(acces):
    """Remember the last day of use (one write a day)."""
    aujourdhui = timezone.localdate()
    Acces.objects.filter(pk=acces.pk).exclude(utilise_le=aujourdhui).update(utilise_le=aujourdhui)


def rappeler_expirations(maintenant=None):
    """Tell the persons responsible that a key ends soon, once per key. Returns how many were told."""
    maintenant = maintenant or timezone.now()
    bientot = Acces.objects.en_service(maintenant).filter(
        expire_le__lte=maintenant + BIENTOT, rappele_le__isnull=True
    )
    faits = 0
    for acces in bientot.select_related("responsable"):
        with transaction.atomic():
            if Acces.objects.filter(pk=acces.pk, rappele_le__isnull=True).update(rappele_le=maintenant):
                notifications.prevoir(
                    "cle_expire", a=[acces.responsable], lien=f"/logiciels/{acces.reference}/"
                )
                faits += 1
    return faits


def oublier_debits(maintenant=None):
    """Delete the counters of the past hours."""
    return Debit.objects.filter(minute__lt=(maintenant or timezone.now()) - timedelta(hours=2)).delete()[0]
