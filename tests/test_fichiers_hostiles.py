"""What is no list of reports is refused in French, stores nothing and breaks nothing; nor does a damaged list.

The time that each refusal takes: `python benchmarks/import.py hostiles`.
"""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from dedoublonnage.imports.modeles import Import, LigneImport
from qualit.echanges.lecture import lire
from qualit.echanges.refus import FichierIllisible
from signalements.listes.colonnes import reconnaitre
from signalements.models import Signalement
from tests.fichiers_hostiles import corpus, mutations
from tests.monde import connecter

CORPUS = dict(corpus())
ERREUR = re.compile(r'fr-message--error">([^<]{20,})<')


def test_le_corpus_est_fourni():
    assert len(CORPUS) >= 80


@pytest.mark.django_db
@pytest.mark.parametrize("nom", CORPUS)
def test_un_fichier_hostile_est_refuse_en_francais_et_ne_laisse_rien(client, monde, nom):
    connecter(client, monde.alice)
    reponse = client.post(reverse("imports:nouveau"), {"fichier": SimpleUploadedFile(nom, CORPUS[nom])})
    assert reponse.status_code == 200
    dit = ERREUR.search(reponse.content.decode())
    assert dit, "refusé sans le dire"
    assert not re.search(r"Traceback|Error\b|xml|zip|codec", dit.group(1)), dit.group(1)
    assert (
        not Import.objects.exists() and not LigneImport.objects.exists() and not Signalement.objects.exists()
    )


def lire_ou_refuser(nom, contenu):
    """1 when the file was read, 0 when it was refused in French; anything else is a bug that breaks the test."""
    try:
        reconnaitre(lire(contenu, nom))
    except FichierIllisible as refus:
        assert len(str(refus)) > 20
        return 0
    return 1


def test_une_liste_abimee_se_lit_ou_se_refuse():
    lus = sum(lire_ou_refuser(*une) for une in mutations(300))
    assert 0 < lus < 300


@pytest.mark.long
def test_deux_mille_listes_abimees_se_lisent_ou_se_refusent():
    lus = sum(lire_ou_refuser(*une) for une in mutations(2_000, graine=2))
    assert 0 < lus < 2_000
