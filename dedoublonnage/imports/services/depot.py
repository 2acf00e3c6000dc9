"""A list is dropped, its columns and its values are said, its reading may start; or it is abandoned."""

from collections import Counter

from django.db import transaction

from qualit.echanges.lecture import SANS_VALEUR, FichierIllisible, lire
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.web.texte import nettoyer_texte
from signalements.listes import colonnes as reconnaissance
from signalements.listes.colonnes import CHAMPS, Colonne, normaliser
from signalements.listes.lignes import EXIGES, NOMENCLATURES, Lecteur
from signalements.listes.valeurs import texte

from .. import memoire
from ..modeles import Correspondance, Import, ImportImpossible
from .communs import mettre

Etape = Import.Etape
VALEURS_MAXIMUM = 60


def deposer(structure, nom, contenu, *, par):
    """Open a file and find its columns. Returns an `Import`; raises FichierIllisible, and then nothing is stored."""
    nom = nettoyer_texte(nom.replace("\\", "/").rsplit("/", 1)[-1])[:120] or "liste"
    tableau = lire(contenu, nom)
    titres, _, _ = memoire.lire(structure)
    entete = reconnaissance.reconnaitre(tableau, titres)
    if entete is None:
        raise FichierIllisible(
            "Aucune ligne de titres n’est reconnue : la liste doit avoir des colonnes telles que « Nom », « Prénom », "
            "« Date de naissance »."
        )
    total = len(tableau.feuilles[entete.feuille].lignes) - entete.debut
    if total < 1:
        raise FichierIllisible("Ce fichier n’a aucune ligne sous ses titres.")
    with transaction.atomic():
        lot = Import.objects.create(
            structure=structure,
            auteur=par,
            nom_fichier=nom,
            contenu=contenu,
            feuille=entete.feuille,
            debut=entete.debut,
            colonnes=[vars(c) for c in entete.colonnes],
            total=total,
            bilan={"autres_feuilles": entete.autres},
        )
        noter(Action.ECRITURE, "import_depose", lot, par=par, lignes=total)
    return lot


def colonnes(lot):
    """The `Colonne`s of an import."""
    return [Colonne(**c) for c in lot.colonnes]


def lignes_du_fichier(lot):
    """[(number, cells)] of the data rows, read again from the file."""
    return lire(bytes(lot.contenu), lot.nom_fichier).feuilles[lot.feuille].lignes[lot.debut :]


def choisir_colonnes(lot, champs, defauts, *, par):
    """Say which column is what: {rank: field or ''}, and the values for the whole list. Remembered for the structure.

    Raises ImportImpossible when a demanded field has neither.
    """
    siennes = colonnes(lot)
    pris = set()
    for colonne in siennes:
        champ = champs.get(colonne.rang, "")
        champ = champ if champ in CHAMPS else ""
        if champ and champ in pris and champ not in reconnaissance.MULTIPLES:
            raise ImportImpossible(f"Deux colonnes sont « {CHAMPS[champ].libelle} » : n’en gardez qu’une.")
        pris.add(champ)
        if champ != colonne.champ:
            colonne.origine = "memoire"
        colonne.champ = champ
    defauts = {c: v for c, v in defauts.items() if v}
    manques = manquants(siennes, defauts)
    if manques:
        raise ImportImpossible(f"Dites quelle colonne donne : {', '.join(manques)}.")
    portees = Counter(c.cle for c in siennes)  # a heading borne by two columns says nothing of the next list
    with transaction.atomic():
        memoire.retenir(
            lot.structure,
            memoire.TITRES,
            {c.cle: c.champ for c in siennes if c.origine == "memoire" and portees[c.cle] == 1},
        )
        mettre(lot, {Etape.COLONNES, Etape.VALEURS, Etape.PRET}, Etape.VALEURS,
                colonnes=[vars(c) for c in siennes], defauts=defauts)  # fmt: skip
        noter(Action.ECRITURE, "import_colonnes", lot, par=par)


def manquants(siennes, defauts):
    """Labels of the demanded fields that no column nor value for the whole list gives."""
    presents = {c.champ for c in siennes} | {c for c, v in defauts.items() if v}
    if "nom_prenom" in presents:
        presents |= {"nom_naissance", "prenom"}
    if "nom_usage" in presents:
        presents.add("nom_naissance")
    return [CHAMPS[c].libelle for c in EXIGES if c not in presents]


