"""A list is dropped, its columns and its values are said, its reading may start; or it is abandoned."""

from collections import Counter, defaultdict

from django.db import transaction

from qualit.echanges.lecture import SANS_VALEUR, FichierIllisible, lire
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.web.texte import nettoyer_texte
from signalements.listes import colonnes as reconnaissance
from signalements.listes.colonnes import CHAMPS, Colonne, cle_du_texte
from signalements.listes.lignes import EXIGES, NOMENCLATURES, Lecteur

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
    lecteur, dites = lecteur_de(lot), _deja_dites(lot)
    demandes = {*NOMENCLATURES} if "formation" in lecteur.presents else {*NOMENCLATURES, memoire.FORMATIONS}
    # by key: two writings of one text are one question
    nombres, ecritures = defaultdict(Counter), {}

    def comprise(champ, cle):
        if champ == memoire.FORMATIONS:
            return cle in lecteur.formations
        return lecteur.listes[champ].code(cle) is not None

    for _, cellules in lignes_du_fichier(lot):
        for colonne in lecteur.colonnes:
            champ = memoire.FORMATIONS if colonne.champ == "classe" else colonne.champ
            vide = colonne.rang >= len(cellules) or cellules[colonne.rang] in (None, SANS_VALEUR)
            if vide or champ not in demandes:
                continue
            for ecrit in lecteur.ecrits(champ, cellules[colonne.rang]):
                cle = cle_du_texte(ecrit)
                if cle and (not comprise(champ, cle) or (champ, cle) in dites):
                    nombres[champ][cle] += 1
                    ecritures.setdefault(cle, ecrit)

    def plus_frequents(champ):
        return sorted(nombres[champ].items(), key=lambda t: (-t[1], t[0]))[:VALEURS_MAXIMUM]

    dire = {}
    for champ in NOMENCLATURES:
        liste = lecteur.listes[champ]
        if textes := plus_frequents(champ):
            dire[champ] = [
                (ecritures[cle], n, liste.code(cle) or liste.proposition(cle), liste.termes)
                for cle, n in textes
            ]
    return dire, [
        (ecritures[cle], n, lecteur.formations.get(cle, "")) for cle, n in plus_frequents(memoire.FORMATIONS)
    ]


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
                lot.structure, champ, {cle_du_texte(t): code for t, code in associations.items() if code}
            )
            memoire.oublier(
                lot.structure, champ, [cle_du_texte(t) for t, code in associations.items() if not code]
            )
        memoire.retenir(
            lot.structure, memoire.FORMATIONS, {cle_du_texte(c): f for c, f in formations.items()}
        )
        demarrer_lecture(lot, par=par)


def demarrer_lecture(lot, *, par):
    """Read the rows (again): nothing is sent."""
    _, correspondances, formations = memoire.lire(lot.structure)
    with transaction.atomic():
        mettre(lot, {Etape.COLONNES, Etape.VALEURS, Etape.PRET}, Etape.LECTURE, faites=0,
                correspondances=correspondances, formations=formations)  # fmt: skip
        lot.lignes.all().delete()  # once the import is held: those of a reading sent twice are there to be seen
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
        mettre(lot, {Etape.VALEURS, Etape.LECTURE, Etape.PRET}, Etape.COLONNES, faites=0)
        lot.lignes.all().delete()


@transaction.atomic
def abandonner(lot, *, par):
    """Forget an import that was not confirmed: file and rows go."""
    lot.tenir(
        *(Etape.COLONNES, Etape.VALEURS, Etape.LECTURE, Etape.PRET),
        refus="Cet import est confirmé : il ne peut plus être abandonné.",
    )
    noter(Action.ECRITURE, "import_abandonne", lot, par=par)
    lot.delete()
