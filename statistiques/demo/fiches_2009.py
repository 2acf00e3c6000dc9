"""Invented paper slips of the campaign 2009-2010, with their truth.

Three figures come from the note of the experiment: 2 130 jeunes, 72 % of them with a solution, 70 % of them first
reported from September to December. The slips are shaped so that the truth is those figures; names, dates,
structures and answers are invented.
"""

import csv
import random
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from .personnes import FIXTURES, Taux, Urne, communes_academie, generer, saisies

DOSSIER = FIXTURES / "reprise_2009"
CAMPAGNE = 2009
DEBUT, FIN = date(2009, 7, 1), date(2010, 6, 30)
GRAINE = 2009
JEUNES = 2130
FICHES = 2350
PART_AVEC_SOLUTION = 0.72
PART_SEPTEMBRE_DECEMBRE = 0.70

#: weight of the months, apart for the two parts of the year
AUTOMNE = {(2009, 9): 38, (2009, 10): 31, (2009, 11): 19, (2009, 12): 12}
RESTE = {
    (2009, 7): 10,
    (2009, 8): 3,
    (2010, 1): 30,
    (2010, 2): 13,
    (2010, 3): 13,
    (2010, 4): 17,
    (2010, 5): 8,
    (2010, 6): 6,
}
SOLUTIONS = {
    "retour_meme_etablissement": 8,
    "retour_autre_etablissement": 14,
    "preparation_examen": 3,
    "cned": 1,
    "mlds_action": 18,
    "apprentissage": 15,
    "contrat_pro": 2,
    "region_qualifiante": 4,
    "region_prequalifiante": 9,
    "region_remobilisation": 5,
    "e2c": 2,
    "epide": 2,
    "civis": 10,
    "emploi_durable": 1,
    "emploi_court": 5,
    "france_travail": 1,
}
SANS_SOLUTION = {"sans_solution": 60, "refus": 12, "injoignable": 20, "demenage": 8}
#: handwriting read by another: more slips than at a screen, and often no INE
TAUX = Taux(ine_absent=0.6, nom_faute=0.05, prenom_faute=0.05, date_faute=0.02, courriel_absent=0.97)
SOURCES = {
    "cio": 36,
    "mission_locale": 24,
    "lp": 14,
    "lycee_poly": 9,
    "cfa": 6,
    "mlds": 5,
    "lycee_agricole": 3,
    "prive_sc": 3,
}


@dataclass(frozen=True)
class Fiche:
    """One slip, every value as text, as in the file. `devenir` is what the slip says became of the jeune."""

    numero: str
    date: str
    structure: str
    nom_naissance: str
    nom_usage: str
    prenom: str
    autres_prenoms: str
    sexe: str
    date_naissance: str
    commune_naissance: str
    commune_naissance_insee: str
    ine: str
    telephone: str
    adresse: str
    code_postal: str
    ville: str
    classe: str
    niveau: str
    statut: str
    date_sortie: str
    devenir: str
    devenir_le: str


def _jours(mois):
    jours, poids = [], []
    for (annee, numero), part in mois.items():
        premier = date(annee, numero, 1)
        ouvrables = [premier + timedelta(days=d) for d in range(31)]
        ouvrables = [j for j in ouvrables if j.month == numero and j.weekday() < 5]
        jours += ouvrables
        poids += [part / len(ouvrables)] * len(ouvrables)
    return Urne(jours, poids)


def _structures():
    """Codes of the structures that filled in slips, by (bassin, type)."""
    par_lieu = {}
    with (FIXTURES / "territoire" / "structures.csv").open(encoding="utf-8") as fichier:
        for ligne in csv.DictReader(fichier):
            par_lieu.setdefault((ligne["bassin"], ligne["type"]), []).append(ligne["code"])
    return par_lieu


def _structure(rng, par_lieu, bassin, sauf=None):
    while True:
        (type_,) = rng.choices(list(SOURCES), list(SOURCES.values()))
        codes = par_lieu.get((bassin, type_)) or par_lieu.get((bassin, "cio"))
        code = rng.choice(codes)
        if code != sauf or rng.random() < 0.02:
            return code


