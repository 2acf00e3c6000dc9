"""Figures crossed by dimensions, each said visible or not for the reader: exact, or protected as a whole (`protection`)."""

from collections import defaultdict
from functools import cached_property
from itertools import product
from urllib.parse import urlencode

from django.urls import reverse

from .cellules import SECRET, Cellule
from .cliches import avec_cliche, pris_avant
from .dimensions import DIMENSIONS, VIDE, Noms
from .indicateurs import REGISTRE, calculer, calculer_ensembles, calculer_par_cliche
from .protection import (
    AVEC,
    DEPENDANTS,
    DONT_D_AUTRES_DEPENDENT,
    PAR_SOLUTION,
    SOMMES,
    Protection,
    completer,
    ensemble,
)
from .relation import libelle_campagne
from .secret import TOTAL


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


class Croiseur(Protection):
    """Computes the figures of one page for one reader: same field, crossings computed together, labels read once."""

    def __init__(self, champ, portee):
        super().__init__(avec_cliche(champ, portee), portee)
        self.noms = Noms()
        self._prets, self._totaux = {}, None
        #: May this reader see cells at all, or totals only?
        self.detail = portee.exact or (self.champ.cliche is not None and not self.champ.cliche.attendu)

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
        indicateur = resultat.indicateur
        lien = self.lien(indicateur.code, **filtres)
        return Cellule(resultat.texte, resultat.valeur, lien, genre=indicateur.mesure.genre)

    @cached_property
    def avant(self):
        """The same a year earlier, to the same date."""
        return type(self)(self.champ.precedent, self.portee)

    def totaux(self, codes):
        """{code: (Resultat, visible)} of the whole field."""
        if self.portee.exact or self._totaux_exacts:
            self._totaux = calculer(self.champ, codes, DIMENSIONS)[()]
            return {code: (r, True) for code, r in self._totaux.items()}
        (croise,) = self._croiser_ensemble(codes, [[]])
        return croise[()]

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
        if self.portee.exact:
            tables = self._tables(self.champ, codes, listes, ())
            return [{k: {c: (r, True) for c, r in v.items()} for k, v in lu.items()} for (lu,) in tables]
        if not self.detail:
            montrees = [{c: self._total_seul(len(d)) for c in codes} for d in listes]
            tables = self._tables(self.champ, codes, listes, ())
            return [_dire(lu, m) for (lu,), m in zip(tables, montrees, strict=True)]
        demandes = list(codes)
        if set(codes) & DEPENDANTS:
            demandes += [c for c in (*DONT_D_AUTRES_DEPENDENT, *sorted(SOMMES)) if c not in demandes]
        axe, parts = self._tranche
        listes_protegees = [
            [axe, *(d for d in dimensions if d is not axe)] if axe else dimensions for dimensions in listes
        ]
        memes = self._champ_protege == self.champ
        en_tranche = self.champ.lieu.type == "bassin" and all(x.type == "bassin" for x in self.portee.connus)
        protegees = self._tables(
            self._champ_protege,
            demandes,
            listes_protegees,
            self.cliches,
            comptes=not (memes or en_tranche),
        )
        if memes:
            lues = [etats[0] for etats in protegees]
        elif en_tranche:
            lues = [self._tranche_de(etats[0], d, codes) for etats, d in zip(protegees, listes, strict=True)]
        else:
            lues = [lu for (lu,) in self._tables(self.champ, codes, listes, ())]
        retour = []
        for dimensions, axes, lu, (croise, *autres) in zip(
            listes, listes_protegees, lues, protegees, strict=True
        ):
            if axe:
                completer(lu, croise, dimensions, axes, axe, parts, codes)
            visibles = {c: ensemble(self._visibles(c, axes, croise, autres), axes, croise) for c in demandes}
            visibles = self._sans_difference(visibles, croise, autres)
            visibles = {c: self._par_solution(c, axes, visibles[c]) for c in codes}
            # a part of which the whole holds nobody is a zero that everybody reads: it hides nothing of the others
            peuplees = [part for part in parts if any(cle[0] == part for cle in croise)] or parts
            montrees = {
                c: {k for k in lu if self._montree(k, dimensions, axe, peuplees, visibles[c])} for c in codes
            }
            retour.append(_dire({k: {c: v[c] for c in codes} for k, v in lu.items()}, montrees))
        return retour

    def _tranche_de(self, croise, dimensions, codes):
        """The bassin of the place in the table of all the bassins, as the keys of `dimensions`."""
        ici = self.champ.lieu.code
        lu = {}
        for (bassin, *suite), valeurs in croise.items():
            if bassin == ici:
                autres = iter(suite)
                cle = [ici if d.code == "bassin" else next(autres) for d in dimensions]
                lu[tuple(cle)] = valeurs
                lu[
                    tuple(TOTAL if d.code == "bassin" else v for d, v in zip(dimensions, cle, strict=True))
                ] = valeurs
        lu.setdefault((TOTAL,) * len(dimensions), {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes})
        return lu

    def _tables(self, champ, codes, listes, cliches, comptes=False):
        """For each list of dimensions, its table in each state (the field's own when there is none). comptes: of delays, how
        many jeunes they rest on is enough. Margins are sums of the cells, but for medians, which the database computes."""
        sommees = comptes or all(REGISTRE[c].mesure.genre != "duree" for c in codes)
        ensembles = [
            tuple(d for d, g in zip(dimensions, m, strict=True) if g)
            for dimensions in listes
            for m in _marges(len(dimensions))[: 1 if sommees else None]
        ]
        resultats = calculer_ensembles(champ, codes, DIMENSIONS, ensembles, cliches, comptes)
        par_etat = [iter(r) for r in (resultats if cliches else [resultats])]
        ranger = _sommer if sommees else _ranger
        return [[ranger(r, len(dimensions), codes) for r in par_etat] for dimensions in listes]

    def _croiser_multiple(self, codes, dimensions):
        """With a dimension of several values a jeune: its lines do not add up, so each cell stands for itself; to protected
        readers, alone and over the whole académie only, since its cells do add up over bassins and over other dimensions."""
        par_cliche = [{} for _ in self.cliches]
        for garde in _marges(len(dimensions)):
            if not any(garde) and self._totaux and set(codes) <= set(self._totaux):
                par_cliche[0][(TOTAL,) * len(dimensions)] = self._totaux
                continue
            if not any(garde) and not (self.portee.exact or self._totaux_exacts):
                continue  # shown by no table of such a dimension
            groupes = [d for d, g in zip(dimensions, garde, strict=True) if g]
            for croise, resultats in zip(
                par_cliche,
                calculer_par_cliche(self.champ, codes, DIMENSIONS, groupes, self.cliches),
                strict=True,
            ):
                for cle, valeurs in resultats.items():
                    suite = iter(cle)
                    croise[tuple(next(suite) if g else TOTAL for g in garde)] = valeurs
        zeros = {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes}
        par_cliche[0].setdefault((TOTAL,) * len(dimensions), zeros)
        croise, *autres = par_cliche
        proteges = par_cliche
        if self.portee.connus and self.detail and not self._partiel:
            proteges = calculer_par_cliche(self._champ_protege, codes, DIMENSIONS, dimensions, self.cliches)

        def visible(cle, code):
            if self.portee.exact:
                return True
            if all(valeur is TOTAL for valeur in cle):
                return self._totaux_exacts
            if not self.detail or self._partiel or len(cle) > 1 or TOTAL in cle:
                return False
            # those who told no motive are the rest of all those who did; kinds of solution add up
            if code in DEPENDANTS or cle == ("",) or code in PAR_SOLUTION and AVEC not in PAR_SOLUTION[code]:
                return False
            ici, *ailleurs = [lu.get(cle, zeros)[code] for lu in proteges]
            return self._seul_visible(ici, ailleurs)

        return {k: {c: (r, visible(k, c)) for c, r in v.items()} for k, v in croise.items()}


