"""What a person holds at a seat, and its hand-over to a colleague: at the end of a membership, or later for what was
left behind (*dossiers à reprendre*).

The steps register what can be held (`inscrire`, from their `apps.py`): this module knows none of them. What belongs to
a structure or a bassin as a whole (questions, tasks, transfers) needs no hand-over: its team goes on reading it.
"""

from dataclasses import dataclass
from operator import attrgetter

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Bassin, Invitation, Structure, Utilisateur
from qualit.territoire.roles import SIEGE_DU_ROLE, Role

from .services import champ_du_siege, revoquer, roles_accordables, roles_geres, terminer


@dataclass(frozen=True)
class Charge:
    """A kind of thing that a person holds.

    vivants: a function giving the queryset of what is still in progress; tenu_par: its foreign key to the person;
    siege: lookup to the structure or bassin where it is held, of the kind `type_siege`; roles: who may hold it there;
    jeune: lookup to the id of the jeune ("" when there is none); dossier: lookup to a reference that people know.
    """

    code: str
    singulier: str
    pluriel: str
    vivants: object
    tenu_par: str
    type_siege: str
    siege: str
    roles: tuple
    jeune: str = ""
    dossier: str = ""

    def de(self, utilisateur, siege):
        """What this person holds at this seat."""
        return self.vivants().filter(**{self.tenu_par: utilisateur, self.siege: siege})

    def sans_responsable(self):
        """What is held by somebody who may not hold it there any more (membership over, account closed)."""
        en_exercice = Adhesion.objects.actives().filter(
            utilisateur=OuterRef(self.tenu_par),
            role__in=self.roles,
            **{self.type_siege: OuterRef(self.siege)},
        )
        return self.vivants().filter(~Exists(en_exercice), **{f"{self.tenu_par}__isnull": False})

    def compte(self, nombre):
        return f"{nombre} {self.singulier if nombre == 1 else self.pluriel}"


CHARGES = {}
#: Roles that are no colleague of those who report or follow.
SANS_EQUIPE = {Role.PARTENAIRE, Role.INVITE_SEANCE}


def inscrire(charge):
    """Register something that people hold (once, from `AppConfig.ready`)."""
    CHARGES[charge.code] = charge


def en_cours(adhesion):
    """[(Charge, number)] of what the person holds under this membership and no other membership lets them keep."""
    type_siege = champ_du_siege(adhesion.siege)
    sortie = []
    for charge in CHARGES.values():
        if charge.type_siege != type_siege or adhesion.role not in charge.roles:
            continue
        if _autre_titre(adhesion, charge):
            continue
        if nombre := charge.de(adhesion.utilisateur, adhesion.siege).count():
            sortie.append((charge, nombre))
    return sortie


def _autre_titre(adhesion, charge):
    """Whether another membership in force at the same seat lets the person keep it."""
    return (
        Adhesion.objects.actives()
        .filter(
            utilisateur=adhesion.utilisateur,
            role__in=charge.roles,
            **{charge.type_siege: adhesion.siege},
        )
        .exclude(pk=adhesion.pk)
        .exists()
    )


def collegues(siege, roles, *, sauf=None):
    """Active people who hold one of these roles at this seat, by name."""
    actives = Adhesion.objects.actives().filter(role__in=roles, **{champ_du_siege(siege): siege})
    gens = Utilisateur.objects.filter(pk__in=actives.values("utilisateur"))
    return (gens.exclude(pk=sauf.pk) if sauf else gens).order_by("nom", "prenom")


def repreneurs(adhesion):
    """Colleagues of the seat who may take over from this membership (perhaps with its role), by name."""
    return collegues(adhesion.siege, _tous_les_roles(adhesion.siege), sauf=adhesion.utilisateur)


def bassins_sans_coordinateur(user):
    """Bassins of the académies whose people this person manages, where nobody coordinates the GAB today."""
    actifs = Adhesion.objects.actives().filter(role=Role.COORDINATEUR_GAB)
    return Bassin.objects.filter(academie__in=droits.academies_pour(user, Droit.GERER_EQUIPE)).exclude(
        pk__in=actifs.values("bassin")
    )


def seul_coordinateur(adhesion):
    """Whether the bassin has no other coordinator once this membership ends (a dated stand-in does not count)."""
    if adhesion.role != Role.COORDINATEUR_GAB or adhesion.supplee_id:
        return False
    autres = Adhesion.objects.actives().filter(
        bassin=adhesion.bassin, role=Role.COORDINATEUR_GAB, supplee__isnull=True
    )
    return not autres.exclude(pk=adhesion.pk).exists()


