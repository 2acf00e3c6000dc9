"""Which figures of a table may be shown to a reader who may not read the people: the rules that go with `secret`
(docs/decisions/0005-statistiques.md)."""

from dataclasses import replace
from functools import cached_property

from django.conf import settings

from qualit.territoire.models import Bassin

from .dimensions import DIMENSIONS, SOLIDAIRES
from .indicateurs import COMPTE, REGISTRE
from .relation import Lieu
from .secret import TOTAL, proteger

#: Everybody who was reported: their numbers add up to that of the reports, less the duplicates.
PERSONNES = ("jeunes", "pas_sortis", "hors_champ", "obligation")
SOMMES = frozenset({"signalements", "doublons_evites", "retours_lus"})
#: Counted among the jeunes whose months have passed.
ECHUS = frozenset({"devenir_3_mois", "devenir_6_mois", "devenir_12_mois"})
DEPENDANTS = SOMMES | ECHUS | {"delai_legal"}
DONT_D_AUTRES_DEPENDENT = (*PERSONNES, "mineurs")
SOLUTION = DIMENSIONS["solution"]
AVEC, SANS = "avec", "sans"  # sums of lines of a table of solutions, that other figures show
#: Shares of the jeunes that are lines of the table of the solutions, or sums of them.
PAR_SOLUTION = {
    "en_formation": {"formation"},
    "en_insertion": {"insertion"},
    "en_accompagnement": {"accompagnement"},
    "avec_solution": {AVEC, "sans"},
    "sans_solution": {AVEC, "sans"},
}