def inventer(graine=GRAINE, jeunes=JEUNES, fiches=FICHES):
    """The slips in the order of their dates, and the truth: [Fiche], {slip number: person number}."""
    rng = random.Random(graine)
    personnes = generer(jeunes, rng, date(1990, 9, 1), date(1993, 8, 31))
    nombres = [1] * jeunes
    while sum(nombres) < fiches:  # three slips for one jeune in fifteen of those who have several
        rang = rng.randrange(jeunes)
        if nombres[rang] == 1 or (nombres[rang] == 2 and rng.random() < 0.5):
            nombres[rang] += 1
    automne = set(rng.sample(range(jeunes), round(jeunes * PART_SEPTEMBRE_DECEMBRE)))
    avec_solution = set(rng.sample(range(jeunes), round(jeunes * PART_AVEC_SOLUTION)))
    jours_automne, jours_reste, par_lieu = _jours(AUTOMNE), _jours(RESTE), _structures()
    lignes = []
    for rang, personne in enumerate(personnes):
        premier = (jours_automne if rang in automne else jours_reste).tirer(rng)
        jours = [premier]
        for _ in range(nombres[rang] - 1):
            jours.append(min(FIN, premier + timedelta(days=int(1 + rng.expovariate(1 / 40)))))
        sait = rng.randrange(nombres[rang])  # the slip that knows what became of the jeune
        structure = None
        for i, (jour, texte) in enumerate(
            zip(jours, saisies(personne, nombres[rang], rng, TAUX), strict=True)
        ):
            bassin = personne.commune.bassin
            if rng.random() < 0.12:
                bassin = rng.choice(communes_academie()).bassin
            structure = _structure(rng, par_lieu, bassin, sauf=structure)
            possibles = SOLUTIONS if rang in avec_solution and i == sait else SANS_SOLUTION
            (devenir,) = rng.choices(list(possibles), list(possibles.values()))
            if possibles is SANS_SOLUTION and rng.random() < 0.4:
                devenir = ""
            devenir_le = min(FIN, jour + timedelta(days=int(rng.expovariate(1 / 35)))) if devenir else None
            lignes.append((jour, rng.random(), personne, texte, structure, devenir, devenir_le))
    lignes.sort(key=lambda ligne: ligne[:2])
    resultat, verite = [], {}
    for rang, (jour, _, personne, texte, structure, devenir, devenir_le) in enumerate(lignes, start=1):
        numero = f"F{rang:04d}"
        verite[numero] = personne.numero
        resultat.append(_fiche(rng, numero, jour, texte, personne, structure, devenir, devenir_le))
    return resultat, verite


def _fiche(rng, numero, jour, texte, personne, structure, devenir, devenir_le):
    seize = personne.date_naissance + relativedelta(years=16)
    sortie = max(jour - timedelta(days=int(5 + rng.expovariate(1 / 40))), seize)
    classe, niveau, statut = rng.choice(
        [
            ("1re_annee_bep", "vi", "scolaire"),
            ("2e_annee_bep", "v_bis", "scolaire"),
            ("1re_annee_cap", "vi", "scolaire"),
            ("2nde_gt", "v_bis", "scolaire"),
            ("2nde_pro", "v_bis", "scolaire"),
            ("cap_apprentissage", "vi", "apprenti"),
        ]
    )
    return Fiche(
        numero=numero,
        date=jour.isoformat(),
        structure=structure,
        nom_naissance=texte.nom_naissance,
        nom_usage=texte.nom_usage,
        prenom=texte.prenom,
        autres_prenoms=texte.autres_prenoms,
        sexe=texte.sexe,
        date_naissance=texte.date_naissance.isoformat() if texte.date_naissance else "",
        commune_naissance=texte.naissance_nom,
        commune_naissance_insee=texte.naissance_code if rng.random() < 0.5 else "",
        ine=texte.ine,
        telephone=texte.telephone or texte.telephone_famille,
        adresse=texte.adresse,
        code_postal=texte.code_postal,
        ville=texte.commune_nom,
        classe=classe,
        niveau=niveau,
        statut=statut,
        date_sortie=min(sortie, jour).isoformat(),
        devenir=devenir,
        devenir_le=devenir_le.isoformat() if devenir_le else "",
    )


# --- files -----------------------------------------------------------------------------------------------


def lire(dossier=DOSSIER):
    """(slips, answers, truth) of a folder.

    Answers: {(slip, slip): True when the people of 2010 saw one person}, the smaller number first. The truth is
    read only to count what the engine missed.
    """

    def lignes(nom):
        with (dossier / nom).open(encoding="utf-8", newline="") as fichier:
            return list(csv.DictReader(fichier))

    fiches = [Fiche(**ligne) for ligne in lignes("fiches.csv")]
    reponses = {(r["fiche"], r["autre_fiche"]): r["reponse"] == "meme" for r in lignes("reponses.csv")}
    verite = {r["fiche"]: int(r["jeune"]) for r in lignes("verite.csv")}
    return fiches, reponses, verite


def ecrire(dossier, fiches, reponses, verite):
    """Write a folder that `lire` reads."""
    dossier.mkdir(parents=True, exist_ok=True)

    def csv_de(nom, entetes, lignes):
        with (dossier / nom).open("w", encoding="utf-8", newline="") as fichier:
            table = csv.writer(fichier, lineterminator="\n")
            table.writerow(entetes)
            table.writerows(lignes)

    csv_de("fiches.csv", [f.name for f in fields(Fiche)], [list(asdict(f).values()) for f in fiches])
    csv_de(
        "reponses.csv",
        ["fiche", "autre_fiche", "reponse"],
        [[a, b, "meme" if meme else "differents"] for (a, b), meme in sorted(reponses.items())],
    )
    csv_de("verite.csv", ["fiche", "jeune"], sorted(verite.items()))


def chiffres_vrais(fiches, verite):
    """The figures of the truth: (jeunes, with a solution, first reported from September to December)."""
    premiers, solutions = {}, set()
    for fiche in fiches:
        jeune = verite[fiche.numero]
        premiers[jeune] = min(premiers.get(jeune, fiche.date), fiche.date)
        if fiche.devenir in SOLUTIONS:
            solutions.add(jeune)
    automne = sum("2009-09-01" <= jour <= "2009-12-31" for jour in premiers.values())
    return len(premiers), len(solutions), automne
