"""The people of the demonstration: one account a role in two bassins, and a team everywhere else."""

from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from qualit.territoire.models import Academie, Adhesion, Bassin, Structure, Utilisateur
from qualit.territoire.roles import SIEGE_DU_ROLE, Role

from .personnes import Fabrique, communes_academie

DOMAINE = "demo.invalid"
MOT_DE_PASSE = "pommiers-et-bocage-14"

#: (start of the e-mail, job, [(role, code or name of the seat)]): those that `comptes_demo` lists
COMPTES = [
    ("declarant.caen", "Conseillère principale d’éducation", [(Role.SIGNALEUR, "0140019V")]),
    ("declarant.lisieux", "Proviseur adjoint", [(Role.SIGNALEUR, "0141275K")]),
    ("cfa.caen", "Responsable de la vie apprentie", [(Role.SIGNALEUR, "CFA de Caen")]),
    ("cfa.lisieux", "Responsable de la vie apprentie", [(Role.SIGNALEUR, "CFA de Lisieux")]),
    ("administrateur.caen", "Proviseure", [(Role.REFERENT_STRUCTURE, "0140019V")]),
    ("administrateur.lisieux", "Proviseur", [(Role.REFERENT_STRUCTURE, "0141275K")]),
    (
        "coordinateur.caen",
        "Directrice du CIO",
        [(Role.COORDINATEUR_GAB, "caen"), (Role.OPERATEUR, "CIO de Caen")],
    ),
    (
        "coordinateur.lisieux",
        "Directeur du CIO",
        [(Role.COORDINATEUR_GAB, "lisieux"), (Role.OPERATEUR, "CIO de Lisieux")],
    ),
    ("membre.caen", "Psychologue de l’Éducation nationale", [(Role.MEMBRE_GAB, "caen")]),
    ("membre.lisieux", "Coordonnatrice MLDS", [(Role.MEMBRE_GAB, "lisieux")]),
    ("operateur.caen", "Conseiller en insertion", [(Role.OPERATEUR, "Mission locale de Caen")]),
    ("operateur.lisieux", "Conseillère en insertion", [(Role.OPERATEUR, "Mission locale de Lisieux")]),
    ("mlds.caen", "Coordonnateur MLDS", [(Role.OPERATEUR, "MLDS de Caen")]),
    ("invite.caen", "Chargée de mission", [(Role.INVITE_SEANCE, "Mission locale de Caen")]),
    ("invite.lisieux", "Chargé de mission", [(Role.INVITE_SEANCE, "DRAAF de Normandie")]),
    ("rectorat.lecture", "Statisticienne", [(Role.RECTORAT_LECTURE, "CAEN")]),
    ("rectorat.pilote", "Chef de projet académique", [(Role.RECTORAT_PILOTE, "CAEN")]),
    ("partenaire.region", "Chargée de mission jeunesse", [(Role.PARTENAIRE, "Région Normandie")]),
    ("partenaire.draaf", "Délégué régional", [(Role.PARTENAIRE, "DRAAF de Normandie")]),
    ("dpo", "Déléguée à la protection des données", [(Role.DPO, "CAEN")]),
    ("admin", "Administrateur technique", [(Role.ADMIN_TECHNIQUE, "CAEN")]),
]


@dataclass
class Acteurs:
    """Who does what in the demonstration: users by seat, by primary key of the seat."""

    coordinateurs: dict = field(default_factory=dict)  # bassin → user
    membres: dict = field(default_factory=dict)  # bassin → [users]
    equipes: dict = field(default_factory=dict)  # structure → [users]
    comptes: dict = field(default_factory=dict)  # start of the e-mail → user
    pilote: Utilisateur | None = None


