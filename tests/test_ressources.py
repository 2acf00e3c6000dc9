"""Structures and communes in and out by file, through the Django admin, with the preview."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from qualit.territoire.models import Structure
from qualit.territoire.ressources import CommuneResource, StructureResource
from tests.monde import connecter


def test_aller_retour_sans_changement(monde):
    sortie = StructureResource().export()
    resultat = StructureResource().import_data(sortie, dry_run=True)
    assert not resultat.has_errors() and not resultat.has_validation_errors()
    assert resultat.totals["skip"] == Structure.objects.count()


def test_une_commune_change_de_bassin(monde):
    sortie = CommuneResource().export(CommuneResource.Meta.model.objects.filter(code_insee="14118"))
    ligne = dict(zip(sortie.headers, sortie[0], strict=True)) | {"bassin": "lisieux"}
    del sortie[0]
    sortie.append([ligne[h] for h in sortie.headers])
    assert not CommuneResource().import_data(sortie).has_errors()
    monde.commune_caen.refresh_from_db()
    assert monde.commune_caen.bassin == monde.lisieux


def test_apercu_puis_confirmation_dans_l_administration(client, monde):
    connecter(client, monde.tom)
    csv = b"code,nom,type,academie,bassin\nQIT-LYC-CAEN,Lyc\xc3\xa9e Malherbe,lycee_poly,CAEN,caen\n"
    url = reverse("admin:territoire_structure_import")
    page = client.post(
        url,
        {"format": "0", "resource": "", "import_file": SimpleUploadedFile("structures.csv", csv, "text/csv")},
    )
    assert page.status_code == 200 and "Malherbe" in page.content.decode()
    monde.lycee.refresh_from_db()
    assert monde.lycee.nom == "Lycée Malherbe-sur-Orne", "the preview writes nothing"
    confirmation = page.context["confirm_form"].initial
    client.post(reverse("admin:territoire_structure_process_import"), confirmation)
    monde.lycee.refresh_from_db()
    assert monde.lycee.nom == "Lycée Malherbe"


def test_sans_le_droit_rien(client, monde):
    connecter(client, monde.alice)
    assert client.get(reverse("admin:territoire_structure_import")).status_code in (302, 403)
