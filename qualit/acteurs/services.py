"""People and their memberships: inviting, accepting, ending, helping with a lost factor."""

import hashlib
import secrets
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import (
    Academie,
    Adhesion,
    Bassin,
    Invitation,
    SecoursFacteur,
    Structure,
    Utilisateur,
)
from qualit.territoire.roles import ROLES_A_DEUX_FACTEURS, SIEGE_DU_ROLE, Role

# What a local administrator may grant; the other roles are granted by the rectorat.
ROLES_LOCAUX = (Role.SIGNALEUR, Role.REFERENT_STRUCTURE, Role.OPERATEUR)


class InvitationImpossible(Exception):
    """The invitation cannot be made or accepted. The message is for the user."""


class StructureFermee(InvitationImpossible):
    """The structure of the invitation has closed meanwhile."""

    def __init__(self, invitation):
        structure = invitation.structure
        super().__init__(
            f"« {structure} » a fermé le {structure.fermee_le:%d/%m/%Y} : vous ne pouvez plus y prendre d’accès."
        )


def champ_du_siege(siege):
    """Name of the field of a membership that holds this seat."""
    return {Structure: "structure", Bassin: "bassin", Academie: "academie"}[type(siege)]


def academie_de(siege):
    """The académie of a structure, a bassin, or itself."""
    return siege if isinstance(siege, Academie) else siege.academie


def roles_geres(par, siege):
    """The roles that this person may end or help at this seat, closed or not, as `Role` values; empty when none."""
    champ = champ_du_siege(siege)
    if academie_de(siege).pk in droits.academies_pour(par, Droit.GERER_PERSONNES):
        return [r for r in Role if SIEGE_DU_ROLE[r] == champ]
    if champ == "structure" and siege.pk in droits.structures_pour(par, Droit.GERER_EQUIPE):
        return [r for r in ROLES_LOCAUX if r != Role.OPERATEUR or siege.est_operatrice]
    return []


def est_ferme(siege):
    """Whether this seat is a structure that has closed (a bassin or an académie never does)."""
    return isinstance(siege, Structure) and siege.est_fermee


def roles_accordables(par, siege):
    """The roles that this person may grant at this seat: those of `roles_geres`, none in a closed structure."""
    return [] if est_ferme(siege) else roles_geres(par, siege)


def empreinte(jeton):
    """What is kept of a token."""
    return hashlib.sha256(jeton.encode()).hexdigest()


def _contenu(invitation, jeton):
    """Arguments of the e-mail that carries an invitation."""
    return {
        "objet": "Votre accès au portail",
        "structure": invitation.structure,
        "invitation": invitation,
        "lien": reverse("territoire:invitation_lien", args=[jeton]),
    }


def _envoyer_invitation(invitation, jeton):
    notifications.ecrire("invitation", invitation.email, **_contenu(invitation, jeton))


def _redigee(email, role, siege, *, par, **champs):
    """An invitation not yet saved, and its token."""
    jeton = secrets.token_urlsafe(32)
    invitation = Invitation(
        email=email.strip().lower(),
        role=role,
        empreinte_jeton=empreinte(jeton),
        invitee_par=par,
        expire_le=timezone.now() + timedelta(days=settings.QUALIT["INVITATION_JOURS"]),
        **{champ_du_siege(siege): siege},
        **champs,
    )
    return invitation, jeton


def places_prises(email=None):
    """Invitations pending and memberships in force, as two sets of (e-mail, role, structure, bassin, académie ids)."""
    attente = Invitation.objects.en_attente()
    actives = Adhesion.objects.actives()
    if email is not None:
        attente, actives = attente.filter(email=email), actives.filter(utilisateur__email=email)
    suite = ("role", "structure", "bassin", "academie")
    return (
        set(attente.values_list("email", *suite)),
        set(actives.values_list("utilisateur__email", *suite)),
    )