def creer_acteurs(rng, jour):
    """Create the accounts of `COMPTES` and silent colleagues (no password) at every other seat.

    The named accounts share one password, hashed once: `make demo` must be quick.
    """
    acteurs = Acteurs()
    debut = date(jour.year - 3, 7, 1)
    fabrique = Fabrique(rng, date(1963, 1, 1), date(1996, 12, 31), communes_academie(), premier_numero=8000)
    mot_de_passe = make_password(MOT_DE_PASSE)
    utilisateurs, sieges = [], []

    def ajouter(debut_courriel, fonction, roles, *, hache):
        p = fabrique.personne()
        utilisateur = Utilisateur(
            email=f"{debut_courriel}@{DOMAINE}",
            password=hache,
            prenom=p.prenom,
            nom=p.nom_naissance,
            fonction=fonction,
            telephone=p.telephone_famille,
            charte_version=settings.QUALIT["CHARTE_VERSION"],
            charte_le=timezone.now(),
            visite_faite=True,
            is_staff=any(role == Role.ADMIN_TECHNIQUE for role, _ in roles),
        )
        utilisateurs.append(utilisateur)
        sieges.append((utilisateur, roles))
        return utilisateur

    par_nom = {s.nom: s for s in Structure.objects.order_by("nom_tri", "code")}  # two schools bear one name
    par_code = {s.code: s for s in par_nom.values()}
    bassins = {b.code: b for b in Bassin.objects.all()}
    for rang, bassin in enumerate(sorted(bassins.values(), key=lambda b: b.code)):
        bassin.telephone_gab = f"02 61 91 {rang:02} 00"  # a range that no operator gives
        bassin.courriel_gab = f"gab.{bassin.code}@demo.invalid"
    Bassin.objects.bulk_update(bassins.values(), ["telephone_gab", "courriel_gab"])
    academies = {a.code: a for a in Academie.objects.all()}

    def trouver(role, siege):
        lieu = SIEGE_DU_ROLE[role]
        if lieu == "structure":
            return par_code.get(siege) or par_nom[siege]
        return bassins[siege] if lieu == "bassin" else academies[siege]

    for debut_courriel, fonction, roles in COMPTES:
        acteurs.comptes[debut_courriel] = ajouter(
            debut_courriel, fonction, [(r, trouver(r, s)) for r, s in roles], hache=mot_de_passe
        )
    pourvus = {(role, siege.pk) for _, roles in sieges for role, siege in roles}
    for bassin in bassins.values():
        if (Role.COORDINATEUR_GAB, bassin.pk) not in pourvus:
            cio = par_nom.get(next(n for n in par_nom if n.startswith("CIO") and n.endswith(bassin.nom)))
            roles = [(Role.COORDINATEUR_GAB, bassin), (Role.OPERATEUR, cio)]
            ajouter(f"coordination.{bassin.code}", "Directeur ou directrice du CIO", roles, hache="!")
            pourvus.add((Role.OPERATEUR, cio.pk))
        ajouter(
            f"psyen.{bassin.code}",
            "Psychologue de l’Éducation nationale",
            [(Role.MEMBRE_GAB, bassin)],
            hache="!",
        )
    for structure in par_nom.values():
        role = Role.OPERATEUR if structure.est_operatrice and not structure.est_declarante else Role.SIGNALEUR
        if not (structure.est_operatrice or structure.est_declarante):
            continue
        if (role, structure.pk) not in pourvus:
            fonction = "Conseiller ou conseillère" if role == Role.OPERATEUR else "Vie scolaire"
            ajouter(f"equipe.{structure.code.lower()}", fonction, [(role, structure)], hache="!")
        if structure.est_operatrice and structure.est_declarante:  # CFA and the like also answer missions
            equipier = next(u for u, roles in sieges if (role, structure) in roles)
            sieges.append((equipier, [(Role.OPERATEUR, structure)]))

    Utilisateur.objects.bulk_create(utilisateurs)
    pilote = acteurs.pilote = acteurs.comptes["rectorat.pilote"]
    Adhesion.objects.bulk_create(
        Adhesion(
            utilisateur=utilisateur,
            role=role,
            debut=debut,
            accordee_par=pilote,
            **{SIEGE_DU_ROLE[role]: siege},
        )
        for utilisateur, roles in sieges
        for role, siege in roles
    )
    for utilisateur, roles in sieges:
        for role, siege in roles:
            if role == Role.COORDINATEUR_GAB:
                acteurs.coordinateurs[siege.pk] = utilisateur
            elif role == Role.MEMBRE_GAB:
                acteurs.membres.setdefault(siege.pk, []).append(utilisateur)
            elif role in (Role.SIGNALEUR, Role.OPERATEUR):
                acteurs.equipes.setdefault(siege.pk, []).append(utilisateur)
    return acteurs


def comptes():
    """The accounts that one may try, as `[{"email", "mot_de_passe", "role", "structure"}]`, a line a membership."""
    ordre = {f"{debut}@{DOMAINE}": rang for rang, (debut, _, _) in enumerate(COMPTES)}
    adhesions = Adhesion.objects.filter(utilisateur__email__in=ordre).select_related(
        "utilisateur", "structure", "bassin", "academie"
    )
    lignes = [
        {
            "email": adhesion.utilisateur.email,
            "mot_de_passe": MOT_DE_PASSE,
            "role": adhesion.role,
            "structure": str(adhesion.siege),
        }
        for adhesion in adhesions
    ]
    return sorted(lignes, key=lambda ligne: (ordre[ligne["email"]], ligne["role"]))
