"""Tables of figures, ready to be shown, drawn, exported or printed. One builder for exact and for protected readers."""

from functools import cached_property

from django.db.models import OuterRef, Subquery

from qualit.territoire.models import Bassin

from .cellules import Barre, Cellule, Libelle, Tableau, cellule_secrete, chiffre, note_des_masques
from .croisements import Croiseur
from .dimensions import DIMENSIONS, dimensions_pour
from .indicateurs import FAMILLES, REGISTRE, codes_de, codes_pour, formater
from .models import Episode, Population
from .relation import libelle_campagne
from .releves import couvertures, missions
from .secret import TOTAL, proteger

#: Tables of those out of scope, by their code in addresses: the dimension that tells the source.
HORS_CHAMP_PAR = {"hors_champ_type": "type_structure", "hors_champ_mode": "origine"}


class Constructeur(Croiseur):
    """Builds the tables of one page."""

    def repartition(self, code_dimension, *, avec=("avec_solution",)):
        """The jeunes by one dimension: number, share, and other indicators. With bars."""
        dimension = DIMENSIONS[code_dimension]
        codes = ["jeunes", *avec]
        croise = self.croiser(codes, [dimension])
        total, total_visible = croise.get((TOTAL,), {}).get("jeunes", (None, False))
        cles = self.noms.ordonner(dimension, [k[0] for k, v in croise.items() if k[0] is not TOTAL])
        cles = [c for c in cles if croise[(c,)]["jeunes"][0].valeur or croise[(c,)]["jeunes"][1] is False]
        lignes, barres = [], []
        haut = max([croise[(c,)]["jeunes"][0].valeur for c in cles if croise[(c,)]["jeunes"][1]], default=0)
        for cle in cles:
            nom = self.noms(dimension, cle)
            resultat, visible = croise[(cle,)]["jeunes"]
            part = resultat.valeur / total.valeur if total and total.valeur else None
            filtre = {code_dimension: cle}
            cellules = [self.cellule(resultat, visible, **filtre)]
            cellules.append(chiffre("part", part, visible and total_visible))
            cellules += [self.cellule(*croise[(cle,)][c], **filtre) for c in avec]
            lignes.append([nom, *cellules])
            if visible:
                barres.append(
                    Barre(nom, 100 * resultat.valeur / haut if haut else 0, resultat.texte, cellules[0].url)
                )
        colonnes = [dimension.libelle, "Jeunes repérés", "Part", *(REGISTRE[c].libelle for c in avec)]
        note = "" if not dimension.multiple else "Un jeune peut figurer dans plusieurs lignes."
        note = f"{note} {note_des_masques(lignes)}".strip()
        return Tableau(code_dimension, dimension.libelle, colonnes, lignes, note, barres)

    def croisement(self, indicateur, code_ligne, code_colonne=None):
        """One indicator by one or two dimensions, with its margins."""
        if code_colonne is None:
            return self._simple(indicateur, code_ligne)
        ligne_d, colonne_d = DIMENSIONS[code_ligne], DIMENSIONS[code_colonne]
        croise = self.croiser([indicateur], [ligne_d, colonne_d])
        lignes_c = self.noms.ordonner(
            ligne_d, {k[0] for k in self._utiles(croise, indicateur) if k[1] is TOTAL} - {TOTAL}
        )
        colonnes_c = self.noms.ordonner(
            colonne_d, {k[1] for k in self._utiles(croise, indicateur) if k[0] is TOTAL} - {TOTAL}
        )
        vide = (REGISTRE[indicateur].resultat((0, 0, 0)), self.portee.exact)

        def case(a, b):
            filtre = {code: v for code, v in ((code_ligne, a), (code_colonne, b)) if v is not TOTAL}
            return self.cellule(*croise.get((a, b), {}).get(indicateur, vide), **filtre)

        lignes = [
            [self.noms(ligne_d, a), *(case(a, b) for b in colonnes_c), case(a, TOTAL)] for a in lignes_c
        ]
        if lignes:
            lignes.append(["Ensemble", *(case(TOTAL, b) for b in colonnes_c), case(TOTAL, TOTAL)])
        titre = f"{REGISTRE[indicateur].libelle} : {ligne_d.libelle.lower()} × {colonne_d.libelle.lower()}"
        colonnes = [ligne_d.libelle, *(self.noms(colonne_d, b) for b in colonnes_c), "Ensemble"]
        return Tableau("croisement", titre, colonnes, lignes, note_des_masques(lignes))

    @staticmethod
    def _utiles(croise, indicateur):
        """Keys of the lines that hold something, or that are hidden (a missing line would say zero)."""
        return {k for k, v in croise.items() if v[indicateur][0].base or not v[indicateur][1]}

    def _simple(self, indicateur, code_ligne):
        dimension = DIMENSIONS[code_ligne]
        croise = self.croiser([indicateur], [dimension])
        cles = self.noms.ordonner(dimension, {k[0] for k in self._utiles(croise, indicateur)} - {TOTAL})
        lignes, barres = [], []
        nombres = [croise[(c,)][indicateur][0].valeur or 0 for c in cles if croise[(c,)][indicateur][1]]
        haut = max(nombres, default=0)
        for cle in cles:
            r, visible = croise[(cle,)][indicateur]
            c = self.cellule(r, visible, **{code_ligne: cle})
            lignes.append([self.noms(dimension, cle), c])
            if visible and haut:
                barres.append(Barre(self.noms(dimension, cle), 100 * (r.valeur or 0) / haut, r.texte, c.url))
        if lignes:
            lignes.append(["Ensemble", self.cellule(*croise[(TOTAL,)][indicateur])])
        titre = f"{REGISTRE[indicateur].libelle} par {dimension.libelle.lower()}"
        return Tableau(
            "croisement",
            titre,
            [dimension.libelle, REGISTRE[indicateur].libelle],
            lignes,
            note_des_masques(lignes),
            barres,
        )

    @cached_property
    def compare(self):
        """Does the portal hold anything of the campaign before? Else its zeros would be read as figures."""
        return Episode.objects.filter(campagne=self.champ.campagne - 1).exists()

    def _ancien(self, resultat, visible):
        """A figure of the campaign before."""
        genre = resultat.indicateur.mesure.genre
        return chiffre(genre, resultat.valeur, visible) if self.compare else Cellule("–")

    @property
    def noms_bassins(self):
        return self.noms.bassins

    def toutes_les_familles(self):
        """({family: Tableau}, figures, figures of a year earlier): two queries for all the indicators."""
        codes = codes_pour(self.champ.lieu)
        ici, avant = self.totaux(codes), self.avant.totaux(codes)
        familles = [f for f in FAMILLES if any(REGISTRE[c].famille == f for c in codes)]
        return {f: self._famille(f, ici, avant) for f in familles}, ici, avant

    def _famille(self, famille, ici, avant):
        """The indicators of a family: now, and a year earlier to the same date."""
        duree = famille == "delais"
        lignes = []
        for code in [c for c in ici if REGISTRE[c].famille == famille]:
            (resultat, visible), (ancien, ancien_visible) = ici[code], avant[code]
            ligne = [Libelle.de(REGISTRE[code]), self.cellule(resultat, visible)]
            if duree:
                decile = chiffre("duree", resultat.detail, visible)
                decile.url = ligne[1].url  # both are read in the same list
                ligne.append(decile)
            elif resultat.indicateur.est_part:
                texte = f"{formater('effectif', resultat.detail)} sur {formater('effectif', resultat.base)}"
                ligne.append(cellule_secrete(texte, visible))
            else:
                ligne.append(Cellule(""))
            ligne.append(self._ancien(ancien, ancien_visible))
            compare = self.compare and visible and ancien_visible
            ligne.append(_ecart(resultat, ancien) if compare else Cellule("–"))
            lignes.append(ligne)
        colonnes = ["Délai", "Médiane", "Neuvième décile"] if duree else ["Indicateur", "Valeur", "Effectifs"]
        colonnes += [f"{libelle_campagne(self.champ.campagne - 1)}, même date", "Écart"]
        return Tableau(famille, FAMILLES[famille], colonnes, lignes, note_des_masques(lignes))

    def repartitions(self, codes, avec=("avec_solution",)):
        """One `Tableau` a dimension."""
        return [self.repartition(c, avec=avec) for c in codes]

    def par_mois(self):
        """Reports by month, this campaign and the one before."""
        dimension = DIMENSIONS["mois"]
        ici = self.croiser(["jeunes"], [dimension])
        precedent = self.avant.croiser(["jeunes"], [dimension])
        mois = [m for m in dimension.codes if (m,) in ici or (m,) in precedent]
        tous = [
            v["jeunes"][0].valeur
            for d in (ici, precedent)
            for k, v in d.items()
            if k[0] is not TOTAL and v["jeunes"][1]
        ]
        haut = max(tous, default=0)
        lignes, barres = [], []
        zero = (REGISTRE["jeunes"].resultat((0, 0, 0)), self.portee.exact)
        for m in mois:
            r, visible = ici.get((m,), {}).get("jeunes", zero)
            a, avant_visible = precedent.get((m,), {}).get("jeunes", zero)
            nom = dimension.nom(m)
            c = self.cellule(r, visible, mois=m)
            lignes.append([nom, c, self._ancien(a, avant_visible)])
            if haut and visible:
                barres.append(
                    Barre(
                        nom,
                        100 * r.valeur / haut,
                        r.texte,
                        c.url,
                        100 * a.valeur / haut if avant_visible and self.compare else None,
                    )
                )
        colonnes = ["Mois", libelle_campagne(self.champ.campagne), libelle_campagne(self.champ.campagne - 1)]
        legende = f"barre pleine : {colonnes[1]} ; trait : {colonnes[2]}, à la même date"
        return Tableau(
            "mois",
            "Premiers signalements par mois",
            colonnes,
            lignes,
            note_des_masques(lignes),
            barres,
            legende,
        )

    @cached_property
    def _bassins(self):
        """[(id, code, name, young people of 16 to 18 or None)] of the place."""
        lieu = self.champ.lieu
        effectif = Population.objects.filter(campagne=self.champ.campagne, bassin=OuterRef("pk"))
        lus = Bassin.objects.annotate(n=Subquery(effectif.values("effectif")))
        tous = list(lus.values_list("pk", "code", "nom", "n", "academie_id"))
        self.noms.retenir("bassin", {code: nom for _, code, nom, *_ in tous})
        parmi = {lieu.id} if lieu.type == "bassin" else set(lieu.bassins)
        return [b[:4] for b in tous if b[4] == lieu.academie_id and (not parmi or b[0] in parmi)]

    @property
    def codes_bassins(self):
        return [code for _, code, *_ in self._bassins]

    def taux(self, jeunes):
        """Jeunes per thousand young people of 16 to 18 living in the place; None when its population is not loaded."""
        population = sum(n or 0 for *_, n in self._bassins)
        return 1000 * jeunes / population if population else None

    def masse_et_taux(self):
        """By bassin: jeunes (mass), with a solution, per thousand young people living there (rate), coverage."""
        bassins = {code: (pk, n) for pk, code, _, n in self._bassins}
        croise = self.croiser(["jeunes", "avec_solution"], [DIMENSIONS["bassin"]])
        lignes, taux_par_bassin = [], {}
        for code in self.noms.ordonner(
            DIMENSIONS["bassin"], ({k[0] for k in croise} | set(bassins)) - {TOTAL}
        ):
            pk, population = bassins.get(code, (None, None))
            chiffres = croise.get((code,)) or self.zeros(("jeunes", "avec_solution"))
            jeunes, visible = chiffres["jeunes"]
            taux = 1000 * jeunes.valeur / population if population else None
            if visible:
                taux_par_bassin[code] = taux
            nom = self.noms(DIMENSIONS["bassin"], code)
            lignes.append(self._masse(nom, chiffres, population, taux, self.couvertures.get(pk), bassin=code))
        total = croise.get((TOTAL,)) or self.zeros(("jeunes", "avec_solution"))
        population = sum(n or 0 for _, n in bassins.values()) or None
        taux = self.taux(total["jeunes"][0].valeur)
        lignes.append(self._masse("Ensemble", total, population, taux, self.couvertures.get(None)))
        repondu = Libelle.de(REGISTRE["couverture"], "Établissements ayant répondu")
        colonnes = ["Bassin", *(Libelle.de(REGISTRE[c]) for c in ("jeunes", "avec_solution")),
                    "Jeunes de 16 à 18 ans", "Pour 1 000 jeunes", repondu]  # fmt: skip
        note = (
            "Les villes portent le nombre, les cantons ruraux les taux les plus forts : lire les deux. "
            + note_des_masques(lignes)
        )
        tableau = Tableau("bassins", "Nombre et taux par bassin", colonnes, lignes, note.strip())
        return tableau, taux_par_bassin, croise

    def zeros(self, codes):
        return {c: (REGISTRE[c].resultat((0, 0, 0)), self.portee.exact) for c in codes}

    def _masse(self, nom, chiffres, population, taux, couverture, **filtre):
        return [
            nom,
            self.cellule(*chiffres["jeunes"], **filtre),
            self.cellule(*chiffres["avec_solution"], **filtre),
            chiffre("effectif", population),
            chiffre("taux", taux, chiffres["jeunes"][1]),
            self.cellule_de_couverture(couverture, **filtre),
        ]

    def cellule_de_couverture(self, couverture, **filtre):
        """ "12 sur 14", which opens the list of the two; "–" where nothing is expected."""
        if couverture is None or not couverture.base:
            return Cellule("–")
        r = couverture
        return Cellule(f"{r.detail} sur {r.base}", url=self.lien("couverture", **filtre))

    @cached_property
    def couvertures(self):
        """{bassin id, None for the place: `Resultat`, the share of the structures expected that answered}."""
        return couvertures(self.champ)

    @property
    def couverture(self):
        """(structures that answered, structures expected) of the place; None where nothing is expected."""
        r = self.couvertures.get(None)
        return r and (r.detail, r.base)

    @cached_property
    def missions(self):
        """[(code, name, {indicator: `Resultat`})] of the commissioned structures; the whole place first, under None."""
        return missions(self.champ)[0]

    def operateurs(self):
        """By commissioned structure: accepted, refused, expired, days to answer."""
        suites = ("missions_acceptees", "missions_refusees", "missions_expirees", "missions_en_attente")
        visibles = None
        if self.portee.exact:
            brutes = self.missions[1:]
        else:
            lues, *autres = missions(self._champ_protege, self.cliches)
            brutes = lues[1:] if self._champ_protege == self.champ else self.missions[1:]
            cube, *autres_cubes = [
                {(code, s): chiffres[s].valeur for code, _, chiffres in lu[1:] for s in suites}
                for lu in (lues, *autres)
            ]
            visibles = proteger(cube, self.seuil, autres=autres_cubes) if self.detail else set()
        lignes = []
        for code, nom, chiffres in brutes:
            ligne = [
                self.cellule(chiffres[s], visibles is None or (code, axe) in visibles, mission_de=code)
                for s, axe in (("missions", TOTAL), *((s, s) for s in suites))
            ]
            delai = chiffres["delai_reponse"]
            montre = visibles is None or (code, TOTAL) in visibles and delai.base >= self.seuil
            ligne.append(self.cellule(delai, montre, mission_de=code))
            decile = chiffre("duree", delai.detail, montre)
            decile.url = ligne[-1].url
            ligne.append(decile)
            lignes.append([nom, *ligne])
        colonnes = ["Structure", *(Libelle.de(REGISTRE[c]) for c in codes_de("missions"))]
        colonnes[-1:] = [
            Libelle.de(REGISTRE["delai_reponse"], "Réponse : médiane"),
            "Réponse : 9e décile",
        ]
        return Tableau(
            "operateurs", "Réponses des structures missionnées", colonnes, lignes, note_des_masques(lignes)
        )

    def hors_champ(self):
        """Those who "n'étaient pas sortis" and the others out of scope, by what reported them: [`Tableau`], each beside the
        jeunes counted from the same source."""
        codes = ["jeunes", "pas_sortis", "hors_champ"]
        permises = dimensions_pour(self.champ.lieu, self.portee.exact)
        par = {nom: permises[code] for nom, code in HORS_CHAMP_PAR.items() if code in permises}
        dimensions = list(par.values())
        croisements = [self.croiser(codes, [d]) for d in dimensions]
        tableaux = []
        for (nom, dimension), croise in zip(par.items(), croisements, strict=True):
            utiles = {k[0] for c in codes for k in self._utiles(croise, c)} - {TOTAL}
            lignes = [
                [
                    self.noms(dimension, cle),
                    *(self.cellule(*croise[(cle,)][c], **{dimension.code: cle}) for c in codes),
                ]
                for cle in self.noms.ordonner(dimension, utiles)
            ]
            if lignes:
                lignes.append(["Ensemble", *(self.cellule(*croise[(TOTAL,)][c]) for c in codes)])
            colonnes = [dimension.libelle, *(Libelle.de(REGISTRE[c]) for c in codes)]
            titre = f"Hors champ, par {dimension.libelle.lower()}"
            tableaux.append(Tableau(nom, titre, colonnes, lignes, note_des_masques(lignes)))
        return tableaux

    def matrice(self):
        """Residence × training: where the jeunes of each bassin were trained."""
        tableau = self.croisement("jeunes", "bassin", "bassin_formation")
        tableau.code, tableau.titre = (
            "matrice",
            "Bassin de résidence (lignes) et bassin de formation (colonnes)",
        )
        return tableau


def _ecart(resultat, ancien):
    """What changed: points between shares, days between delays, a share of what was counted."""
    if resultat.valeur is None or ancien.valeur is None:
        return Cellule("–")
    ecart = resultat.valeur - ancien.valeur
    genre = resultat.indicateur.mesure.genre
    if genre in {"part", "rapport"}:
        return Cellule(f"{ecart * 100:+.1f}".replace(".", ",") + " pt", 100 * ecart, genre="points")
    if genre == "duree":
        texte = f"{ecart:+.1f}".replace(".", ",").removesuffix(",0") + "\u00a0j"
        return Cellule(texte, ecart, genre=genre)
    if not ancien.valeur:
        return Cellule(f"{ecart:+,}".replace(",", "\u202f"), ecart, genre="effectif")
    part = ecart / ancien.valeur
    return Cellule(f"{100 * part:+.1f}".replace(".", ",") + "\u202f%", part, genre="part")