def _exiger_place_libre(invitation, attente, actives):
    place = (
        invitation.email, str(invitation.role), invitation.structure_id, invitation.bassin_id, invitation.academie_id
    )  # fmt: skip
    if place in attente:
        raise InvitationImpossible(f"Une invitation est déjà en attente pour {invitation.email}.")
    if place in actives:
        raise InvitationImpossible(f"{invitation.email} a déjà ce rôle ici.")
    return place


@transaction.atomic
def inviter(email, role, siege, *, par, prenom="", nom="", fin=None, supplee=None):
    """Offer a membership by e-mail, for 14 days (setting). The answer is the same whether or not the account exists.

    Raises PermissionDenied when `par` may not grant this role there, InvitationImpossible when one is already pending or
    the person is already a member.
    """
    if role not in roles_accordables(par, siege):
        raise PermissionDenied
    invitation, jeton = _redigee(
        email, role, siege, par=par, prenom=prenom, nom=nom, fin=fin, supplee=supplee
    )
    _exiger_place_libre(invitation, *places_prises(invitation.email))
    invitation.save()
    _envoyer_invitation(invitation, jeton)
    siege_dit = f"{champ_du_siege(siege)} {siege.pk}"
    noter(Action.DROITS, "invitation", invitation, par=par, role_propose=role, siege=siege_dit)
    return invitation


class InvitationsEnLot:
    """Many invitations by one person, checked one by one as `inviter` does, and written together by `envoyer`."""

    def __init__(self, *, par):
        self.par = par
        self.attente, self.actives = places_prises()
        self.accordables = {}
        self.lot = []

    def ajouter(self, email, role, siege, **champs):
        """Check one invitation and keep it. Raises like `inviter`."""
        if siege not in self.accordables:
            self.accordables[siege] = roles_accordables(self.par, siege)
        if role not in self.accordables[siege]:
            raise PermissionDenied
        invitation, jeton = _redigee(email, role, siege, par=self.par, **champs)
        self.attente.add(_exiger_place_libre(invitation, self.attente, self.actives))
        self.lot.append((invitation, jeton))

    def envoyer(self):
        """Save the invitations, their e-mails and one trace. Call it inside a transaction."""
        invitations = Invitation.objects.bulk_create([i for i, _ in self.lot], batch_size=500)
        notifications.ecrire_en_lot(
            [notifications.rediger("invitation", i.email, **_contenu(i, jeton)) for i, jeton in self.lot]
        )
        if invitations:
            noter(Action.DROITS, "invitation", invitations, par=self.par, nombre=len(invitations))
        return invitations


def _exiger_gestion(par, objet):
    if objet.siege is None or objet.role not in roles_geres(par, objet.siege):
        raise PermissionDenied


@transaction.atomic
def renvoyer(invitation, *, par):
    """Send the invitation again with a new link; the old link dies. Not into a closed structure (InvitationImpossible)."""
    _exiger_gestion(par, invitation)
    if invitation.role not in roles_accordables(par, invitation.siege):
        raise InvitationImpossible("Cette structure est fermée : retirez l’invitation.")
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if invitation.acceptee_le or invitation.revoquee_le:
        raise InvitationImpossible("Cette invitation n’est plus en attente.")
    jeton = secrets.token_urlsafe(32)
    invitation.empreinte_jeton = empreinte(jeton)
    invitation.expire_le = timezone.now() + timedelta(days=settings.QUALIT["INVITATION_JOURS"])
    invitation.envoyee_le = timezone.now()
    invitation.envois += 1
    invitation.save()
    _envoyer_invitation(invitation, jeton)
    noter(Action.DROITS, "invitation_renvoyee", invitation, par=par)
    return invitation


@transaction.atomic
def revoquer(invitation, *, par):
    """Withdraw a pending invitation."""
    _exiger_gestion(par, invitation)
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if invitation.acceptee_le:
        raise InvitationImpossible("Cette invitation a déjà été acceptée : mettez fin à l’adhésion.")
    invitation.revoquee_le = timezone.now()
    invitation.save(update_fields=["revoquee_le"])
    noter(Action.DROITS, "invitation_revoquee", invitation, par=par)
    return invitation