def _remettre(charge, objets, a, *, par):
    """Give rows of one kind to a colleague; returns how many. One trace, which names both people by their ids."""
    lignes = list(objets.select_for_update(of=("self",)))
    if not lignes:
        return 0
    modele = type(lignes[0])
    cles = [ligne.pk for ligne in lignes]
    jeunes = []
    if charge.jeune:
        jeunes = modele._base_manager.filter(pk__in=cles).values_list(charge.jeune, flat=True)
    noter(
        Action.DROITS,
        "passation",
        lignes,
        par=par,
        jeunes=jeunes,
        charge=charge.code,
        de=sorted({getattr(ligne, f"{charge.tenu_par}_id") for ligne in lignes}),
        a=a.pk,
    )
    modele._base_manager.filter(pk__in=cles).update(**{charge.tenu_par: a})
    return len(lignes)


@transaction.atomic
def terminer_et_remettre(adhesion, *, par, le=None, a=None, donner_le_role=False):
    """End a membership and hand over what the person holds there, in one action. Returns [(Charge, number handed over)].

    a: the colleague (None: what is left shows in the list of *dossiers à reprendre* and its seat is told);
    donner_le_role: the colleague also gets the role that ends (the next coordinator). The hand-over is immediate, even
    when the membership ends on a later day. Raises PermissionDenied, ValidationError.
    """
    if adhesion.role not in roles_geres(par, adhesion.siege):
        raise PermissionDenied
    siege, remis = adhesion.siege, []
    charges = en_cours(adhesion)
    if a is not None:
        if a == adhesion.utilisateur or not collegues(siege, _tous_les_roles(siege)).filter(pk=a.pk).exists():
            raise ValidationError("Choisissez un collègue en exercice au même endroit.")
        champ = champ_du_siege(siege)
        possede = Adhesion.objects.actives().filter(utilisateur=a, role=adhesion.role, **{champ: siege})
        if donner_le_role and not possede.exists():
            if adhesion.role not in roles_accordables(par, siege):
                raise ValidationError("Cette structure est fermée : aucun rôle ne s’y donne plus.")
            nouvelle = Adhesion.objects.create(
                utilisateur=a, role=adhesion.role, accordee_par=par, **{champ: siege}
            )
            noter(Action.DROITS, "adhesion_reprise", nouvelle, par=par, de=adhesion.utilisateur_id)
        for charge, _ in charges:
            if not collegues(siege, charge.roles).filter(pk=a.pk).exists():
                raise ValidationError(
                    f"{a} ne peut pas reprendre les {charge.pluriel} : donnez-lui aussi le rôle, "
                    "ou choisissez une autre personne."
                )
            remis.append((charge, _remettre(charge, charge.de(adhesion.utilisateur, siege), a, par=par)))
        if remis:
            notifications.prevoir("dossiers_repris", a=[a], lien=reverse("accueil"), precision=en_mots(remis))
    terminer(adhesion, par=par, le=le)
    if a is None and charges:
        signaler_abandon(siege)
    return remis


def gardent_un_acces(structure):
    """How many people have a membership in force in this structure."""
    return Adhesion.objects.actives().filter(structure=structure).values("utilisateur").distinct().count()


@transaction.atomic
def terminer_tous(structure, *, par, le):
    """End every membership of a structure that closes that day, and withdraw its invitations; returns how many ended.

    What people hold there shows in *dossiers à reprendre*, as when one of them leaves without a colleague.
    Raises PermissionDenied.
    """
    jour = le if le > timezone.localdate() else None
    actives = Adhesion.objects.actives().filter(structure=structure)
    if jour:
        actives = actives.exclude(fin__lte=jour)  # already over by then
    adhesions = list(actives.select_related("utilisateur", "structure__academie"))
    laisse = any(en_cours(adhesion) for adhesion in adhesions)
    for adhesion in adhesions:
        terminer(adhesion, par=par, le=jour)
    for invitation in Invitation.objects.en_attente().filter(structure=structure):
        revoquer(invitation, par=par)
    if laisse:
        signaler_abandon(structure)
    return len(adhesions)


def en_mots(remis):
    """ "3 missions suivies, 1 brouillon", for [(Charge, number)]."""
    return ", ".join(charge.compte(nombre) for charge, nombre in remis)


def _tous_les_roles(siege):
    champ = champ_du_siege(siege)
    return [role for role in Role if SIEGE_DU_ROLE[role] == champ and role not in SANS_EQUIPE]


def signaler_abandon(siege):
    """Tell those who can hand over that something is left without anybody."""
    if isinstance(siege, Structure):
        gens = notifications.equipe(siege)
    elif isinstance(siege, Bassin):
        gens = notifications.membres_du_gab(siege)
    else:
        return
    academie = siege.academie
    destinataires = list(gens) or list(notifications.rectorat(academie))
    notifications.prevoir("dossiers_a_reprendre", a=destinataires, lien=reverse("territoire:a_reprendre"))


