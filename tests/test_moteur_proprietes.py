"""Properties of the matching engine that must hold for any identity."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedoublonnage import blocage, comparaisons
from dedoublonnage.normalisation import (
    Identite,
    Preparee,
    ine_valide,
    numero_telephone,
    phonetique,
    plier,
    plier_lieu,
    preparer,
)
from dedoublonnage.score import Contexte, Modele

NOMS = [
    "Lefèvre",
    "DE LA PORTE",
    "Ratel-Leprince",
    "Saint-Martin",
    "Le Roy",
    "Ben Hamou",
    "Martin",
    "d'Apolito",
    "Hue",
]
PRENOMS = [
    "Amélie",
    "JEAN BAPTISTE",
    "J-Baptiste",
    "Mohamed",
    "Yacine",
    "Léa",
    "Léana",
    "Nico",
    "Nicolas, Louis",
]

noms = st.sampled_from(NOMS) | st.text("abcdeéèilmnorstuz'- ", max_size=14)
prenoms = st.sampled_from(PRENOMS) | st.text("abcdeéilmnorsty- ,", max_size=12)
dates = st.none() | st.dates(date(1988, 1, 1), date(1999, 12, 31))
ines = st.sampled_from(["", "1234567890V", "1234567809V", "1234567891W", "123456789AB"])
telephones = st.sampled_from([(), ("02 31 00 00 01",), ("0600000001",), ("+33231000001",)])
courriels = st.sampled_from(
    [(), ("lea.martin@exemple.fr",), ("lmartin@exemple.fr",), ("lea.martin@exemple.org",)]
)
identites = st.builds(
    Identite,
    nom_naissance=noms,
    nom_usage=st.just("") | noms,
    prenom=prenoms,
    autres_prenoms=st.just("") | prenoms,
    date_naissance=dates,
    sexe=st.sampled_from(["", "F", "M"]),
    commune_naissance=st.sampled_from(["", "Caen", "CAEN", "Saint-Lô", "ST LO", "Vire"]),
    commune_naissance_insee=st.sampled_from(["", "14118", "50502"]),
    ine=ines,
    telephones=telephones,
    courriels=courriels,
    adresse=st.sampled_from(["", "12 rue de la Mer", "12 R DE LA MER", "3 av. Foch"]),
    code_postal=st.sampled_from(["", "14000", "50000"]),
    commune=st.sampled_from(["", "Caen", "Saint-Lô"]),
)


@pytest.fixture(scope="module")
def modele():
    return Modele.charger()


@given(st.text(max_size=30))
def test_normalisation_idempotente(texte):
    assert plier(plier(texte)) == plier(texte)
    assert plier_lieu(plier_lieu(texte)) == plier_lieu(texte)
    assert numero_telephone(numero_telephone("0231000001")) == "33231000001"


@given(identites)
def test_preparee_revient_de_json(identite):
    p = preparer(identite)
    assert Preparee.depuis_json(json.loads(json.dumps(p.vers_json()))) == p


@given(identites, identites)
@settings(max_examples=300)
def test_symetrie(modele, a, b):
    x, y = preparer(a), preparer(b)
    contexte = Contexte(1000, {"MARTIN": 12}, {"LEA": 20})
    assert comparaisons.comparer(x, y) == comparaisons.comparer(y, x)
    assert modele.peser(x, y, contexte) == pytest.approx(modele.peser(y, x, contexte))
    e, f = modele.evaluer(x, y, contexte), modele.evaluer(y, x, contexte)
    assert (e.zone, e.prudence, e.contributions) == (f.zone, f.prudence, f.contributions)


@given(identites, identites)
@settings(max_examples=200)
def test_les_contributions_font_le_poids(modele, a, b):
    e = modele.evaluer(preparer(a), preparer(b), Contexte())
    assert sum(c.valeur for c in e.contributions) == pytest.approx(e.poids, abs=1.5)
    assert 0.0 <= e.probabilite <= 1.0


ABSENTS = {
    "nom_naissance": {"nom_naissance": ""},
    "prenom": {"prenom": ""},
    "autres_prenoms": {"autres_prenoms": ""},
    "date_naissance": {"date_naissance": None},
    "sexe": {"sexe": ""},
    "commune_naissance": {"commune_naissance": "", "commune_naissance_insee": ""},
    "ine": {"ine": ""},
    "telephones": {"telephones": ()},
    "courriels": {"courriels": ()},
    "adresse": {"adresse": "", "code_postal": "", "commune": ""},
}


@pytest.mark.parametrize("champ", sorted(ABSENTS))
@given(a=identites, b=identites, taille=st.sampled_from([0, 5000, 300_000]))
@settings(max_examples=60)
def test_un_champ_absent_ne_vaut_jamais_mieux_qu_un_champ_en_accord(modele, champ, a, b, taille):
    """Whatever the other fields say: `b` with the field of `a` weighs at least what `b` weighs without the field."""
    vides = ABSENTS[champ]
    if not getattr(a, champ):
        return
    if champ in ("nom_naissance", "prenom"):
        # the name alone is judged: a usage name or an other given name may still agree by itself
        a, b = (replace(x, nom_usage="", autres_prenoms="", courriels=()) for x in (a, b))
    accord = replace(b, **{c: getattr(a, c) for c in vides})
    contexte = Contexte(taille, {"MARTIN": taille // 100}, {"LEA": taille // 80})
    pa, pb, sans = preparer(a), preparer(accord), preparer(replace(b, **vides))
    assert modele.peser(pa, sans, contexte) <= modele.peser(pa, pb, contexte) + 1e-9


def test_un_nom_lu_dans_une_adresse_ne_dement_pas_un_nom_saisi(modele):
    """Without a surname typed on one side, the one that its e-mail spells never denies the other's."""
    courriels = ("lea.martin@exemple.fr",)
    a = preparer(Identite(nom_naissance="Lefèvre", prenom="Amélie", courriels=courriels))
    sans, avec = (preparer(Identite(prenom="Amélie", courriels=c)) for c in ((), courriels))
    assert modele.peser(a, sans, Contexte()) < modele.peser(a, avec, Contexte())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("LEFEVRE", "LEFEVRRE"),
        ("NICOLLE", "NIKOLLE"),
        ("PHILIPPE", "FILIPPE"),
        ("DELEAU", "DELLEAU"),
        ("DELVAULT", "DELVAUX"),
        ("SAULIERE", "ZAULIERE"),
        ("YASSINE", "YACINE"),
        ("MOHAMED", "MOHAMMED"),
        ("AXEL", "AXELLE"),
        ("THIBAUT", "TIBO"),
        ("AURELIE", "ORELIE"),
        ("CLEMENTINE", "CLEMANTINE"),
    ],
)
def test_phonetique_francaise_joint(a, b):
    assert phonetique(a) == phonetique(b)


@pytest.mark.parametrize(("a", "b"), [("LEFEVRE", "LEFEBVRE"), ("LEFORT", "LEFEVRE"), ("MARTIN", "MARTEL")])
def test_phonetique_francaise_separe(a, b):
    assert phonetique(a) != phonetique(b)


def test_ine():
    assert ine_valide("1234567890V")[0]
    assert not ine_valide("1234567890A")[0]
    assert "V" in ine_valide("1234567890A")[1]
    assert ine_valide("123456789AB")[0]
    assert not ine_valide("12")[0]


@given(identites)
def test_une_identite_partage_ses_cles_avec_elle_meme(identite):
    p = preparer(identite)
    if p.noms and p.prenoms:
        assert set(blocage.cles_demandees(p)) & set(blocage.cles(p))
    assert len(blocage.cles(p)) <= blocage.MAX_CLES
    assert all(-(2**31) <= c < 2**31 for c in blocage.cles(p))