class Protection:
    """What a reader may be shown of the tables of a field. A table is {key: {code: Resultat}}; in a key, `TOTAL` stands for the
    sum over a dimension. `_tables` and `cliches` are those of `Croiseur`."""

    def __init__(self, champ, portee):
        self.champ, self.portee = champ, portee
        self.seuil = settings.QUALIT["EFFECTIF_MINIMAL"]

    @property
    def _totaux_exacts(self):
        return self.portee.totaux and self.champ.lieu.type == "academie" and not self.champ.filtres

    @property
    def _partiel(self):
        """Is the place a part of the académie?"""
        lieu = self.champ.lieu
        return lieu.type != "academie" or bool(lieu.types or lieu.bassins)

    @cached_property
    def _champ_protege(self):
        """What is protected as a whole: the académie, less what this reader knows exactly (its bassin, its own jeunes)."""
        lieu = self.champ.lieu
        if not (self._partiel or self.portee.connus):
            return self.champ
        academie = Lieu("academie", lieu.academie_id, "", academie_id=lieu.academie_id)
        return replace(self.champ, lieu=academie, sauf=self.portee.connus)

    @cached_property
    def _tranche(self):
        """(dimension, its values) of which the place is made, None for the académie: a figure of the place is shown where the
        table of that dimension shows it for each of them, so that parts and wholes of two readers never subtract."""
        lieu = self.champ.lieu
        if lieu.type == "bassin":
            return DIMENSIONS["bassin"], [lieu.code]
        if lieu.types:
            return DIMENSIONS["type_structure"], list(lieu.types)
        if lieu.bassins:
            codes = Bassin.objects.filter(pk__in=lieu.bassins).values_list("code", flat=True)
            return DIMENSIONS["bassin"], list(codes)
        return None, []

    def _total_seul(self, axes):
        return {(TOTAL,) * axes} if self._totaux_exacts else set()

    def _comptes(self, resultat):
        """The counts of jeunes that a figure tells: both sides of a share."""
        if resultat.indicateur.est_part:
            return resultat.detail or 0, resultat.base - (resultat.detail or 0)
        return (resultat.base,)

    def _seul_visible(self, resultat, autres):
        """May this figure, which adds up with no other, be shown without nominative access? autres: the same in other states."""
        ici = self._comptes(resultat)
        return min(ici) >= self.seuil and not any(
            0 < abs(a - b) < self.seuil
            for autre in autres
            for a, b in zip(ici, self._comptes(autre), strict=True)
        )

    def _visibles(self, code, axes, croise, autres):
        """Keys of a table of these dimensions that may be shown. autres: the same table in the other states."""
        part = REGISTRE[code].est_part

        def cube(croise):
            fins = {}
            for cle, valeurs in croise.items():
                if TOTAL not in cle:
                    comptes = self._comptes(valeurs[code])
                    fins |= zip(
                        ((*cle, cote) for cote in ("oui", "non")) if part else (cle,), comptes, strict=True
                    )
            return fins

        autres_cubes = [cube(autre) for autre in autres]
        exactes = self._exactes(code, axes, croise)
        niveaux = {
            rang: dict(zip((AVEC, SANS), SOLIDAIRES[dimension.code], strict=False))
            for rang, dimension in enumerate(axes)
            if dimension.code in SOLIDAIRES
        }
        visibles = proteger(cube(croise), self.seuil, exactes, autres_cubes, niveaux)
        if part:
            visibles = {
                c[:-1]
                for c in visibles
                if c[-1] == "oui" and (*c[:-1], "non") in visibles and (*c[:-1], TOTAL) in visibles
            }
        if self._totaux_exacts:
            visibles.add((TOTAL,) * len(axes))
        return visibles

    def _exactes(self, code, axes, croise):
        """Coordinates that one who reads the exact totals of the académie knows of a protected table: its total, both sides of a
        share; of the jeunes, the lines of the solutions (their shares are totals) and of the months (each day has its total)."""
        if not self.portee.sait_les_totaux:
            return set()
        indicateur, total = REGISTRE[code], (TOTAL,) * len(axes)
        sues = {total}
        if code == "jeunes" or indicateur.mesure.denominateur == COMPTE:
            for rang, dimension in enumerate(axes):
                if dimension.code in {"solution", "mois"}:
                    connues = {cle[rang] for cle in croise} | ({AVEC} if dimension is SOLUTION else set())
                    sues |= {(*total[:rang], valeur, *total[rang + 1 :]) for valeur in connues}
        if not indicateur.est_part:
            return sues
        # minors are so on the day of the first report: they too are counted day by day
        deux_cotes = sues if code == "mineurs" else {total}
        return {(*cle, TOTAL) for cle in sues} | {
            (*cle, cote) for cle in deux_cotes for cote in ("oui", "non")
        }

    def _sans_difference(self, visibles, croise, autres):
        """Keys that stay visible once what adds up with other figures, or is counted among fewer jeunes than another figure, is
        left out: reports less duplicates are the persons reported, but those whose dossier was opened again without a report;
        reports less those whose return may be read are not triaged; jeunes less those whose months have passed are the others.
        autres: the same table in the other states."""
        total = (TOTAL,) * len(next(iter(croise)))
        ici, exact = croise[total], self._total_seul(len(total))
        entier = {total} if not self._partiel else set()
        gardees = dict(visibles)
        etats = (croise, *autres)
        if SOMMES & set(visibles):
            sur = all(total in visibles[c] for c in PERSONNES)
            sur = sur and not self._un_petit([_restes(etat[total]) for etat in etats])
            for code in SOMMES & set(visibles):
                gardees[code] = exact | (visibles[code] & entier if sur else set())
        for code in ECHUS & set(visibles):
            tous = ici[code].base == ici["jeunes"].valeur
            gardees[code] = exact | (visibles[code] & entier if tous else set())
        if "delai_legal" in visibles:
            restes = [
                [(etat[total]["mineurs"].detail or 0) - etat[total]["delai_legal"].base] for etat in etats
            ]
            sur = total in visibles["mineurs"] and not self._un_petit(restes)
            gardees["delai_legal"] = exact | (visibles["delai_legal"] & entier if sur else set())
        return gardees

    def _un_petit(self, restes):
        """Is one of these remainders small, or has it moved by a small number since another state? restes: one list a state."""
        return any(
            0 < abs(n) < self.seuil
            for ici, *autres in zip(*restes, strict=True)
            for n in (ici, *(ici - autre for autre in autres))
        )

    @cached_property
    def _axe_des_solutions(self):
        """The dimension by which solutions are read: by what the place is made of, by bassin over the académie."""
        return self._tranche[0] or DIMENSIONS["bassin"]

    @cached_property
    def _solutions(self):
        """{(value of the axis, solution, or a sum of them)} shown: one system for the table of the solutions and for the shares
        that are its lines (`PAR_SOLUTION`). Crossed by anything else, neither its lines nor the shares of one kind are shown:
        beside the share of those with a solution, they would make two systems of one table."""
        axe = self._axe_des_solutions
        codes = ["jeunes", "avec_solution"]
        places, lignes = self._tables(
            self._champ_protege, codes, [[axe], [axe, SOLUTION]], self.cliches, comptes=True
        )
        par_place = self._visibles("avec_solution", [axe], places[0], places[1:])
        montrees = ensemble(
            self._visibles("jeunes", [axe, SOLUTION], lignes[0], lignes[1:]), [axe, SOLUTION], lignes[0]
        )
        return {(p, s) for p, s in montrees if s is TOTAL or (p,) in par_place}

    def _par_solution(self, code, axes, cles):
        """Those of these keys that `_solutions` lets show."""
        if code != "jeunes" and code not in PAR_SOLUTION or SOLUTION not in axes and code == "jeunes":
            return cles
        axe, gardees = self._axe_des_solutions, set()
        for cle in cles:
            valeurs = dict(zip(axes, cle, strict=True))
            place, solution = valeurs.pop(axe, TOTAL), valeurs.pop(SOLUTION, TOTAL)
            seule = all(v is TOTAL for v in valeurs.values())
            if code == "jeunes":
                montree = solution is TOTAL or seule and (place, solution) in self._solutions
            elif solution is not TOTAL:
                montree = False
            elif seule:
                montree = {(place, s) for s in (*PAR_SOLUTION[code], TOTAL)} <= self._solutions
            else:
                montree = AVEC in PAR_SOLUTION[code]
            if montree or cle in self._total_seul(len(cle)):
                gardees.add(cle)
        return gardees

    def _montree(self, cle, dimensions, axe, parts, visibles):
        """Is the figure of that key shown, when the table of `axe` and of the other dimensions shows these?"""
        valeurs = dict(zip((d.code for d in dimensions), cle, strict=True))
        if valeurs.get("bassin", TOTAL) in {
            lieu.code for lieu in self.portee.connus if lieu.type == "bassin"
        }:
            return True
        if axe is None:
            return cle in visibles
        demandee = valeurs.pop(axe.code, TOTAL)
        suite = tuple(valeurs.values())
        if demandee is not TOTAL and demandee not in parts:
            return False
        return all((part, *suite) in visibles for part in (parts if demandee is TOTAL else [demandee]))


