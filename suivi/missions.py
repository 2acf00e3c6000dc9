"""The operator's missions: its lists, and what it reads of a jeune (decisions.md 9 and 26)."""

from dataclasses import dataclass, field
from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import DateField, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.utils import timezone

from dedoublonnage.models import joignable
from gab.lecture import motifs_lisibles
from gab.models import ETATS_OUVERTS, Entretien, EtatDossier, Mission
from qualit.territoire import champs, droits
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle
from qualit.web.navigation import au_plus, compter
from signalements.models import Contact, EtatContact, EtatSignalement, Signalement

from . import coordonnees
from .models import Devenir, Etape
from .relances import sans_nouvelles_depuis

LISIBLES = (Mission.Etat.PROPOSEE, Mission.Etat.ACCEPTEE, Mission.Etat.TERMINEE)
VUES = {
    "a_repondre": "À répondre",
    "en_cours": "En cours",
    "corrigees": "Coordonnées corrigées",
    "rappels": "À rappeler",
    "sans_nouvelles": "Sans nouvelles",
    "a_reverifier": "À revérifier",
    "terminees": "Terminées",
}
A_REGARDER = {"corrigees", "rappels", "sans_nouvelles", "a_reverifier"}


def avec_suivi(missions):
    """Annotate what the lists need, from the structure's own work: `derniere_etape`, `rappel` (day on which the last step
    says to call again), `dernier_fait` (last step, answer or check), `validite` (of the current outcome)."""
    etapes = Etape.objects.valables().filter(mission=OuterRef("pk")).order_by("-quand")
    devenirs = Devenir.objects.valables().filter(dossier=OuterRef("dossier"), remplace_le__isnull=True)
    jadis = Value(date(1900, 1, 1), output_field=DateField())
    return missions.annotate(
        derniere_etape=Subquery(etapes.values("date")[:1]),
        rappel=Subquery(etapes.values("rappeler_le")[:1]),
        validite=Subquery(devenirs.values("valable_jusqu_au")[:1]),
        dernier_fait=Greatest(
            TruncDate(Coalesce("repondue_le", "proposee_le")),
            Coalesce(Subquery(etapes.values("date")[:1]), jadis),
            Coalesce(Subquery(devenirs.values("verifie_le")[:1]), jadis),
        ),
    )


def condition(vue, aujourdhui=None):
    """What puts a mission in one list of `VUES`: tests of existence, so that a count reads no more than it must."""
    aujourdhui = aujourdhui or timezone.localdate()
    limite = sans_nouvelles_depuis()
    peut_etre_joint = joignable("dossier__jeune__")
    acceptee = Q(etat=Mission.Etat.ACCEPTEE)
    etapes = Etape.objects.valables().filter(mission=OuterRef("pk")).order_by()
    suivante = Etape.objects.valables().filter(mission=OuterRef("mission"), quand__gt=OuterRef("quand"))
    rappel = etapes.filter(~Exists(suivante.order_by()), rappeler_le__lte=aujourdhui)
    courant = (
        Devenir.objects.valables().filter(dossier=OuterRef("dossier"), remplace_le__isnull=True).order_by()
    )
    return {
        "a_repondre": Q(etat=Mission.Etat.PROPOSEE),
        "en_cours": acceptee,
        "corrigees": acceptee
        & peut_etre_joint
        & Q(a_confirmer=False)
        & Q(Exists(coordonnees.reponses(pk=OuterRef("pk")))),
        "rappels": acceptee & peut_etre_joint & Q(Exists(rappel)),
        "sans_nouvelles": acceptee
        & peut_etre_joint
        & Q(repondue_le__date__lt=limite)
        & ~Q(dossier__etat=EtatDossier.EN_SOLUTION)
        & ~Q(Exists(etapes.filter(date__gte=limite)))
        & ~Q(Exists(courant.filter(verifie_le__gte=limite))),
        "a_reverifier": Q(etat__in=[Mission.Etat.ACCEPTEE, Mission.Etat.TERMINEE], a_confirmer=False)
        & peut_etre_joint
        & Q(Exists(courant.filter(valable_jusqu_au__lt=aujourdhui))),
        "terminees": ~Q(etat__in=[Mission.Etat.PROPOSEE, Mission.Etat.ACCEPTEE]),
    }[vue]


