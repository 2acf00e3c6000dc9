"""Invite many people from one list, line by line: what would be sent, then the sending, each with a report."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from qualit.territoire.models import Bassin, Structure, cle_de_tri
from qualit.territoire.roles import SIEGE_DU_ROLE, Role

from .services import InvitationImpossible, InvitationsEnLot

SYNONYMES = {
    "email": ("courriel", "email", "mail", "adresse_electronique"),
    "prenom": ("prenom",),
    "nom": ("nom",),
    "role": ("role", "profil"),
    "siege": ("uai", "structure", "code", "bassin", "lieu", "code_structure"),
}


@dataclass
class LigneInvitation:
    """One line of the report. erreur: "" when the invitation is sent, or would be."""

    numero: int
    email: str
    erreur: str = ""


def verifier_la_liste(lignes, academie, *, par):
    """What `inviter_la_liste` would do, and nothing done: a list of `LigneInvitation` in the order of the file."""
    return _preparer(lignes, academie, par=par)[0]


@transaction.atomic
def inviter_la_liste(lignes, academie, *, par):
    """Invite everybody of the list who can be; returns a list of `LigneInvitation` in the order of the file."""
    rapport, lot = _preparer(lignes, academie, par=par)
    lot.envoyer()
    return rapport


def _preparer(lignes, academie, *, par):
    structures = {}
    for structure in Structure.objects.ouvertes().filter(academie=academie).select_related("academie"):
        for cle in (structure.uai, structure.code, structure.siret):
            if cle:
                structures[cle.upper()] = structure
    bassins = {}
    for bassin in Bassin.objects.filter(academie=academie).select_related("academie"):
        bassins[bassin.code.upper()] = bassins[bassin.nom.upper()] = bassin
    roles = {cle_de_tri(r.label): r for r in Role} | {r.value: r for r in Role}
    rapport, vus, lot = [], set(), InvitationsEnLot(par=par)
    for ligne in lignes:
        valeurs = {
            champ: next((ligne[n] for n in noms if ligne.get(n)), "") for champ, noms in SYNONYMES.items()
        }
        resultat = LigneInvitation(ligne["_ligne"], valeurs["email"])
        rapport.append(resultat)
        try:
            validate_email(valeurs["email"])
            role = roles.get(cle_de_tri(valeurs["role"]).strip())
            if role is None:
                raise InvitationImpossible(f"Rôle inconnu : {valeurs['role'] or 'vide'}.")
            sieges = {"structure": structures, "bassin": bassins, "academie": {"": academie}}[
                SIEGE_DU_ROLE[role]
            ]
            siege = academie if SIEGE_DU_ROLE[role] == "academie" else sieges.get(valeurs["siege"].upper())
            if siege is None:
                raise InvitationImpossible(f"Lieu inconnu ou fermé : {valeurs['siege'] or 'vide'}.")
            cle = (valeurs["email"].lower(), role, siege.pk)
            if cle in vus:
                raise InvitationImpossible("Déjà plus haut dans la liste.")
            vus.add(cle)
            lot.ajouter(valeurs["email"], role, siege, prenom=valeurs["prenom"][:80], nom=valeurs["nom"][:80])
        except ValidationError:
            resultat.erreur = "Courriel incorrect."
        except InvitationImpossible as erreur:
            resultat.erreur = str(erreur)
        except PermissionDenied:
            resultat.erreur = "Vous ne pouvez pas accorder ce rôle dans ce lieu."
    return rapport, lot
