"""A report sent by a software: the same form, the same checks and the same services as the pages."""

import hashlib
import json

from django.db import connection, transaction
from django.http import QueryDict

from dedoublonnage.services import deja_signale, envoyer
from signalements.forms import ContactForm, ResponsableForm, SignalementForm
from signalements.models import EtatSignalement, Origine, Signalement
from signalements.services import enregistrer_brouillon, exiger_envoyable

from .models import Envoi

CHAMPS = tuple(SignalementForm.base_fields)


class Refus(Exception):
    """The report is refused. erreurs: [(path in the body, message in French)]."""

    def __init__(self, erreurs):
        super().__init__("Le signalement est refusé.")
        self.erreurs = erreurs


class CleDejaUtilisee(Exception):
    """The idempotency key came with another body before."""


class DejaEnvoye(Exception):
    """The structure has sent this very content, or this exit of this jeune, already; `reference` is its report."""

    def __init__(self, reference):
        super().__init__(reference)
        self.reference = reference


def empreinte_de(contenu):
    """SHA-256 of a JSON-able body, whatever the order of its keys."""
    texte = json.dumps(contenu, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(texte.encode("utf-8", "surrogatepass")).hexdigest()


def _verrouiller(acces, cle):
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [f"{acces.pk}:{cle}"])


@transaction.atomic
def deposer(acces, cle, contenu, *, par):
    """Send the report of this body, once for each idempotency key. Returns (answer, whether it is new).

    contenu: {"signalement": {field: value}, "contacts": […], "responsables": […], "reference_externe": ""}. Raises
    CleDejaUtilisee, DejaEnvoye, Refus, TransitionImpossible. The answer says nothing of other jeunes.
    """
    _verrouiller(acces, cle)
    empreinte = empreinte_de(contenu)
    deja = Envoi.objects.filter(acces=acces, cle=cle).first()
    if deja is not None:
        if deja.empreinte != empreinte:
            raise CleDejaUtilisee
        return deja.reponse, False
    signalement, contacts, responsables = lire(acces.structure, contenu)
    # Two keys of one structure may send the same jeune: one sending at a time within it.
    _verrouiller(acces.structure, "signalements")
    ligne = empreinte_de({"structure": acces.structure_id, "signalement": contenu["signalement"]})
    meme = (
        Signalement.objects.filter(structure=acces.structure, empreinte_ligne=ligne)
        .exclude(etat=EtatSignalement.ANNULE)
        .first()
    ) or deja_signale(signalement, contacts, par=par)
    if meme is not None:
        raise DejaEnvoye(meme.reference)
    signalement.origine, signalement.empreinte_ligne = Origine.API, ligne
    exiger_envoyable(signalement)
    enregistrer_brouillon(signalement, contacts=contacts, responsables=responsables, par=par)
    envoyer(signalement, par=par)
    reponse = {
        "reference": signalement.reference,
        "reference_externe": contenu["reference_externe"],
        "envoye_le": signalement.envoye_le.isoformat(),
    }
    Envoi.objects.create(
        acces=acces,
        cle=cle,
        empreinte=empreinte,
        signalement=signalement,
        reference_externe=contenu["reference_externe"],
        reponse=reponse,
    )
    return reponse, True


def lire(structure, contenu):
    """The unsaved report, contacts and guardians of a body, checked by the forms of the pages. Raises Refus."""
    valeurs = dict(contenu["signalement"])
    if isinstance(valeurs.get("famille_informee"), bool):
        valeurs["famille_informee"] = "oui" if valeurs["famille_informee"] else "non"
    form = SignalementForm(_donnees(valeurs), envoi=True)
    erreurs = [(f"signalement.{champ}", e) for champ, es in form.errors.items() for e in es]
    lignes = {}
    for nom, forme in (("contacts", ContactForm), ("responsables", ResponsableForm)):
        lignes[nom] = [forme(_donnees(v)) for v in contenu[nom]]
        for rang, f in enumerate(lignes[nom]):
            erreurs += [(f"{nom}.{rang}.{champ}", e) for champ, es in f.errors.items() for e in es]
    aucun = form.cleaned_data.get("aucun_contact")
    if not contenu["contacts"] and not aucun:
        erreurs.append(
            (
                "contacts",
                "Donnez au moins un téléphone ou un courriel, ou envoyez « aucun_contact » à vrai.",
            )
        )
    elif contenu["contacts"] and aucun:
        erreurs.append(
            ("signalement.aucun_contact", "Un contact est donné : ne dites pas qu’il n’y en a aucun.")
        )
    if erreurs:
        raise Refus(erreurs)
    signalement = Signalement(structure=structure, **{c: form.cleaned_data[c] for c in CHAMPS})
    return (
        signalement,
        [f.contact for f in lignes["contacts"] if f.contact],
        [f.responsable for f in lignes["responsables"] if f.responsable],
    )


def _donnees(valeurs):
    """JSON values as a form would have sent them."""
    donnees = QueryDict(mutable=True)
    for champ, valeur in valeurs.items():
        if isinstance(valeur, list):
            donnees.setlist(champ, [str(v) for v in valeur])
        elif valeur is True:
            donnees[champ] = "on"
        elif valeur not in (None, False):
            donnees[champ] = str(valeur)
    return donnees
