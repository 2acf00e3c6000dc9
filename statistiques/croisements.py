"""Figures crossed by dimensions, each said visible or not for the reader: exact, or protected as a whole (`secret`)."""

from dataclasses import replace
from functools import cached_property
from itertools import product
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from .cellules import SECRET, Cellule
from .cliches import avec_cliche, pris_avant
from .dimensions import DIMENSIONS, SOLIDAIRES, VIDE, Noms
from .indicateurs import REGISTRE, calculer, calculer_ensembles, calculer_par_cliche
from .relation import Lieu, libelle_campagne
from .secret import TOTAL, proteger


def adresse(champ, **plus):
    """Query string that describes a field: nothing nominative in it."""
    parametres = {
        "lieu": champ.lieu.cle,
        "campagne": libelle_campagne(champ.campagne),
        "au": champ.au.isoformat(),
    }
    if champ.connu_au:
        parametres["connu"] = champ.connu_au.isoformat()
    parametres |= dict(champ.filtres)
    return urlencode({k: v for k, v in (parametres | plus).items() if v not in (None, "")})


class Croiseur:
    """Computes the figures of one page for one reader: same field, crossings computed together, labels read once."""

    def __init__(self, champ, portee):
        self.champ = champ = avec_cliche(champ, portee)
        self.portee = portee
        self.noms = Noms()
        self.seuil = settings.QUALIT["EFFECTIF_MINIMAL"]
        self._prets, self._totaux = {}, None
        #: May this reader see cells at all, or totals only?
        self.detail = portee.exact or champ.cliche is not None

    @cached_property
    def cliches(self):
        """What is read, one state (None: the summary), and those read before it by people without names: it is protected
        against them."""
        lu = self.champ.cliche
        return [lu] if self.portee.exact or not lu else [lu, *pris_avant(lu, self.champ.lieu.academie_id)]

    @property
    def parametres(self):
        """The query string of this field."""
        return adresse(self.champ)

    def lien(self, code, **filtres):
        """Address of the list behind a figure, for those who may read it."""
        if not self.portee.liste or REGISTRE[code].mesure.liste is None or self.champ.connu_au:
            return ""
        vides = {dimension: valeur or VIDE for dimension, valeur in filtres.items()}
        return f"{reverse('statistiques:liste')}?{adresse(self.champ, indicateur=code, **vides)}"

    def cellule(self, resultat, visible=True, **filtres):
        """A `Resultat` as a cell; hidden when it is not visible."""
        if not visible:
            return Cellule(SECRET, masquee=True)
        code = resultat.indicateur.code
        return Cellule(resultat.texte, resultat.valeur, self.lien(code, **filtres))

    @cached_property
    def avant(self):
        """The same a year earlier, to the same date."""
        return type(self)(self.champ.precedent, self.portee)

    def totaux(self, codes):
        """{code: (Resultat, visible)} of the whole field."""
        if self.portee.exact or self._totaux_exacts:
            self._totaux = calculer(self.champ, codes, DIMENSIONS)[()]
            return {code: (r, True) for code, r in self._totaux.items()}
        # A protected bassin is a line of the table of all the bassins: it is shown where that table shows it.
        axes = [DIMENSIONS["bassin"]] if self.champ.lieu.type == "bassin" else []
        totaux = self._croiser_ensemble(codes, [axes])[0][(TOTAL,) * len(axes)]
        # What the table of the solutions hides, no share gives back.
        solution = DIMENSIONS["solution"]
        groupes = self._croiser_ensemble(["jeunes"], [[solution]])[0]
        for groupe in {"formation", "insertion", "accompagnement"}:
            code = f"en_{groupe}"
            if code in totaux:
                r, visible = totaux[code]
                montre = groupes.get((groupe,), {}).get("jeunes", (None, False))[1]
                totaux[code] = (r, visible and montre)
        return totaux

    @property
    def _totaux_exacts(self):
        return self.portee.totaux and self.champ.lieu.type == "academie" and not self.champ.filtres

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

    def croiser(self, codes, dimensions):
        """{key: {code: (Resultat, visible)}} by one or two dimensions, `None` standing for totals."""
        pret = self._prets.get(_cle_des(dimensions))
        if pret is not None and set(codes) <= set(next(iter(pret.values()))):
            return pret
        return self.croisements(codes, [dimensions])[0]

    def preparer(self, codes, listes):
        """Compute several crossings in one query, for the tables that follow."""
        for dimensions, croise in zip(listes, self.croisements(codes, listes), strict=True):
            self._prets[_cle_des(dimensions)] = croise

    def croisements(self, codes, listes):
        """`croiser` for several lists of dimensions at once: one query, plus one for each list with a multiple dimension."""
        simples = [d for d in listes if not any(x.multiple for x in d)]
        faits = (
            dict(zip(map(_cle_des, simples), self._croiser_ensemble(codes, simples), strict=True))
            if simples
            else {}
        )
        for dimensions in listes:
            if _cle_des(dimensions) not in faits:
                faits[_cle_des(dimensions)] = self._croiser_multiple(codes, dimensions)
        return [faits[_cle_des(d)] for d in listes]

    def _croiser_ensemble(self, codes, listes):
        # A protected bassin is a slice of the table of all the bassins, protected as a whole.
        bassin = DIMENSIONS["bassin"]
        tranche = self.champ.lieu.type == "bassin" and not self.portee.exact
        champ = self.champ
        if tranche:
            lieu = champ.lieu
            champ = replace(champ, lieu=Lieu("academie", lieu.academie_id, "", academie_id=lieu.academie_id))
        ensembles = []
        for dimensions in listes:
            axes = self._axes(dimensions, tranche, bassin)
            ensembles += [tuple(d for d, g in zip(axes, m, strict=True) if g) for m in _marges(len(axes))]
        par_cliche = [iter(r) for r in calculer_ensembles(champ, codes, DIMENSIONS, ensembles, self.cliches)]
        retour = []
        for dimensions in listes:
            axes = self._axes(dimensions, tranche, bassin)
            croise, *autres = [_ranger(resultats, len(axes), codes) for resultats in par_cliche]
            visibles = None
            if not self.portee.exact:
                visibles = {
                    c: _ensemble(self._visibles(c, croise, tranche, autres), axes, croise) for c in codes
                }
            if tranche:
                croise, visibles = self._couper(croise, visibles, dimensions, bassin, codes)
            retour.append({
                k: {c: (r, visibles is None or k in visibles[c]) for c, r in v.items()} for k, v in croise.items()
            })  # fmt: skip
        return retour

    @staticmethod
    def _axes(dimensions, tranche, bassin):
        return [bassin, *(d for d in dimensions if d is not bassin)] if tranche else list(dimensions)

    def _couper(self, croise, visibles, dimensions, bassin, codes):
        """Keep the bassin of the place, as the keys of `dimensions`."""
        ici = self.champ.lieu.code
        ordre = [d for d in dimensions if d is not bassin]

        def cles(k):
            suite = dict(zip(ordre, k[1:], strict=True))
            faites = [tuple(ici if d is bassin else suite[d] for d in dimensions)]
            if bassin in dimensions:
                faites.append(tuple(TOTAL if d is bassin else suite[d] for d in dimensions))
            return faites

        coupe = {n: v for k, v in croise.items() if k[0] == ici for n in cles(k)}
        coupe.setdefault((TOTAL,) * len(dimensions), {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes})
        return coupe, {c: {n for k in visibles[c] if k[0] == ici for n in cles(k)} for c in codes}

    def _croiser_multiple(self, codes, dimensions):
        """With a dimension of several values a jeune: its lines do not add up, so each cell stands for itself; to protected
        readers, alone and over the whole académie only, since its cells do add up over bassins and over other dimensions."""
        par_cliche = [{} for _ in self.cliches]
        for garde in _marges(len(dimensions)):
            if not any(garde) and self._totaux and set(codes) <= set(self._totaux):
                par_cliche[0][(TOTAL,) * len(dimensions)] = self._totaux
                continue
            groupes = [d for d, g in zip(dimensions, garde, strict=True) if g]
            for croise, resultats in zip(
                par_cliche,
                calculer_par_cliche(self.champ, codes, DIMENSIONS, groupes, self.cliches),
                strict=True,
            ):
                for cle, valeurs in resultats.items():
                    suite = iter(cle)
                    croise[tuple(next(suite) if g else TOTAL for g in garde)] = valeurs
        croise, *autres = par_cliche
        zeros = {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes}
        croise.setdefault((TOTAL,) * len(dimensions), zeros)

        def visible(cle, code, r):
            if self.portee.exact:
                return True
            return (
                self.detail
                and len(cle) == 1
                and TOTAL not in cle
                and self.champ.lieu.type != "bassin"
                and self._seul_visible(r, [autre.get(cle, zeros)[code] for autre in autres])
            )

        return {k: {c: (r, visible(k, c, r)) for c, r in v.items()} for k, v in croise.items()}

    def _visibles(self, code, croise, tranche, autres):
        """Keys of a table that may be shown. autres: the same table in the other states."""
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

        exact = self._totaux_exacts and not tranche
        visibles = set()
        if self.detail:
            autres_cubes = [cube(autre) for autre in autres]
            visibles = proteger(cube(croise), self.seuil, total_exact=exact, autres=autres_cubes)
        if part:
            visibles = {
                c[:-1]
                for c in visibles
                if c[-1] == "oui" and (*c[:-1], "non") in visibles and (*c[:-1], TOTAL) in visibles
            }
        if exact:
            visibles.add((TOTAL,) * len(next(iter(croise))))
        return visibles


def _ranger(resultats, axes, codes):
    """One table from the results of its margins, in the order of `_marges`; its total is there even when nobody is in it."""
    croise = {}
    for garde in _marges(axes):
        for cle, valeurs in next(resultats).items():
            suite = iter(cle)
            croise[tuple(next(suite) if g else TOTAL for g in garde)] = valeurs
    croise.setdefault((TOTAL,) * axes, {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes})
    return croise


def _ensemble(visibles, axes, croise):
    """Keys that stay visible when the lines of `SOLIDAIRES` are hidden together."""
    for rang, dimension in enumerate(axes):
        for groupe in SOLIDAIRES.get(dimension.code, ()):
            lignes = {(*c[:rang], TOTAL, *c[rang + 1 :]) for c in croise}
            for ligne in lignes:
                cles = {(*ligne[:rang], valeur, *ligne[rang + 1 :]) for valeur in groupe}
                if not cles <= visibles:
                    visibles = visibles - cles
    return visibles


def _marges(n):
    """Which dimensions each margin keeps: all of them, fewer, none."""
    return list(product((True, False), repeat=n))


def _cle_des(dimensions):
    return tuple(d.code for d in dimensions)
