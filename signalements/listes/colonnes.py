"""Which column is what: usual headings of French school software, groups of merged cells, proposals for the others.

A field of a list is a code (`CHAMPS`). Several columns may bear the same one where it makes sense (`MULTIPLES`): three
phones, an address on two lines.
"""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz import fuzz, process

from qualit.territoire.models import cle_de_tri
from qualit.web.texte import nettoyer_texte

LIGNES_DE_TITRE = 40
"""The headings are looked for among so many rows."""
SEUIL_PROPOSITION = 84
CLE_MAXIMUM = 200


@dataclass(frozen=True)
class Champ:
    """What a column may hold: its label on screen, and its usual headings (the first is the template's)."""

    libelle: str
    titres: tuple
    groupe: str = "Identité"


def _charger():
    with Path(__file__).with_name("titres.csv").open(encoding="utf-8", newline="") as fichier:
        return {
            ligne["champ"]: Champ(
                ligne["libelle"], (ligne["libelle"], *ligne["titres"].split(" | ")), ligne["groupe"]
            )
            for ligne in csv.DictReader(fichier)
        }


#: Sources: headings of the exports of SIECLE/BEE (« Nom de famille », « Date Naissance », « Code MEF »…), Pronote
#: (« Né(e) le », « N° national »…), Charlemagne, Ypareo (« Apprenant », « Date fin »…), Hyperplanning, and what people
#: write in lists of their own. They are in `titres.csv`.
CHAMPS = _charger()
MULTIPLES = frozenset(
    {
        *("telephone", "courriel", "adresse", "autres_prenoms", "motifs", "message"),
        *("resp_telephone", "resp_courriel", "tel_mere", "tel_pere"),
    }
)
#: What the portal never asks nor stores (domaine.md §5): such a column is left out, and the page says so.
INTERDITS = re.compile(
    r"\b(nationalites?|sante|medical|handicaps?|rqth|mdph|pai|ppre|religion|boursiers?|bourses?|quotient|"
    r"situation (?:familiale|sociale|parents?)|pcs|profession|ase|suivi judiciaire|pjj|sanctions?|securite sociale|nir)\b"
)
#: Words of a group of merged cells that turn its columns into those of a legal guardian.
RESPONSABLE = re.compile(
    r"\b(responsables?|resp|representants?|parents?|tuteur|tutrice|famille|contact legal|legal|mere|pere)\b"
)
VERS_RESPONSABLE = {
    "nom_naissance": "resp_nom", "nom_prenom": "resp_nom", "prenom": "resp_prenom", "telephone": "resp_telephone",
    "courriel": "resp_courriel", "adresse": "resp_adresse", "resp_lien": "resp_lien",
}  # fmt: skip


def normaliser(titre):
    """A heading without accents, case, punctuation or doubled spaces: « Né(e) le » → « ne e le »."""
    return re.sub(r"[^a-z0-9]+", " ", cle_de_tri(str(titre or "").replace("œ", "oe"))).strip()


def cle_du_texte(ecrit):
    """The key under which a heading or a value is remembered and found again: normalised, and no longer than the table holds."""
    return normaliser(ecrit)[:CLE_MAXIMUM].rstrip()


_INDEX = {}
for _code, _un in CHAMPS.items():
    for _titre in _un.titres:
        _INDEX.setdefault(normaliser(_titre), _code)


def champ_du_titre(titre, groupe=""):
    """The field of a heading under its group of merged cells ('' without), or '' when it is not a usual one."""
    seul, dessus = normaliser(titre), normaliser(groupe)
    if not seul:
        return _INDEX.get(dessus, "")
    if dessus:
        if trouve := _INDEX.get(f"{dessus} {seul}") or _INDEX.get(f"{seul} {dessus}"):
            return trouve
        if RESPONSABLE.search(dessus):
            trouve = _INDEX.get(seul, "")
            if trouve == "telephone" and "mere" in dessus.split():
                return "tel_mere"
            if trouve == "telephone" and "pere" in dessus.split():
                return "tel_pere"
            return trouve if trouve.startswith("resp_") else VERS_RESPONSABLE.get(trouve, "")
        if "naissance" in dessus.split():
            return {"date": "date_naissance", "le": "date_naissance", "commune": "commune_naissance", "lieu": "commune_naissance",
                    "ville": "commune_naissance", "pays": "commune_naissance"}.get(seul, _INDEX.get(seul, ""))  # fmt: skip
        if {"sortie", "depart"} & set(dessus.split()):
            return {"date": "date_sortie", "le": "date_sortie", "nature": "nature_sortie", "motif": "nature_sortie",
                    "type": "nature_sortie", "motifs": "motifs"}.get(seul, _INDEX.get(seul, ""))  # fmt: skip
    return _INDEX.get(seul, "")


def proposition(titre, groupe=""):
    """A likely field for a heading that is not a usual one, or ''."""
    cherche = normaliser(f"{groupe} {titre}") if RESPONSABLE.search(normaliser(groupe)) else normaliser(titre)
    if len(cherche) < 3 or INTERDITS.search(cherche):
        return ""
    trouve = process.extractOne(
        cherche, _INDEX.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=SEUIL_PROPOSITION
    )
    return _INDEX[trouve[0]] if trouve else ""


@dataclass
class Colonne:
    """One column: its place, its heading (with its group), the field proposed for it ('' for none), and how sure it is.

    origine: 'connue' (usual heading), 'memoire' (this structure said so), 'proposee', 'interdite' or ''.
    """

    rang: int
    titre: str
    champ: str = ""
    origine: str = ""
    exemples: list = field(default_factory=list)

    @property
    def cle(self):
        return cle_du_texte(self.titre)