def _restes(chiffres):
    """What subtracting one figure from another gives: persons without a report, reports not triaged."""
    recus = chiffres["signalements"].valeur
    personnes = sum(chiffres[c].valeur for c in PERSONNES)
    return personnes - (recus - chiffres["doublons_evites"].valeur), recus - chiffres["retours_lus"].base


def completer(lu, croise, dimensions, axes, axe, parts, codes):
    """Add to the table of a part (these values of `axe`) the lines that the whole has and the part has not: a missing line would
    say zero."""
    zeros = {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes}
    for cle in croise:
        valeurs = dict(zip((d.code for d in axes), cle, strict=True))
        if axe not in dimensions or valeurs[axe.code] in (TOTAL, *parts):
            lu.setdefault(tuple(valeurs[d.code] for d in dimensions), zeros)


def ensemble(visibles, axes, croise):
    """Keys that stay visible when the lines of `SOLIDAIRES` are hidden together, and those of what became of the jeunes until
    their months have passed for all: those for whom they have not are whole months, which another table shows."""
    for rang, dimension in enumerate(axes):
        if dimension.code.startswith("devenir_") and any(c[rang] == "" for c in croise):
            visibles = {c for c in visibles if c[rang] is TOTAL}
        for groupe in SOLIDAIRES.get(dimension.code, ()):
            lignes = {(*c[:rang], TOTAL, *c[rang + 1 :]) for c in croise}
            for ligne in lignes:
                cles = {(*ligne[:rang], valeur, *ligne[rang + 1 :]) for valeur in groupe}
                if not cles <= visibles:
                    visibles = visibles - cles
    return visibles
