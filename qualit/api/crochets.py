"""Webhooks: tell a software that one of its reports has news. No name goes out; the software asks the API for more.

What is told comes from `suivi.retours`, the very reading of the reporter's page: nothing is announced that the reporter
may not see. Rows are written in one transaction, then delivered, and again until they are taken (the same `numero`).
"""

import contextlib
import hmac
import http.client
import ipaddress
import json
import secrets
import socket
import ssl
import threading
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from suivi import retours

from . import services
from .models import Abonnement, Livraison, Portee

ESSAIS_MAXIMUM = 9  # 2, 4, 8… minutes: eight hours and a half in all
DELAI = 10  # seconds without a byte
DELAI_TOTAL = 20  # seconds for the whole exchange, however slowly the bytes drip
RECHERCHE = timedelta(days=7)  # how far before the last search news are looked for: some are written late
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AdresseRefusee(Exception):
    """The address may not be called. The message is for the user."""


def _locaux_permis():
    return settings.QUALIT["CROCHETS_LOCAUX"]


def verifier_adresse(url):
    """The (host, port, path) of a webhook's address. Raises AdresseRefusee unless it is a public https address."""
    try:
        morceaux = urlsplit(url)
        hote, port = morceaux.hostname or "", morceaux.port
    except ValueError:
        raise AdresseRefusee("Cette adresse est mal formée.") from None
    if morceaux.scheme != "https" and not (_locaux_permis() and morceaux.scheme == "http"):
        raise AdresseRefusee("L’adresse doit commencer par https://.")
    if morceaux.username or morceaux.password or morceaux.fragment:
        raise AdresseRefusee("L’adresse ne doit contenir ni identifiant, ni mot de passe, ni ancre.")
    if not hote or not url.isascii() or any(ord(c) < 33 for c in url):
        raise AdresseRefusee("Cette adresse est mal formée.")
    try:
        litterale = ipaddress.ip_address(hote.strip("[]"))
    except ValueError:
        local = "." not in hote or hote.endswith(
            (".local", ".localhost", ".internal", ".lan", ".home", ".arpa")
        )
        if local and not _locaux_permis():
            raise AdresseRefusee("Ce nom n’est pas celui d’un serveur public.") from None
    else:
        exiger_publique(litterale)
    _exiger_un_nom(hote)
    chemin = (morceaux.path or "/") + (f"?{morceaux.query}" if morceaux.query else "")
    return hote, port or (443 if morceaux.scheme == "https" else 80), chemin


def _exiger_un_nom(hote):
    """Raise AdresseRefusee when this host is no name that can be looked up (`exemple..fr`, a label of 64 letters)."""
    try:
        hote.encode("idna")  # as getaddrinfo does
    except UnicodeError:
        raise AdresseRefusee(
            "Le nom de ce serveur est mal écrit : vérifiez l’adresse, ses points en particulier."
        ) from None


def exiger_publique(adresse):
    """Raise AdresseRefusee when this IP address is not one of the public Internet (private, loopback, link-local…)."""
    if isinstance(adresse, ipaddress.IPv6Address):
        if adresse.ipv4_mapped:
            adresse = adresse.ipv4_mapped
        elif adresse in _NAT64:
            adresse = ipaddress.IPv4Address(int(adresse) & 0xFFFFFFFF)
        elif adresse.sixtofour:
            adresse = adresse.sixtofour
    if (not adresse.is_global or adresse.is_multicast) and not (_locaux_permis() and adresse.is_loopback):
        raise AdresseRefusee("Cette adresse n’est pas celle d’un serveur public.")


def resoudre(hote, port):
    """One public IP address of this host. Every address that it has must be public: raises AdresseRefusee, OSError."""
    _exiger_un_nom(hote)
    trouvees = [
        ipaddress.ip_address(a[4][0].split("%")[0])
        for a in socket.getaddrinfo(hote, port, type=socket.SOCK_STREAM)
    ]
    for adresse in trouvees:
        exiger_publique(adresse)
    return str(trouvees[0])


# --- The subscription ----------------------------------------------------------------------------------------


def secret_de(abonnement):
    """The signing secret, 64 hexadecimal characters: derived from the portal's key, so that no table holds it."""
    return salted_hmac("qualit.crochets", abonnement.sel, algorithm="sha256").hexdigest()