def invitation_du_jeton(jeton):
    """The pending invitation of this token, or None."""
    return Invitation.objects.en_attente().filter(empreinte_jeton=empreinte(jeton)).first()


def a_qui_s_adresser(invitation):
    """Who can invite again somebody whose structure has closed: [(name, e-mail, telephone)], the best placed first.

    The structure that took over, then the one who invited as long as they may still invite somebody, else the pilots
    of the académie.
    """
    reprise = invitation.structure.reprise_par
    personne = invitation.invitee_par
    if reprise is not None and (reprise.courriel or reprise.telephone):
        return [(reprise.nom, reprise.courriel, reprise.telephone)]
    if personne is None or not droits.a_le_droit(personne, Droit.GERER_PERSONNES):
        gens = list(notifications.rectorat(invitation.structure.academie).order_by("nom", "prenom"))
    else:
        gens = [personne]
    return [(f"{p}, rectorat", p.email, p.telephone) for p in gens]


@transaction.atomic
def accepter(invitation, *, utilisateur=None, prenom="", nom="", mot_de_passe=None):
    """Make the membership; create the account when `utilisateur` is None. Returns the `Utilisateur`.

    utilisateur: the signed-in person, whose e-mail must be the invited one. Raises InvitationImpossible, of which
    StructureFermee.
    """
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if invitation.situation != "en_attente":
        raise InvitationImpossible("Ce lien n’est plus valable. Demandez une nouvelle invitation.")
    if est_ferme(invitation.siege):
        raise StructureFermee(invitation)
    if utilisateur is None:
        utilisateur = Utilisateur.objects.filter(email=invitation.email).first()
        if utilisateur is not None:
            raise InvitationImpossible("Un compte existe déjà : connectez-vous, puis rouvrez le lien.")
        utilisateur = Utilisateur.objects.create_user(invitation.email, mot_de_passe, prenom=prenom, nom=nom)
        utilisateur.emailaddress_set.create(email=invitation.email, verified=True, primary=True)
    elif utilisateur.email != invitation.email:
        raise InvitationImpossible("Cette invitation s’adresse à une autre personne.")
    aujourdhui = timezone.localdate()
    if invitation.fin and invitation.fin < aujourdhui:
        raise InvitationImpossible("La période de cette invitation est passée.")
    adhesion = Adhesion.objects.create(
        utilisateur=utilisateur,
        role=invitation.role,
        structure=invitation.structure,
        bassin=invitation.bassin,
        academie=invitation.academie,
        debut=aujourdhui,
        fin=invitation.fin,
        supplee=invitation.supplee,
        accordee_par=invitation.invitee_par,
    )
    invitation.acceptee_le = timezone.now()
    invitation.utilisateur = utilisateur
    invitation.save(update_fields=["acceptee_le", "utilisateur"])
    noter(Action.DROITS, "invitation_acceptee", adhesion, par=utilisateur)
    return utilisateur


@transaction.atomic
def accepter_les_invitations(email, *, prenom, nom):
    """Open the account of an invited person whose identity and e-mail were confirmed elsewhere (ProConnect).

    Every invitation pending for this e-mail is accepted, but for those into a structure that has closed. Returns the
    `Utilisateur`, without a password, or None when nothing is pending; raises StructureFermee when only such are left.
    """
    utilisateur = None
    invitations = Invitation.objects.en_attente().filter(email=email).exclude(fin__lt=timezone.localdate())
    invitations = list(invitations.select_related("structure", "bassin", "academie").order_by("pk"))
    ouvertes = [i for i in invitations if not est_ferme(i.siege)]
    if invitations and not ouvertes:
        raise StructureFermee(invitations[0])
    for invitation in ouvertes:
        utilisateur = accepter(
            invitation,
            utilisateur=utilisateur,
            prenom=prenom or invitation.prenom,
            nom=nom or invitation.nom,
        )
    return utilisateur


