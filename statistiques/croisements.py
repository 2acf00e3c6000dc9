"""Figures crossed by dimensions, each said visible or not for the reader: exact, or protected as a whole (`secret`)."""

from dataclasses import replace
from itertools import product
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from .cellules import SECRET, Cellule
from .dimensions import DIMENSIONS, VIDE, Noms
from .indicateurs import REGISTRE, calculer, calculer_ensembles
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
        self.champ = champ
        self.portee = portee
        self.noms = Noms()
        self.seuil = settings.QUALIT["EFFECTIF_MINIMAL"]
        self._prets, self._totaux = {}, None
        #: May this reader see cells at all, or totals only?
        self.detail = portee.exact or portee.toute_date or champ.en_fin_de_mois

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

    def totaux(self, codes, champ=None):
        """{code: (Resultat, visible)} of the whole field."""
        champ = champ or self.champ
        resultats = calculer(champ, codes, DIMENSIONS)[()]
        if champ == self.champ:
            self._totaux = resultats
        return {code: (r, self.portee.exact or self.total_visible(r)) for code, r in resultats.items()}

    def total_visible(self, resultat):
        """May this total be shown to a reader without nominative access?"""
        if self.portee.totaux and self.champ.lieu.type == "academie" and not self.champ.filtres:
            return True
        genre = resultat.indicateur.mesure.genre
        if genre in {"part", "rapport"}:
            return (
                resultat.base - (resultat.detail or 0) >= self.seuil and (resultat.detail or 0) >= self.seuil
            )
        return resultat.base >= self.seuil

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
        resultats = iter(calculer_ensembles(champ, codes, DIMENSIONS, ensembles))
        retour = []
        for dimensions in listes:
            axes = self._axes(dimensions, tranche, bassin)
            croise = {}
            for garde in _marges(len(axes)):
                for cle, valeurs in next(resultats).items():
                    suite = iter(cle)
                    croise[tuple(next(suite) if g else TOTAL for g in garde)] = valeurs
            if (TOTAL,) * len(axes) not in croise:
                croise[(TOTAL,) * len(axes)] = {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes}
            visibles = None if self.portee.exact else {c: self._visibles(c, croise, tranche) for c in codes}
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
        """With a dimension of several values a jeune: its lines do not add up, so each cell stands for itself."""
        croise = {}
        for garde in _marges(len(dimensions)):
            if not any(garde) and self._totaux and set(codes) <= set(self._totaux):
                croise[(TOTAL,) * len(dimensions)] = self._totaux
                continue
            groupes = [d for d, g in zip(dimensions, garde, strict=True) if g]
            for cle, valeurs in calculer(self.champ, codes, DIMENSIONS, groupes).items():
                suite = iter(cle)
                croise[tuple(next(suite) if g else TOTAL for g in garde)] = valeurs
        vide = self.portee.exact
        return {
            k: {
                c: (r, vide or self.detail and TOTAL not in k and self.total_visible(r)) for c, r in v.items()
            }
            for k, v in croise.items()
        }

    def _visibles(self, code, croise, tranche):
        """Keys of a table that may be shown."""
        part = REGISTRE[code].est_part
        cube = {}
        for cle, valeurs in croise.items():
            if TOTAL in cle:
                continue
            r = valeurs[code]
            if part:
                cube[(*cle, "oui")] = r.detail or 0
                cube[(*cle, "non")] = r.base - (r.detail or 0)
            else:
                cube[cle] = r.base
        exact = self.portee.totaux and not tranche and self.champ.lieu.type == "academie"
        visibles = proteger(cube, self.seuil, total_exact=exact) if self.detail else set()
        if part:
            visibles = {
                c[:-1]
                for c in visibles
                if c[-1] == "oui" and (*c[:-1], "non") in visibles and (*c[:-1], TOTAL) in visibles
            }
        if exact:
            visibles.add((TOTAL,) * len(next(iter(croise))))
        return visibles


def _marges(n):
    """Which dimensions each margin keeps: all of them, fewer, none."""
    return list(product((True, False), repeat=n))


def _cle_des(dimensions):
    return tuple(d.code for d in dimensions)