@transaction.atomic
def abonner(acces, url, *, par):
    """Tell this address of the news from now on; a new secret each time. Returns (`Abonnement`, secret)."""
    droits.exiger(par, Droit.GERER_API, acces)
    verifier_adresse(url)
    abonnement, _ = Abonnement.objects.update_or_create(
        acces=acces,
        defaults={"url": url, "sel": secrets.token_hex(16), "depuis": timezone.now(), "suspendu_le": None},
    )
    noter(Action.DROITS, "crochet_pose", acces, par=par)
    return abonnement, secret_de(abonnement)


@transaction.atomic
def desabonner(acces, *, par):
    """Stop telling. What was not delivered is forgotten."""
    droits.exiger(par, Droit.GERER_API, acces)
    Abonnement.objects.filter(acces=acces).delete()
    noter(Action.DROITS, "crochet_retire", acces, par=par)


@transaction.atomic
def reprendre(abonnement, *, par):
    """Start again after a suspension: what waited goes at once."""
    droits.exiger(par, Droit.GERER_API, abonnement.acces)
    maintenant = timezone.now()
    abonnement.suspendu_le = None
    abonnement.save(update_fields=["suspendu_le"])
    abonnement.livraisons.filter(remise_le__isnull=True).update(
        abandonnee_le=None, tentatives=0, prochain_essai_le=maintenant
    )
    noter(Action.DROITS, "crochet_repris", abonnement.acces, par=par)


# --- News → outbox → software --------------------------------------------------------------------------------


def prevoir(maintenant=None):
    """Write a `Livraison` for each report with news that its software was not told of. Returns how many.

    A subscription that is suspended, or whose key is out of use, is searched again from where it stopped.
    """
    maintenant = maintenant or timezone.now()
    abonnements = Abonnement.objects.filter(
        suspendu_le__isnull=True,
        acces__portees__contains=[Portee.LIRE],
        acces__revoque_le__isnull=True,
        acces__expire_le__gt=maintenant,
    ).select_related("acces__structure", "acces__responsable")
    return sum(_prevoir_pour(a, maintenant) for a in abonnements)


@transaction.atomic
def _prevoir_pour(abonnement, maintenant):
    try:
        user = services.agir_pour(abonnement.acces)
    except services.ResponsableParti:
        return 0
    vu = abonnement.cherche_le
    nouvelles = (
        retours.avec_nouvelles(retours.mes_signalements(user))
        .filter(nouvelle_le__gt=max(abonnement.depuis, vu - RECHERCHE) if vu else abonnement.depuis)
        .values_list("pk", "reference", "nouvelle_le")
    )
    dites = set(
        abonnement.livraisons.filter(signalement__in=[pk for pk, *_ in nouvelles]).values_list(
            "signalement", "nouvelle_le"
        )
    )
    abonnement.cherche_le = maintenant
    abonnement.save(update_fields=["cherche_le"])
    return len(
        Livraison.objects.bulk_create(
            [
                Livraison(abonnement=abonnement, signalement_id=pk, reference=reference, nouvelle_le=quand)
                for pk, reference, quand in nouvelles
                if (pk, quand) not in dites
            ],
            ignore_conflicts=True,
        )
    )


def livrer(limite=200):
    """Deliver what is due. Returns (delivered, not delivered). Each row is taken and committed before it leaves.

    A software that failed once waits for the next round: its silence does not keep the others waiting.
    """
    remises, muets = 0, set()
    for _ in range(limite):
        livraison = _prendre(muets)
        if livraison is None:
            break
        if _livrer(livraison):
            remises += 1
        else:
            muets.add(livraison.abonnement_id)
    return remises, len(muets)


@transaction.atomic
def _prendre(muets):
    """The next due row, its next attempt already written down: a worker that dies here delays it, and loses nothing.

    Those that failed most come first: with one attempt a round, a long queue would else never reach the last attempt.
    """
    livraison = (
        Livraison.objects.filter(
            remise_le__isnull=True,
            abandonnee_le__isnull=True,
            abonnement__suspendu_le__isnull=True,
            abonnement__acces__revoque_le__isnull=True,
            prochain_essai_le__lte=timezone.now(),
        )
        .exclude(abonnement__in=muets)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("abonnement__acces__responsable", "abonnement__acces__structure")
        .order_by("-tentatives", "prochain_essai_le", "pk")
        .first()
    )
    if livraison is not None:
        livraison.tentatives += 1
        livraison.prochain_essai_le = timezone.now() + timedelta(minutes=2**livraison.tentatives)
        livraison.save(update_fields=["tentatives", "prochain_essai_le"])
    return livraison