@transaction.atomic
def terminer(adhesion, *, par, le=None):
    """End a membership, today by default: it holds until the end of that day unless the day is before today.

    With le=None it ends at once: its last day was yesterday, or it is deleted from the rights if it began today.
    """
    _exiger_gestion(par, adhesion)
    adhesion = Adhesion.objects.select_for_update(of=("self",)).get(pk=adhesion.pk)
    aujourdhui = timezone.localdate()
    if le is not None and le < adhesion.debut:
        raise ValidationError("La fin ne peut pas précéder le début.")
    if le is None:
        le = aujourdhui - timedelta(days=1)
        if adhesion.debut > le:
            adhesion.debut = le
    adhesion.fin = le
    adhesion.terminee_par = par
    adhesion.save(update_fields=["debut", "fin", "terminee_par"])
    noter(Action.DROITS, "adhesion_terminee", adhesion, par=par, fin=str(le))
    return adhesion


@transaction.atomic
def nommer_suppleant(coordinateur, suppleant, bassin, *, debut, fin, par):
    """A dated stand-in: somebody of the GAB holds the coordinator's role between two dates."""
    if par != coordinateur and Role.COORDINATEUR_GAB not in roles_accordables(par, bassin):
        raise PermissionDenied
    actives = Adhesion.objects.actives()
    if not actives.filter(
        utilisateur=coordinateur, bassin=bassin, role=Role.COORDINATEUR_GAB, supplee__isnull=True
    ).exists():
        raise PermissionDenied
    if not actives.filter(utilisateur=suppleant, bassin=bassin, role=Role.MEMBRE_GAB).exists():
        raise ValidationError("Le suppléant doit être membre du GAB de ce bassin.")
    if fin < debut:
        raise ValidationError("La fin ne peut pas précéder le début.")
    adhesion = Adhesion.objects.create(
        utilisateur=suppleant,
        role=Role.COORDINATEUR_GAB,
        bassin=bassin,
        debut=debut,
        fin=fin,
        supplee=coordinateur,
        accordee_par=par,
    )
    noter(Action.DROITS, "suppleance", adhesion, par=par, du=str(debut), au=str(fin))
    return adhesion


@transaction.atomic
def ecourter_suppleance(adhesion, *, par):
    """The coordinator who named a stand-in takes the role back, at once."""
    if adhesion.supplee_id != par.pk:
        raise PermissionDenied
    hier = timezone.localdate() - timedelta(days=1)
    adhesion.debut, adhesion.fin, adhesion.terminee_par = min(adhesion.debut, hier), hier, par
    adhesion.save(update_fields=["debut", "fin", "terminee_par"])
    noter(Action.DROITS, "suppleance_ecourtee", adhesion, par=par)


# --- The account ------------------------------------------------------------------------------------------


def accepter_charte(utilisateur):
    """Record which version of the charter was accepted, and when."""
    utilisateur.charte_version = settings.QUALIT["CHARTE_VERSION"]
    utilisateur.charte_le = timezone.now()
    utilisateur.save(update_fields=["charte_version", "charte_le"])
    noter(
        Action.CONNEXION, "charte_acceptee", utilisateur, par=utilisateur, version=utilisateur.charte_version
    )


def fermer_sessions(utilisateur):
    """End every session of this person at once."""
    for session in UserSession.objects.filter(user=utilisateur):
        session.end()


@transaction.atomic
def desactiver(utilisateur, motif, *, par):
    """Close an account: no sign-in, no session, no membership in force counts any more. par: None for the clock."""
    utilisateur.is_active = False
    utilisateur.desactive_le = timezone.now()
    utilisateur.motif_desactivation = motif
    utilisateur.save(update_fields=["is_active", "desactive_le", "motif_desactivation"])
    fermer_sessions(utilisateur)
    noter(Action.DROITS, "compte_ferme", utilisateur, par=par, raison=motif)


@transaction.atomic
def reactiver(utilisateur, *, par):
    """Open a closed account again; its memberships count again if their dates allow."""
    utilisateur.is_active = True
    utilisateur.desactive_le = utilisateur.averti_inactif_le = None
    utilisateur.motif_desactivation = ""
    utilisateur.last_login = timezone.now()
    utilisateur.save()
    noter(Action.DROITS, "compte_rouvert", utilisateur, par=par)