def _ranger(resultats, axes, codes):
    """One table from the results of its margins, in the order of `_marges`; its total is there even when nobody is in it."""
    croise = {}
    for garde in _marges(axes):
        for cle, valeurs in next(resultats).items():
            suite = iter(cle)
            croise[tuple(next(suite) if g else TOTAL for g in garde)] = valeurs
    croise.setdefault((TOTAL,) * axes, {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes})
    return croise


def _sommer(resultats, axes, codes):
    """The same from the cells alone, whose sums are its margins."""
    cellules = next(resultats)
    croise = dict(cellules)
    for garde in _marges(axes)[1:]:
        groupes = defaultdict(list)
        for cle, valeurs in cellules.items():
            groupes[tuple(v if g else TOTAL for v, g in zip(cle, garde, strict=True))].append(valeurs)
        croise |= {
            k: {c: REGISTRE[c].somme([v[c] for v in lus]) for c in codes} for k, lus in groupes.items()
        }
    croise.setdefault((TOTAL,) * axes, {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes})
    return croise


def _dire(croise, montrees):
    """{key: {code: (Resultat, whether it is shown)}}."""
    return {k: {c: (r, k in montrees[c]) for c, r in v.items()} for k, v in croise.items()}


def _marges(n):
    """Which dimensions each margin keeps: all of them, fewer, none."""
    return list(product((True, False), repeat=n))


def _cle_des(dimensions):
    return tuple(d.code for d in dimensions)