def valeurs_a_dire(lot):
    """What the file says that is not understood, and the classes whose formation the structure never said.

    Returns ({field: [(text, number of rows, likely code, [(code, label)])]}, [(class, number of rows, formation)]).
    What the structure said already is there too when the rows were read once: the user came back to correct something.
    """
    lecteur = lecteur_de(lot)
    dites = _deja_dites(lot)
    inconnues, classes = {c: {} for c in NOMENCLATURES}, {}
    avec_formation = any(c.champ == "formation" for c in lecteur.colonnes)
    for _, cellules in lignes_du_fichier(lot):
        for colonne in lecteur.colonnes:
            if colonne.rang >= len(cellules) or cellules[colonne.rang] in (None, SANS_VALEUR):
                continue
            if colonne.champ in NOMENCLATURES:
                ecrit = texte(cellules[colonne.rang])
                if (
                    lecteur.listes[colonne.champ].code(ecrit) is None
                    or (colonne.champ, normaliser(ecrit)) in dites
                ):
                    inconnues[colonne.champ][ecrit] = inconnues[colonne.champ].get(ecrit, 0) + 1
            elif colonne.champ == "classe" and not avec_formation:
                ecrit = texte(cellules[colonne.rang])
                if (
                    normaliser(ecrit) in lecteur.formations
                    and (memoire.FORMATIONS, normaliser(ecrit)) not in dites
                ):
                    continue
                classes[ecrit] = classes.get(ecrit, 0) + 1
    dire = {}
    for champ, textes in inconnues.items():
        liste = lecteur.listes[champ]
        if textes:
            plus = sorted(textes.items(), key=lambda t: (-t[1], t[0]))[:VALEURS_MAXIMUM]
            dire[champ] = [
                (ecrit, n, liste.code(ecrit) or liste.proposition(ecrit), liste.termes) for ecrit, n in plus
            ]
    plus = sorted(classes.items(), key=lambda t: (-t[1], t[0]))[:VALEURS_MAXIMUM]
    return dire, [(ecrit, n, lecteur.formations.get(normaliser(ecrit), "")) for ecrit, n in plus]


def _deja_dites(lot):
    """{(field, text)} that the structure said itself: asked again, as said, when the user comes back from the rows read."""
    if not lot.lignes.exists():
        return set()
    return set(Correspondance.objects.filter(structure=lot.structure).values_list("champ", "texte"))


def choisir_valeurs(lot, valeurs, formations, *, par):
    """Say what values mean ({field: {text: code}}) and which formation each class follows; then the reading may start."""
    with transaction.atomic():
        for champ, associations in valeurs.items():
            memoire.retenir(
                lot.structure, champ, {normaliser(t): code for t, code in associations.items() if code}
            )
            memoire.oublier(
                lot.structure, champ, [normaliser(t) for t, code in associations.items() if not code]
            )
        memoire.retenir(lot.structure, memoire.FORMATIONS, {normaliser(c): f for c, f in formations.items()})
        demarrer_lecture(lot, par=par)


def demarrer_lecture(lot, *, par):
    """Read the rows (again): nothing is sent."""
    _, correspondances, formations = memoire.lire(lot.structure)
    with transaction.atomic():
        lot.lignes.all().delete()
        mettre(lot, {Etape.COLONNES, Etape.VALEURS, Etape.PRET}, Etape.LECTURE, faites=0,
                correspondances=correspondances, formations=formations)  # fmt: skip
        noter(Action.ECRITURE, "import_lecture", lot, par=par)


def lecteur_de(lot):
    """The reader of the rows of an import, with what its structure said."""
    correspondances, formations = lot.correspondances, lot.formations
    if lot.etape in (Etape.COLONNES, Etape.VALEURS):
        _, correspondances, formations = memoire.lire(lot.structure)
    return Lecteur(
        colonnes(lot),
        lot.structure,
        defauts=lot.defauts,
        correspondances=correspondances,
        formations=formations,
    )


def revenir_aux_colonnes(lot):
    """Leave a reading whose file can no longer be opened: the user may say the columns again, or abandon."""
    with transaction.atomic():
        lot.lignes.all().delete()
        mettre(lot, {Etape.VALEURS, Etape.LECTURE, Etape.PRET}, Etape.COLONNES, faites=0)


@transaction.atomic
def abandonner(lot, *, par):
    """Forget an import that was not confirmed: file and rows go."""
    if not Import.objects.filter(
        pk=lot.pk, etape__in=[Etape.COLONNES, Etape.VALEURS, Etape.LECTURE, Etape.PRET]
    ).exists():
        raise ImportImpossible("Cet import est confirmé : il ne peut plus être abandonné.")
    noter(Action.ECRITURE, "import_abandonne", lot, par=par)
    lot.delete()