@dataclass
class Entete:
    """Where the headings are: rows of the file (`debut` is the index of the first row of data), and the columns."""

    feuille: int
    debut: int
    colonnes: list
    autres: list = field(default_factory=list)
    """Names of the other sheets that look like lists: they are not read."""

    def manquants(self):
        """Labels of the fields without which no row can be read."""
        presents = {c.champ for c in self.colonnes}
        manques = []
        if "nom_prenom" not in presents:
            manques += [CHAMPS[c].libelle for c in ("nom_naissance", "prenom") if c not in presents]
        manques += [CHAMPS[c].libelle for c in ("date_naissance",) if c not in presents]
        return manques


def reconnaitre(tableau, memoire=None):
    """Find the headings of a `qualit.echanges.lecture.Tableau`. Returns an `Entete`, or None when no row looks like headings.

    memoire: {normalised heading: field} that the structure chose before.
    """
    memoire = memoire or {}
    meilleure, mieux, notes = None, 0, {}
    for rang, feuille in enumerate(tableau.feuilles):
        for place in range(min(LIGNES_DE_TITRE, len(feuille.lignes))):
            note = _note(feuille.lignes, place, memoire)
            if place + 1 < len(feuille.lignes):
                notes[rang] = max(note, notes.get(rang, 0))
            if note > mieux:
                meilleure, mieux = (rang, place), note
    if meilleure is None or mieux < 2:
        meilleure = _premiere_large(tableau)
        if meilleure is None:
            return None
    rang, place = meilleure
    lignes = tableau.feuilles[rang].lignes
    colonnes = _colonnes(lignes, place, memoire)
    _sans_double(colonnes)
    for colonne in colonnes:
        vus = (
            ligne[1][colonne.rang] for ligne in lignes[place + 1 : place + 60] if colonne.rang < len(ligne[1])
        )
        textes = dict.fromkeys(nettoyer_texte(v)[:40] for v in vus if v is not None)
        colonne.exemples = [t for t in textes if t][:3]
    vides = [c for c in colonnes if not c.titre and not c.exemples]
    autres = [tableau.feuilles[r].nom for r, note in notes.items() if r != rang and 2 <= note >= mieux / 2]
    return Entete(rang, place + 1, [c for c in colonnes if c not in vides], autres)


def _premiere_large(tableau):
    for rang, feuille in enumerate(tableau.feuilles):
        for place in range(min(LIGNES_DE_TITRE, len(feuille.lignes))):
            cellules = [c for c in feuille.lignes[place][1] if isinstance(c, str)]
            if len(cellules) >= 3:
                return rang, place
    return None


def _titres(lignes, place):
    """[(heading, its group)] of the row at this place; the group is the cell above, spread over the merged ones."""
    ici = [nettoyer_texte(c) for c in lignes[place][1]]
    dessus = []
    if place and lignes[place - 1][0] == lignes[place][0] - 1:
        dessus = [nettoyer_texte(c) for c in lignes[place - 1][1]]
        if sum(bool(c) for c in dessus) < 2 and not (dessus and any(dessus[1:])):
            dessus = []  # a title of the page, not a group
    largeur = max(len(ici), len(dessus))
    ici += [""] * (largeur - len(ici))
    dessus += [""] * (largeur - len(dessus))
    titres, courant = [], ""
    for rang in range(largeur):
        courant = dessus[rang] or courant
        titres.append((ici[rang], courant if ici[rang] else dessus[rang]))
    return titres


def _note(lignes, place, memoire):
    """How much a row looks like headings: the number of different fields that it names."""
    if any(isinstance(c, (int, float)) and not isinstance(c, bool) for c in lignes[place][1]):
        return 0
    champs = {
        memoire.get(cle_du_texte(titre or groupe)) or champ_du_titre(titre, groupe)
        for titre, groupe in _titres(lignes, place)
        if titre or groupe
    }
    return len(champs - {""})


def _colonnes(lignes, place, memoire):
    colonnes = []
    for rang, (titre, groupe) in enumerate(_titres(lignes, place)):
        affiche = f"{groupe} : {titre}" if groupe and titre and groupe != titre else titre or groupe
        colonne = Colonne(rang, affiche)
        if (choisi := memoire.get(colonne.cle)) is not None:
            colonne.champ, colonne.origine = choisi if choisi in CHAMPS else "", "memoire"
        elif INTERDITS.search(normaliser(affiche)):
            colonne.origine = "interdite"
        elif trouve := champ_du_titre(titre, groupe):
            colonne.champ, colonne.origine = trouve, "connue"
        elif trouve := proposition(titre, groupe):
            colonne.champ, colonne.origine = trouve, "proposee"
        colonnes.append(colonne)
    return colonnes


def _sans_double(colonnes):
    """The first column that names a field keeps it; a second « Nom » or « Téléphone » after a guardian's is the guardian's."""
    pris = set()
    for colonne in colonnes:
        if not colonne.champ or colonne.champ in MULTIPLES:
            continue
        if colonne.champ in pris:
            autre = VERS_RESPONSABLE.get(colonne.champ, "")
            colonne.champ = autre if autre and autre not in pris and colonne.origine != "memoire" else ""
            colonne.origine = "proposee" if colonne.champ else ""
        if colonne.champ:
            pris.add(colonne.champ)
    if {"nom_naissance", "prenom"} <= pris:
        for colonne in colonnes:
            if colonne.champ == "nom_prenom":
                colonne.champ, colonne.origine = "", ""
