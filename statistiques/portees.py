"""Which places a person may see figures of, and how precisely.

Exact cells go to those who may read the people behind them: the GAB in its bassin, the rectorat's pilots, a school or
an operator on its own jeunes. Others read the same tables with the cells under the threshold, and those that would
give them away, hidden (`secret`). `rectorat_lecture` reads exact totals of the académie.
"""

from dataclasses import dataclass, replace

from django.db.models import Count

from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Academie, Bassin, Commune, TypeStructure, cle_de_tri
from qualit.territoire.roles import Role

from .relation import Lieu

AGRICOLES = ("lycee_agricole", "mfr", "cfa_agricole")
PAR_DEPARTEMENT = {TypeStructure.DSDEN, TypeStructure.PREFECTURE, TypeStructure.DEPARTEMENT}


@dataclass(frozen=True)
class Portee:
    """A place that a person may look at. exact: every cell; totaux: the totals of the académie at least; liste: may go
    from a figure to the list of the people; connus: the places that this person reads exactly, so that what the others read
    less than they do is protected too; totaux_ailleurs: reads the exact totals of the académie on another page."""

    lieu: Lieu
    exact: bool = False
    totaux: bool = False
    liste: bool = False
    connus: tuple = ()
    totaux_ailleurs: bool = False

    @property
    def sait_les_totaux(self):
        return self.totaux or self.totaux_ailleurs


def lieu_academie(academie, **champs):
    return Lieu("academie", academie.pk, academie.nom, academie.code.lower(), academie.pk, **champs)


def lieu_bassin(bassin):
    de = "d’" if cle_de_tri(bassin.nom).startswith((*"aeiouy", "he")) else "de "
    return Lieu("bassin", bassin.pk, f"Bassin {de}{bassin.nom}", bassin.code, bassin.academie_id)


def lieu_structure(structure, type_):
    return Lieu(type_, structure.pk, structure.nom, structure.code, structure.academie_id)


def portees(user):
    """{key in addresses: Portee}, the person's own place first."""
    resultat = {}

    def ajouter(portee):
        ancienne = resultat.get(portee.lieu.cle)
        if ancienne is None or portee.exact and not ancienne.exact:
            resultat[portee.lieu.cle] = portee

    siennes = [a for a in droits.adhesions(user) if a.role in droits.ROLES_DU_DROIT[Droit.VOIR_STATISTIQUES]]
    academies = {}
    for adhesion in siennes:
        if adhesion.role == Role.PARTENAIRE:
            ajouter(Portee(_lieu_du_partenaire(adhesion.structure)))
            continue
        if adhesion.role == Role.OPERATEUR:
            ajouter(Portee(lieu_structure(adhesion.structure, "operateur"), exact=True, liste=True))
            if adhesion.structure.est_declarante:
                ajouter(Portee(lieu_structure(adhesion.structure, "etablissement"), exact=True, liste=True))
        elif adhesion.structure_id:
            ajouter(Portee(lieu_structure(adhesion.structure, "etablissement"), exact=True, liste=True))
        elif adhesion.bassin_id:
            ajouter(Portee(lieu_bassin(adhesion.bassin), exact=True, liste=True))
        siege = adhesion.academie_id or (adhesion.bassin or adhesion.structure).academie_id
        pilote = adhesion.role == Role.RECTORAT_PILOTE
        lecture = adhesion.role == Role.RECTORAT_LECTURE
        deja = academies.get(siege, (False, False))
        academies[siege] = (deja[0] or pilote, deja[1] or pilote or lecture)
    if academies:
        bassins = list(Bassin.objects.filter(academie__in=academies).select_related("academie"))
        lues = {b.academie_id: b.academie for b in bassins}
        if set(academies) - set(lues):
            lues |= Academie.objects.in_bulk(set(academies) - set(lues))
        for academie in lues.values():
            exact, totaux = academies[academie.pk]
            ajouter(Portee(lieu_academie(academie), exact=exact, totaux=totaux, liste=exact))
        for bassin in bassins:
            exact, totaux = academies[bassin.academie_id]
            ajouter(Portee(lieu_bassin(bassin), exact=exact, liste=exact, totaux_ailleurs=totaux))
    connus = tuple(p.lieu for p in resultat.values() if p.exact)
    return {cle: p if p.exact else replace(p, connus=connus) for cle, p in resultat.items()}


def _lieu_du_partenaire(structure):
    """A partner reads its own scope: agricultural schools for the DRAAF, its département, its bassin, else the académie."""
    academie = structure.academie
    if structure.type == TypeStructure.DRAAF:
        return replace(
            lieu_academie(academie, types=AGRICOLES), nom=f"{academie.nom}, établissements agricoles"
        )
    departement = structure.commune.departement if structure.commune_id else ""
    if structure.type in PAR_DEPARTEMENT and departement:
        bassins = tuple(sorted(b for b, le_sien in _departements(academie).items() if le_sien == departement))
        return replace(
            lieu_academie(academie, bassins=bassins),
            nom=f"{academie.nom}, bassins du département {departement}",
        )
    return lieu_bassin(structure.bassin) if structure.bassin_id else lieu_academie(structure.academie)


def _departements(academie):
    """{bassin id: the département of most of its communes}: each bassin is read in one département only."""
    comptes = (
        Commune.objects.filter(bassin__academie=academie)
        .order_by("departement")
        .values_list("bassin_id", "departement")
        .annotate(n=Count("pk"))
    )
    retenus = {}
    for bassin, departement, n in comptes:
        if n > retenus.get(bassin, ("", 0))[1]:
            retenus[bassin] = (departement, n)
    return {bassin: departement for bassin, (departement, _) in retenus.items()}
