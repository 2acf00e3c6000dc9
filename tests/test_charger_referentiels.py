"""`charger_referentiels`: the fixtures, once, without undoing local choices."""

from datetime import date

import pytest

from qualit.territoire import nomenclatures
from qualit.territoire.chargement import charger_referentiels, charger_structures
from qualit.territoire.controles import uai_valide
from qualit.territoire.models import Academie, Bassin, Commune, Structure, Terme, TypeStructure


@pytest.fixture(scope="module")
def charge(django_db_setup, django_db_blocker):
    """The reference data, loaded once for this module and rolled back after it."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        charger_referentiels(inventees=True)
        yield
        transaction.set_rollback(True)
    nomenclatures.vider_cache()


def test_a_second_loading_adds_nothing_and_keeps_local_choices(charge):
    avant = {m: m.objects.count() for m in (Terme, Bassin, Commune, Structure)}
    bassin = Bassin.objects.get(code="vire")
    Commune.objects.filter(code_insee="14118", actuelle=None).update(bassin=bassin)
    Structure.objects.filter(code="0140013N").update(nom="Lycée Malherbe et annexes")
    charger_referentiels(inventees=True)
    assert {m: m.objects.count() for m in (Terme, Bassin, Commune, Structure)} == avant
    assert Commune.objects.get(code_insee="14118", actuelle=None).bassin == bassin
    assert Structure.objects.get(code="0140013N").nom == "Lycée Malherbe et annexes"
    charger_referentiels(inventees=True, remettre=True)
    assert Commune.objects.get(code_insee="14118", actuelle=None).bassin.code == "caen"
    assert Structure.objects.get(code="0140013N").nom == "Lycée Malherbe"


def test_historic_names_point_at_what_they_became(charge):
    coulonces = Commune.objects.get(code_insee="14187", nom="Coulonces", departement="14")
    assert coulonces.actuelle.nom == "Vire Normandie" and coulonces.bassin.code == "vire"
    assert Commune.objects.get(nom="Vire", code_insee="14762").actuelle.code_insee == "14762"
    assert Commune.objects.get(nom="Cherbourg").actuelle.nom == "Cherbourg-en-Cotentin"
    assert Commune.objects.filter(code_insee="20041").get().actuelle.nom == "Bonifacio"


def test_all_french_postal_codes_and_countries_are_there(charge):
    assert "Paris 3e Arrondissement" in {c.nom for c in Commune.objects.du_code_postal("75003")}
    assert Commune.objects.du_code_postal("97400").exists()
    assert Commune.objects.get(code_insee="99352").nom == "Algérie"
    assert Commune.objects.filter(actuelle=None, bassin__isnull=False).count() == 1352


def test_labels_follow_their_time(charge):
    assert nomenclatures.libelle("types_structure", "dsden", date(2010, 9, 1)) == "Inspection académique (IA)"
    assert nomenclatures.libelle("types_structure", "dsden", date(2024, 9, 1)) == "DSDEN"
    assert nomenclatures.libelle("solutions", "mlds", date(2010, 1, 5)) == "MGI"
    assert "civis" in dict(nomenclatures.choix("solutions", date(2010, 1, 5)))
    assert "civis" not in dict(nomenclatures.choix("solutions", date(2025, 1, 5)))
    assert "cej" in dict(nomenclatures.choix("solutions", date(2025, 1, 5)))


def test_lists_agree_with_the_code_and_among_themselves(charge):
    codes = {
        liste: {t.code for t in nomenclatures.termes(liste)}
        for liste in Terme.objects.values_list("liste", flat=True)
    }
    assert codes["types_structure"] == set(TypeStructure.values)
    assert codes["solutions"] - {"aucune"} < codes["devenirs"]
    for liste in ("solutions", "devenirs"):
        for terme in nomenclatures.termes(liste):
            assert terme.plus.get("parent", terme.code) in codes[liste]
            assert terme.plus.get("groupe", "") in {"", "formation", "insertion", "accompagnement"}
    assert all(t.plus.get("niveau", "v") in codes["niveaux"] for t in nomenclatures.termes("diplomes"))


def test_structures_have_valid_codes_and_real_ones_come_alone_in_production(charge):
    structures = list(Structure.objects.select_related("commune"))
    assert len(structures) > 250
    for structure in structures:
        structure.full_clean()
        assert structure.code == (structure.uai or structure.code)
        assert not structure.uai or uai_valide(structure.uai)
        assert structure.telephone.startswith("02 61 91 ") and structure.courriel.endswith("@example.invalid")
    assert {s.type for s in structures} == set(TypeStructure.values)
    Structure.objects.all().delete()
    charger_structures(
        {b.code: b for b in Bassin.objects.all()},
        {a.code: a for a in Academie.objects.all()},
        inventees=False,
    )
    seules = list(Structure.objects.all())
    assert 120 < len(seules) < 140
    assert not any(s.telephone or s.courriel for s in seules)