def suivre_les_inactifs(maintenant=None):
    """Warn accounts unused for long, close those warned a month ago. Returns (warned, closed)."""
    maintenant = maintenant or timezone.now()
    seuil = maintenant - timedelta(days=settings.QUALIT["INACTIVITE_AVERTIE_JOURS"])
    delai = maintenant - timedelta(days=settings.QUALIT["INACTIVITE_FERMEE_JOURS"])
    actifs = Utilisateur.objects.filter(is_active=True)
    actifs.filter(averti_inactif_le__isnull=False, last_login__gte=seuil).update(averti_inactif_le=None)
    avertis = fermes = 0
    for utilisateur in actifs.filter(averti_inactif_le__lt=delai):
        desactiver(utilisateur, "inactif", par=None)
        fermes += 1
    for utilisateur in (
        actifs.filter(averti_inactif_le__isnull=True, cree_le__lt=seuil)
        .exclude(last_login__gte=seuil)
        .order_by("pk")
    ):
        utilisateur.averti_inactif_le = maintenant
        utilisateur.save(update_fields=["averti_inactif_le"])
        notifications.ecrire(
            "inactif",
            utilisateur.email,
            objet="Votre compte va être fermé",
            utilisateur=utilisateur,
            jours=settings.QUALIT["INACTIVITE_FERMEE_JOURS"],
        )
        avertis += 1
    return avertis, fermes


# --- A lost second factor: two people ---------------------------------------------------------------------


def _sieges_en_vigueur(utilisateur):
    return utilisateur.adhesions.actives().select_related(
        "structure__academie", "bassin__academie", "academie"
    )


def peut_secourir(par, utilisateur):
    """Whether `par` manages one of the seats of this person (never oneself)."""
    return par != utilisateur and any(roles_geres(par, a.siege) for a in _sieges_en_vigueur(utilisateur))


def _couvrent(gens, utilisateur):
    """Whether each seat whose role demands the factor is managed by at least one of these people."""
    return all(
        any(a.role in roles_geres(par, a.siege) for par in gens)
        for a in _sieges_en_vigueur(utilisateur)
        if a.role in ROLES_A_DEUX_FACTEURS
    )


@transaction.atomic
def demander_secours(utilisateur, motif, *, par):
    """First person: ask that somebody's second factors be removed."""
    if not peut_secourir(par, utilisateur):
        raise PermissionDenied
    secours = SecoursFacteur.objects.create(utilisateur=utilisateur, motif=motif, demande_par=par)
    noter(Action.DROITS, "secours_demande", secours, par=par)
    return secours


@transaction.atomic
def valider_secours(secours, *, par):
    """Second person: confirm; the factors and sessions of the person are removed and they are told by e-mail.

    The two people together manage every seat that demands the factor (ValidationError otherwise).
    """
    secours = SecoursFacteur.objects.select_for_update(of=("self",)).get(pk=secours.pk)
    if secours.demande_par_id == par.pk or not peut_secourir(par, secours.utilisateur):
        raise PermissionDenied
    if secours.valide_le or secours.annule_le:
        raise ValidationError("Cette demande a déjà été traitée.")
    if not _couvrent((secours.demande_par, par), secours.utilisateur):
        raise ValidationError(
            "Cette personne a aussi un rôle ailleurs : le rectorat doit demander ou confirmer la réinitialisation."
        )
    secours.valide_par, secours.valide_le = par, timezone.now()
    secours.save(update_fields=["valide_par", "valide_le"])
    Authenticator.objects.filter(user=secours.utilisateur).delete()
    fermer_sessions(secours.utilisateur)
    notifications.ecrire(
        "secours",
        secours.utilisateur.email,
        objet="Votre second facteur a été réinitialisé",
        utilisateur=secours.utilisateur,
    )
    noter(Action.DROITS, "secours_valide", secours, par=par)
    return secours