# --- What was left behind -------------------------------------------------------------------------------------


def _sieges(user, charge):
    """A `Q` on a charge's rows: the seats whose team this person organises."""
    academies = droits.academies_pour(user, Droit.GERER_EQUIPE)
    q = Q(**{f"{charge.siege}__academie__in": academies})
    if charge.type_siege == "structure":
        structures = {
            *droits.structures_pour(user, Droit.GERER_EQUIPE),
            *droits.structures_pour(user, Droit.REPONDRE_MISSION),
        }
        return q | Q(**{f"{charge.siege}__in": structures})
    return q | Q(**{f"{charge.siege}__in": droits.bassins_pour(user, Droit.MISSIONNER)})


def a_reprendre(user, charge):
    """Rows of this kind that somebody who left still holds, at the seats that this person organises."""
    return charge.sans_responsable().filter(_sieges(user, charge))


def nombre_a_reprendre(user):
    """How many things are left without anybody, for the home page."""
    return sum(a_reprendre(user, charge).count() for charge in CHARGES.values())


@dataclass
class Lot:
    """Things of one kind, held at one seat by one person who left."""

    charge: Charge
    siege: object
    parti: Utilisateur
    lignes: list
    collegues: list

    @property
    def cle(self):
        """What stands for the lot in a form: names nothing nominative."""
        return f"{self.charge.code}-{self.siege.pk}-{self.parti.reference}"

    @property
    def titre(self):
        return self.charge.compte(len(self.lignes)).capitalize()


def lots(user, maximum=500):
    """[Lot] of what is left, by kind, seat and person; at most `maximum` rows a kind. One query a kind, and one for the teams."""
    rangs = {}
    for charge in CHARGES.values():
        lignes = (
            a_reprendre(user, charge)
            .annotate(ref_dossier=F(charge.dossier))
            .select_related(charge.tenu_par, charge.siege)
            .order_by("pk")[:maximum]
        )
        siege_de = attrgetter(charge.siege.replace("__", "."))
        for ligne in lignes:
            rangs.setdefault((charge, siege_de(ligne), getattr(ligne, charge.tenu_par)), []).append(ligne)
    actives = _equipes({siege for _, siege, _ in rangs})
    sortie = [
        Lot(charge, siege, parti, siennes, _parmi(actives.get(siege, ()), charge.roles))
        for (charge, siege, parti), siennes in rangs.items()
    ]
    return sorted(sortie, key=lambda lot: (str(lot.siege), str(lot.parti), lot.charge.code))


def _equipes(sieges):
    """{seat: its memberships in force, by name of the person}."""
    des_structures = Q(structure__in=[s for s in sieges if isinstance(s, Structure)])
    des_bassins = Q(bassin__in=[s for s in sieges if isinstance(s, Bassin)])
    actives = (
        Adhesion.objects.actives()
        .filter(des_structures | des_bassins)
        .select_related("utilisateur", "structure", "bassin")
        .order_by("utilisateur__nom", "utilisateur__prenom")
    )
    equipes = {}
    for adhesion in actives:
        equipes.setdefault(adhesion.siege, []).append(adhesion)
    return equipes


def _parmi(actives, roles):
    """The people of these memberships who hold one of the roles, once each."""
    return list(dict.fromkeys(a.utilisateur for a in actives if a.role in roles))


@transaction.atomic
def confier(cle, a, *, par, references=()):
    """Give a whole lot, or the rows of it with these references, to a colleague of the seat; returns how many.

    Raises ValidationError when somebody else handed it over meanwhile, or when `a` may not hold it.
    """
    code, _, reste = cle.partition("-")
    siege_id, _, reference = reste.partition("-")
    charge = CHARGES.get(code)
    if charge is None or not numero(siege_id):
        raise ValidationError("Ce lot n’existe plus. Rechargez la page.")
    objets = a_reprendre(par, charge).filter(
        **{charge.siege: siege_id, f"{charge.tenu_par}__reference": reference}
    )
    if references:
        objets = objets.filter(reference__in=references)
    # read again by key: the rows are locked, which the subqueries above do not allow
    objets = charge.vivants().filter(pk__in=list(objets.values_list("pk", flat=True)))
    if not objets:
        raise ValidationError("Ce lot a déjà été confié à quelqu’un.")
    siege = (Structure if charge.type_siege == "structure" else Bassin).objects.get(pk=siege_id)
    if a is None or not collegues(siege, charge.roles).filter(pk=a.pk).exists():
        raise ValidationError("Choisissez un collègue en exercice au même endroit.")
    nombre = _remettre(charge, objets, a, par=par)
    notifications.prevoir("dossiers_repris", a=[a], lien=reverse("accueil"), precision=charge.compte(nombre))
    return nombre