def corps_de(livraison):
    """The bytes that are sent and signed."""
    return json.dumps(
        {
            "numero": str(livraison.numero),
            "type": "signalement.nouvelle",
            "signalement": livraison.reference,
            "nouvelle_le": livraison.nouvelle_le.isoformat(),
            "lien": f"{settings.ADRESSE_DU_SITE}/api/v1/signalements/{livraison.reference}",
        }
    ).encode()


def signature(secret, horodatage, corps):
    """`v1=` and the HMAC-SHA256 of "horodatage.corps"."""
    return "v1=" + hmac.new(secret.encode(), f"{horodatage}.".encode() + corps, "sha256").hexdigest()


def _livrer(livraison):
    corps = corps_de(livraison)
    horodatage = str(int(timezone.now().timestamp()))
    entetes = {
        "Content-Type": "application/json",
        "User-Agent": "QualIT",
        "Qualit-Livraison": str(livraison.numero),
        "Qualit-Horodatage": horodatage,
        "Qualit-Signature": signature(secret_de(livraison.abonnement), horodatage, corps),
    }
    try:
        statut = poster(livraison.abonnement.url, corps, entetes)
        resultat = f"Réponse {statut}"
    except AdresseRefusee as erreur:
        statut, resultat = 0, str(erreur)[:80]
    except (OSError, http.client.HTTPException) as erreur:
        statut, resultat = 0, f"Pas de réponse ({type(erreur).__name__})"[:80]
    if 200 <= statut < 300:
        Livraison.objects.filter(pk=livraison.pk).update(remise_le=timezone.now(), dernier_resultat=resultat)
        return True
    Livraison.objects.filter(pk=livraison.pk).update(dernier_resultat=resultat)
    if livraison.tentatives >= ESSAIS_MAXIMUM:
        _suspendre(livraison)
    return False


@transaction.atomic
def _suspendre(livraison):
    """Give up on this row, stop the subscription, and tell the person responsible, once."""
    maintenant = timezone.now()
    Livraison.objects.filter(pk=livraison.pk).update(abandonnee_le=maintenant)
    abonnement = livraison.abonnement
    if Abonnement.objects.filter(pk=abonnement.pk, suspendu_le__isnull=True).update(suspendu_le=maintenant):
        notifications.prevoir(
            "crochet_en_echec",
            a=[abonnement.acces.responsable],
            lien=f"/logiciels/{abonnement.acces.reference}/",
        )


class _ConnexionFixee:
    """Connect to the address that was checked, not to what the name would say a moment later."""

    adresse_ip = ""

    def connect(self):
        self.sock = socket.create_connection((self.adresse_ip, self.port), self.timeout)
        if isinstance(self, http.client.HTTPSConnection):
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


class _Https(_ConnexionFixee, http.client.HTTPSConnection):
    pass


class _Http(_ConnexionFixee, http.client.HTTPConnection):
    pass


def poster(url, corps, entetes):
    """POST to a checked address, without following redirections; returns the status. Raises AdresseRefusee, OSError."""
    hote, port, chemin = verifier_adresse(url)
    adresse = resoudre(hote, port)
    if url.startswith("https://"):
        connexion = _Https(hote, port, timeout=DELAI, context=ssl.create_default_context())
    else:
        connexion = _Http(hote, port, timeout=DELAI)
    connexion.adresse_ip = adresse
    minuteur = threading.Timer(DELAI_TOTAL, _raccrocher, [connexion])
    minuteur.start()
    try:
        connexion.request("POST", chemin, body=corps, headers=entetes)
        return connexion.getresponse().status
    finally:
        minuteur.cancel()
        connexion.close()


def _raccrocher(connexion):
    """Hang up on a server that keeps the worker waiting."""
    prise = connexion.sock
    if prise is not None:
        with contextlib.suppress(OSError):
            prise.shutdown(socket.SHUT_RDWR)
