"""Read a small table that people upload (CSV, XLSX, ODS), and give back the lines that were refused. Opened as any upload
is, by `echanges`: headers and rows of text."""

from qualit.echanges.lecture import SANS_RESULTAT, SANS_VALEUR, FichierIllisible, lire
from qualit.echanges.tableaux import Colonne, telecharger
from qualit.territoire.models import cle_de_tri
from qualit.web.texte import nettoyer_texte

__all__ = ["FichierIllisible", "lire_tableau", "refus_en_fichier"]

LIGNES_MAXIMUM = 5000
COLONNES_MAXIMUM = 60
MOTIF = "motif_du_refus"  # what `refus_en_fichier` adds


def lire_tableau(contenu, nom):
    """Rows of the first sheet as dicts {normalised header: cleaned text}, with `_ligne`, the line number in the file.

    contenu: bytes; nom: the file's name. Raises FichierIllisible, its message for the user.
    """
    lues = lire(contenu, nom).feuilles[0].lignes[: LIGNES_MAXIMUM + 50]
    if vide := next((numero for numero, cellules in lues if SANS_VALEUR in cellules), None):
        raise FichierIllisible(f"Ligne {vide}, une case est à revoir : {SANS_RESULTAT}")
    lignes = [(numero, [_cellule(c) for c in cellules[:COLONNES_MAXIMUM]]) for numero, cellules in lues]
    rang = next((r for r, (_, ligne) in enumerate(lignes[:20]) if sum(bool(c) for c in ligne) >= 2), None)
    if rang is None:
        raise FichierIllisible(f"« {nettoyer_texte(nom)[:60]} » ne contient pas de ligne de titres.")
    entetes = [cle_de_tri(c).strip().replace(" ", "_").replace("-", "_") for c in lignes[rang][1]]
    doubles = {e for e in entetes if e and entetes.count(e) > 1}
    if doubles:
        raise FichierIllisible(f"Colonne en double : {', '.join(sorted(doubles))}.")
    sortie = []
    for numero, ligne in lignes[rang + 1 :]:
        if any(ligne):
            ligne = [*ligne, *[""] * (len(entetes) - len(ligne))]
            valeurs = dict(zip(entetes, ligne, strict=False))
            valeurs.pop("", None)
            sortie.append(valeurs | {"_ligne": numero})
    if not sortie:
        raise FichierIllisible("Ce fichier n’a aucune ligne sous ses titres.")
    if len(sortie) > LIGNES_MAXIMUM:
        raise FichierIllisible(f"Ce fichier dépasse {LIGNES_MAXIMUM} lignes : partagez-le.")
    return sortie


def refus_en_fichier(request, nom, refusees):
    """The refused lines as a file when ?format= asks for one, else None: their columns as received, and the reason.

    refusees: [(row of `lire_tableau`, reason)]. The file is read back as it is: the reason is no column of an import.
    """
    entetes = dict.fromkeys(cle for ligne, _ in refusees for cle in ligne if cle not in ("_ligne", MOTIF))
    colonnes = [Colonne(e, lambda refus, e=e: refus[0].get(e, ""), 24) for e in entetes]
    colonnes.append(Colonne("Motif du refus", lambda refus: refus[1], 60))
    return telecharger(request, nom, "Lignes refusées", colonnes, refusees, droit=None)


def _cellule(valeur):
    return "" if valeur is None else nettoyer_texte(str(valeur))[:300]