def comptes(missions):
    """How many missions each list holds: {vue: number}, in one query; those that take a look at each jeune, `au_plus`."""
    listes = {vue: missions.filter(condition(vue)).values("pk") for vue in VUES}
    return dict(
        zip(VUES, compter(au_plus(q) if vue in A_REGARDER else q for vue, q in listes.items()), strict=True)
    )


@dataclass
class Ligne:
    """A mission in a list, with what its structure may read of the jeune (identite is None when nothing)."""

    mission: Mission
    identite: Signalement | None
    corrections: list = field(default_factory=list)


def lignes(missions):
    """`Ligne` of each mission; the identities in at most two queries."""
    missions = list(missions)
    propres = {}
    a_confirmer = [m for m in missions if m.a_confirmer]
    if a_confirmer:
        saisies = (
            Signalement.objects.filter(
                versement__dossier__in=[m.dossier_id for m in a_confirmer],
                structure__in=[m.structure_id for m in a_confirmer],
            )
            .select_related("commune")
            .annotate(dossier_id=F("versement__dossier"))
        )
        for s in saisies:
            propres.setdefault((s.dossier_id, s.structure_id), s)
    return [Ligne(m, _identite(m, propres)) for m in missions]


def _identite(mission, propres):
    if mission.etat not in LISIBLES:
        return None
    if mission.a_confirmer:
        return propres.get((mission.dossier_id, mission.structure_id))
    return mission.dossier.jeune.identite


@dataclass
class Fiche:
    """What an operator reads of a jeune it is commissioned for."""

    identite: Signalement | None = None
    signalements: list = field(default_factory=list)
    contacts: list = field(default_factory=list)
    responsables: list = field(default_factory=list)
    lignes_identite: list = field(default_factory=list)
    lignes_scolarite: list = field(default_factory=list)
    entretiens: list = field(default_factory=list)
    structures: list = field(default_factory=list)
    etapes: list = field(default_factory=list)
    devenirs: list = field(default_factory=list)

    @property
    def lisible(self):
        return self.identite is not None

    @property
    def devenir(self):
        """The outcome in force, or None."""
        return next((d for d in self.devenirs if d.remplace_le is None), None)


def fiche(mission, user):
    """The `Fiche` of a mission, for somebody of its structure.

    A mission to be confirmed shows only what the structure typed itself; a mission refused, expired or withdrawn
    shows nothing of the jeune. Never the motives of exclusion or personal ones, nor the guardians' addresses.
    """
    if mission.etat not in LISIBLES:
        return Fiche()
    dossier = mission.dossier
    signalements = (
        Signalement.objects.filter(versement__dossier=dossier)
        .exclude(etat__in=[EtatSignalement.ANNULE, EtatSignalement.HORS_CHAMP])
        .select_related("structure", "commune")
        .prefetch_related("contacts", "responsables")
        .order_by("-envoye_le")
    )
    etapes = Etape.objects.valables().filter(dossier=dossier).select_related("structure", "par", "contact")
    devenirs = Devenir.objects.valables().filter(dossier=dossier).select_related("par", "mission__structure")
    f = Fiche()
    if mission.a_confirmer:
        signalements = signalements.filter(structure=mission.structure)
        etapes, devenirs = etapes.filter(mission=mission), devenirs.filter(mission=mission)
    f.signalements = list(signalements)
    principal = dossier.jeune.identite_id
    f.identite = next(
        (s for s in f.signalements if s.pk == principal), f.signalements[0] if f.signalements else None
    )
    if f.identite is None and not mission.a_confirmer:
        f.identite = dossier.jeune.identite
    if f.identite is None:
        return f
    f.contacts = contacts_de(f.signalements)
    f.responsables = [r for s in f.signalements for r in s.responsables.all()]
    f.lignes_identite = identite_en_lignes(f.identite)
    f.lignes_scolarite = _scolarite_en_lignes(f.identite)
    f.etapes, f.devenirs = list(etapes), list(devenirs)
    if not mission.a_confirmer:
        f.entretiens = list(
            Entretien.objects.filter(dossier=dossier, etat=Entretien.Etat.TENU).order_by("-quand")
        )
        f.structures = list(
            dossier.missions.filter(etat=Mission.Etat.ACCEPTEE, a_confirmer=False)
            .select_related("structure")
            .order_by("structure__nom_tri")
        )
    return f


