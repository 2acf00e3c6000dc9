"""The generator of invented people: reproducible, varied, no number that could be real."""

import random
from datetime import date

import pytest

from statistiques.demo.personnes import LETTRES_CLE, generer, glissement, ine_bea, saisies


@pytest.fixture(scope="module")
def population():
    return generer(2000, random.Random(7), date(1991, 1, 1), date(1993, 12, 31))


def test_same_seed_same_people(population):
    assert generer(2000, random.Random(7), date(1991, 1, 1), date(1993, 12, 31)) == population


def test_another_seed_gives_other_people(population):
    autres = generer(50, random.Random(8), date(1991, 1, 1), date(1993, 12, 31))
    assert {(p.nom_naissance, p.prenom) for p in autres} != {
        (p.nom_naissance, p.prenom) for p in population[:50]
    }


def test_twins_share_all_but_the_first_name(population):
    groupes = {}
    for p in population:
        if p.jumeau:
            groupes.setdefault(p.jumeau, []).append(p)
    paires = [g for g in groupes.values() if len(g) == 2]
    assert paires
    for a, b in paires:
        assert (a.nom_naissance, a.date_naissance, a.naissance_code) == (
            b.nom_naissance,
            b.date_naissance,
            b.naissance_code,
        )
        assert a.prenom != b.prenom and a.ine != b.ine


def test_homonyms_share_their_name_but_not_their_birthday(population):
    groupes = {}
    for p in population:
        if p.homonyme:
            groupes.setdefault(p.homonyme, []).append(p)
    paires = [g for g in groupes.values() if len(g) == 2]
    assert paires
    for a, b in paires:
        assert (a.nom_naissance, a.prenom) == (b.nom_naissance, b.prenom)
        assert a.date_naissance != b.date_naissance


def test_contacts_cannot_reach_anybody(population):
    for p in population:
        assert p.telephone.startswith("06 39 98 ")
        assert p.telephone_famille.startswith("02 61 91 ")
        assert p.courriel.endswith(".invalid")


def test_ine_of_the_nineties_has_its_letter(population):
    assert ine_bea(1234567890) == "1234567890V"
    assert all(p.ine[-1] == LETTRES_CLE[int(p.ine[:10]) % 23] for p in population)


def test_names_follow_the_year_of_birth():
    rng = random.Random(3)
    anciens = {p.prenom for p in generer(400, rng, date(1988, 1, 1), date(1988, 12, 31))}
    recents = {p.prenom for p in generer(400, rng, date(2008, 1, 1), date(2008, 12, 31))}
    assert "Anthony" in anciens and "Lilou" not in anciens
    assert "Lilou" in recents


def test_typed_variants_keep_the_person_and_say_what_differs(population):
    rng = random.Random(11)
    toutes = [s for p in population for s in saisies(p, 2, rng)]
    assert len(toutes) == 4000
    par_numero = {p.numero: p for p in population}
    vus = set()
    for s in toutes:
        vus.update(s.erreurs)
        if "date_faute" not in s.erreurs and "date_absente" not in s.erreurs:
            assert s.date_naissance == par_numero[s.personne].date_naissance
    assert {"nom_faute", "prenom_faute", "date_faute", "ine_absent", "demenagement", "inversion"} <= vus


def test_short_words_do_not_slip():
    assert glissement("Al", random.Random(1)) == "Al"
