"""The table of errors: each single error leaves a key in common, and a probability that is not `nouveau`."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dedoublonnage import blocage
from dedoublonnage.normalisation import Identite, preparer
from dedoublonnage.score import SEUIL_A_VERIFIER, Contexte, Modele

BASE = Identite(
    nom_naissance="Lefèvre-Duchêne",
    prenom="Jean-Baptiste",
    autres_prenoms="Louis, Marcel",
    date_naissance=date(1994, 3, 5),
    sexe="M",
    commune_naissance="Caen",
    commune_naissance_insee="14118",
    ine="1234567890V",
    telephones=("02 31 00 00 01",),
    courriels=("jb.lefevre@exemple.fr",),
    adresse="12 rue de la Mer",
    code_postal="14000",
    commune="Caen",
)
IDENTITE_SEULE = replace(BASE, ine="", telephones=(), courriels=(), adresse="", code_postal="", commune="")

with (Path(__file__).parent / "donnees_erreurs.csv").open(encoding="utf-8") as f:
    ERREURS = [(r["erreur"], r["champ"], r["valeur"]) for r in csv.DictReader(f)]


def avec(identite, champ, valeur):
    if champ == "date_naissance":
        return replace(identite, date_naissance=date.fromisoformat(valeur) if valeur else None)
    if champ == "telephones":
        return replace(identite, telephones=(valeur,))
    if champ == "commune_naissance":
        return replace(identite, commune_naissance=valeur, commune_naissance_insee="")
    return replace(identite, **{champ: valeur})


@pytest.mark.parametrize("base", [BASE, IDENTITE_SEULE], ids=["toutes les colonnes", "identité seule"])
@pytest.mark.parametrize(("erreur", "champ", "valeur"), ERREURS, ids=[e for e, _, _ in ERREURS])
def test_une_seule_erreur_laisse_une_cle_commune(base, erreur, champ, valeur):
    a, b = preparer(base), preparer(avec(base, champ, valeur))
    assert set(blocage.cles_demandees(b)) & set(blocage.cles(a))
    assert set(blocage.cles_demandees(a)) & set(blocage.cles(b))


@pytest.mark.parametrize(("erreur", "champ", "valeur"), ERREURS, ids=[e for e, _, _ in ERREURS])
def test_une_seule_erreur_ne_fait_pas_un_nouveau(erreur, champ, valeur):
    e = Modele.charger().evaluer(preparer(BASE), preparer(avec(BASE, champ, valeur)), Contexte(5000))
    assert e.probabilite >= SEUIL_A_VERIFIER, [str(c) for c in e.contributions]


def test_contributions_en_francais():
    inverse = replace(BASE, nom_naissance="Jean-Baptiste", prenom="Lefèvre-Duchêne")
    e = Modele.charger().evaluer(preparer(BASE), preparer(inverse), Contexte(5000))
    textes = [str(c) for c in e.contributions]
    assert any(t.startswith("nom et prénom inversés : +") and "," in t for t in textes), textes


def test_jumeaux_jamais_joints_sans_question():
    lea = replace(IDENTITE_SEULE, prenom="Léa", sexe="F", autres_prenoms="")
    for autre in ("Léana", "Manon", "Théa", "Lina"):
        e = Modele.charger().evaluer(preparer(lea), preparer(replace(lea, prenom=autre)), Contexte(5000))
        assert e.zone != "automatique", (autre, e)


def avis(prenom, autre, contexte=None, **champs):
    """Whether only a person may join two reports that differ by the first name alone."""
    a = preparer(replace(IDENTITE_SEULE, prenom=prenom, autres_prenoms="", **champs))
    b = preparer(replace(IDENTITE_SEULE, prenom=autre, autres_prenoms="", **champs))
    return Modele.charger().evaluer(a, b, contexte or Contexte(5000)).prudence


@pytest.mark.parametrize(
    ("prenom", "autre"),
    [
        ("Rémi", "Rémy"), ("Mohamed", "Mohammed"), ("Élodie", "Elody"), ("Sarah", "Sara"), ("Audrey", "Odrey"),
        ("Sébastien", "Sebsatien"), ("Jean-Baptiste", "Jean"), ("Julien", "Ju"),
    ],
)  # fmt: skip
def test_deux_ecritures_d_un_meme_prenom_ne_demandent_personne(prenom, autre):
    assert not avis(prenom, autre)


@pytest.mark.parametrize(
    ("prenom", "autre"),
    [
        ("Lucie", "Lucile"), ("Julie", "Juliette"), ("Adrien", "Adrienne"), ("Axel", "Axelle"), ("Laure", "Laura"),
        ("Cindy", "Sandy"), ("Bastien", "Sébastien"), ("Luc", "Lucas"), ("Marie", "Marine"), ("Alexis", "Alexia"),
        ("Frédéric", "Frédérique"),
    ],
)  # fmt: skip
def test_deux_prenoms_qui_existent_demandent_une_personne(prenom, autre):
    assert avis(prenom, autre)
    # also in a base where a short form or a misspelling has become frequent
    assert avis(prenom, autre, Contexte(50_000, {}, {autre.upper(): 40}))