def contacts_de(signalements):
    """Contacts without repetition, those that work first and the wrong ones last."""
    ordre = {EtatContact.VERIFIE: 0, EtatContact.NON_VERIFIE: 1, EtatContact.FAUX: 2}
    vus = {}
    for signalement in signalements:
        for contact in signalement.contacts.all():
            cle = (contact.type, contact.normalisee)
            if cle not in vus or ordre[contact.etat] < ordre[vus[cle].etat]:
                vus[cle] = contact
    contacts = [coordonnees.a_appeler(contact) for contact in vus.values()]
    return sorted(
        contacts,
        key=lambda c: (ordre[c.etat], c.proprietaire != "jeune", c.type != Contact.Type.TELEPHONE, c.pk),
    )


def identite_en_lignes(s):
    age = s.age_au(timezone.localdate())
    naissance = f"{s.date_naissance:%d/%m/%Y} ({age} ans)" if s.date_naissance else ""
    adresse = ", ".join(filter(None, [s.adresse, f"{s.code_postal} {s.ville}".strip(), s.pays]))
    return [
        ("Nom de naissance", s.nom_naissance),
        ("Nom d’usage", s.nom_usage or "–"),
        ("Prénom", s.prenom),
        ("Né(e) le", naissance),
        ("Sexe", s.get_sexe_display()),
        ("INE", s.ine),
        ("Domicile", adresse or s.get_domicile_display()),
    ]


def _scolarite_en_lignes(s):
    nature = champs.nature_lisible(s.nature_sortie, s.libelle("natures_sortie", "nature_sortie"))
    motifs = motifs_lisibles(s.motifs, s.envoye_le, operateur=True)
    lignes = [
        ("Établissement", str(s.structure)),
        ("Classe", libelle("classes", s.classe)),
        ("Formation", s.formation),
        ("Niveau de sortie", s.libelle("niveaux", "niveau")),
        ("Plus haut diplôme", s.libelle("diplomes", "diplome")),
        ("Sorti(e) le", f"{s.date_sortie:%d/%m/%Y}" if s.date_sortie else ""),
    ]
    if nature:
        lignes.append(("Nature de la sortie", nature))
    if motifs:
        lignes.append(("Motifs selon l’établissement", ", ".join(motifs)))
    return [(t, v) for t, v in lignes if v]


def mineurs(missions, aujourdhui=None):
    """Only the missions about a jeune under 18."""
    majorite = (aujourdhui or timezone.localdate()) - relativedelta(years=18)
    return missions.filter(dossier__jeune__identite__date_naissance__gt=majorite)


def devenirs_a_reverifier(user):
    """Current outcomes past their validity that the GAB checks itself: nobody is commissioned any more."""
    suivies = Mission.objects.filter(dossier=OuterRef("dossier"), etat=Mission.Etat.ACCEPTEE)
    return (
        Devenir.objects.a_reverifier()
        .filter(
            ~Exists(suivies),
            joignable("dossier__jeune__"),
            dossier__bassin__in=droits.bassins_pour(user, Droit.SUIVRE),
            dossier__etat__in=ETATS_OUVERTS,
        )
        .select_related("dossier__jeune__identite__commune", "mission__structure")
        .order_by("valable_jusqu_au", "pk")
    )
