"""The inventory of what is held on a person follows the schema: nothing new can be forgotten by the export or the erasure."""

import io
import json
import zipfile

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.db import models

from dedoublonnage.models import Fusion, Jeune
from qualit.rgpd import export, inventaire
from qualit.rgpd.models import Demande
from qualit.territoire.models import Utilisateur
from signalements.models import Signalement

from . import canari as c
from . import monde as w

DECLAREES = {t.modele for t in inventaire.TABLES}


def relations_depuis(modele, vues=None):
    """Every model reached from a jeune by foreign keys towards it, transitively, and by many-to-many tables."""
    vues = {} if vues is None else vues
    for relation in modele._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete:
            suivant = relation.related_model
            if suivant is not None and suivant._meta.label not in vues:
                vues[suivant._meta.label] = f"{relation.field.model._meta.label}.{relation.field.name}"
                relations_depuis(suivant, vues)
    return vues


def test_toute_relation_vers_un_jeune_est_declaree():
    vues = relations_depuis(Jeune) | relations_depuis(Signalement)
    oubliees = {
        nom: par
        for nom, par in vues.items()
        if nom not in DECLAREES | set(inventaire.HORS_INVENTAIRE) and not nom.startswith("gab.Seance_")
    }
    assert oubliees == {}, "à déclarer dans qualit/rgpd/inventaire.py"


def test_tout_champ_de_texte_a_un_sort():
    """Text, JSON and list fields are either emptied, or said to hold codes only; a choice of a closed list is a code."""
    sans_sort = []
    for table in inventaire.TABLES:
        if table.supprime:
            continue
        for champ in table.classe._meta.concrete_fields:
            libre = isinstance(champ, models.CharField | models.TextField | models.JSONField | ArrayField)
            if libre and not champ.choices and champ.name not in {*table.efface, *table.garde}:
                sans_sort.append(f"{table.modele}.{champ.name}")
    assert sans_sort == []


def test_les_champs_declares_existent():
    for table in inventaire.TABLES:
        noms = {f.name for f in table.classe._meta.concrete_fields}
        for champ in (*table.efface, *table.garde, *table.tiers, *table.technique):
            assert champ in noms, f"{table.modele}.{champ}"


def test_toute_reference_sans_cle_est_connue():
    """Columns named after a jeune or a dossier that are no foreign key."""
    trouvees = set()
    for modele in apps.get_models():
        for champ in modele._meta.concrete_fields:
            if not champ.is_relation and champ.name in {
                "jeune_id",
                "jeunes",
                "dossier_id",
                "signalement_id",
                "objet_id",
            }:
                if champ.name == "objet_id" and modele._meta.app_label != "journal":
                    continue
                trouvees.add(f"{modele._meta.label}.{champ.name}")
    connues = set(inventaire.REFERENCES_LIBRES) | {f"{t.modele}.jeune_id" for t in inventaire.TABLES}
    assert trouvees <= connues


def test_les_documents_rgpd_sont_a_jour():
    call_command("documenter_rgpd", "--verifier")


@pytest.fixture
def m(db):
    return w.construire()


@pytest.fixture
def jeune(m, settings, tmp_path):
    settings.REGISTRE_DES_EFFACEMENTS = tmp_path / "effacements.jsonl"
    return c.planter(m)


def test_l_inventaire_d_une_fusion_ne_porte_aucun_texte(jeune):
    """`Fusion.inventaire` stays after an erasure: it must hold ids, dates and codes only."""
    for fusion in Fusion.objects.all():
        assert c.CANARI not in str(fusion.inventaire)
        for ligne in fusion.inventaire:
            champs = {*ligne["avant"], *ligne["apres"]}
            textes = {
                f.name
                for f in apps.get_model(ligne["modele"])._meta.concrete_fields
                if isinstance(f, models.TextField | models.JSONField)
            }
            assert not champs & textes


def test_l_export_a_toutes_les_tables_et_pas_les_noms_des_autres(m, jeune):
    demande = Demande.objects.get()
    contexte = export.contexte_de(jeune, demande)
    assert {p["table"] for p in contexte["parties"]} >= DECLAREES
    archive = export.archive(jeune, demande)
    fichiers = zipfile.ZipFile(io.BytesIO(archive))
    assert {"lisez-moi.txt", "vos-donnees.html", "vos-donnees.json"} <= set(fichiers.namelist())
    lisible = fichiers.read("vos-donnees.html").decode()
    brut = fichiers.read("vos-donnees.json").decode()
    assert "Maelle" in lisible and c.TELEPHONE in lisible and "Préconisations".lower() in lisible.lower()
    json.loads(brut)
    for texte in (lisible, brut):
        for autre in Utilisateur.objects.all():
            assert f"{autre.prenom} {autre.nom}" not in texte and autre.email not in texte
        assert "Odile" not in texte  # the guardian
        assert "Tristan" not in texte  # the brother whose record looks alike
    assert '"synthese": "Zyxcanari"' in brut  # free text is given as written
