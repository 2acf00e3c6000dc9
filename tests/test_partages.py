"""A dossier shared outside the territory, and the request of access that says nothing of who is known."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gab.models import Dossier, PartageDossier
from gab.services import partages
from qualit.echanges.lecture import lire
from qualit.journal.models import Trace
from qualit.notifications.models import Avis
from qualit.territoire.models import DemandeAcces

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db):
    m = w.construire()
    m.signalement = w.signaler(m.lycee, m.alice)
    m.dossier = Dossier.objects.get()
    m.fin = timezone.localdate() + timedelta(days=30)
    return m


def lit(personne, dossier):
    return (
        Dossier.objects.visibles_par(type(personne).objects.get(pk=personne.pk))
        .filter(pk=dossier.pk)
        .exists()
    )


def test_un_partage_va_de_l_offre_a_la_fin(m):
    assert not lit(m.olga, m.dossier)
    page = w.connecter(Client(), m.celia).post(
        reverse("partages:partager", args=[m.dossier.reference]),
        {"courriel": m.olga.email, "motif": "Suite à un déménagement", "fin": f"{m.fin:%d/%m/%Y}"},
    )
    assert page.status_code == 302
    partage = PartageDossier.objects.get()
    assert not lit(m.olga, m.dossier)  # not before it is accepted
    olga = w.connecter(Client(), m.olga)
    assert m.dossier.reference in olga.get(reverse("partages:liste")).content.decode()
    olga.post(reverse("partages:accepter", args=[partages.reference_de(partage)]))
    assert lit(m.olga, m.dossier)
    PartageDossier.objects.update(
        debut=timezone.localdate() - timedelta(days=9), fin=timezone.localdate() - timedelta(days=1)
    )
    assert not lit(m.olga, m.dossier)  # it ends by itself
    PartageDossier.objects.update(fin=m.fin)
    w.connecter(Client(), m.celia).post(reverse("partages:revoquer", args=[partages.reference_de(partage)]))
    assert not lit(m.olga, m.dossier)
    assert set(Trace.objects.filter(action="droits").values_list("quoi", flat=True)) >= {
        "partage", "partage_accepte", "partage_revoque",
    }  # fmt: skip


def test_seul_le_coordinateur_partage_et_seul_le_destinataire_accepte(m):
    with pytest.raises(PermissionDenied):
        partages.partager(m.dossier, motif="m", fin=m.fin, par=m.medhi, user=m.olga)
    with pytest.raises(PermissionDenied):
        partages.partager(m.dossier, motif="m", fin=m.fin, par=m.denis, user=m.olga)
    partage = partages.partager(m.dossier, motif="m", fin=m.fin, par=m.celia, structure=m.ml_lisieux)
    for autre in (m.omar, m.lucie, m.celia):
        with pytest.raises(PermissionDenied):
            partages.accepter(partage, par=autre)
    with pytest.raises(PermissionDenied):
        partages.revoquer(partage, par=m.denis)
    partages.accepter(partage, par=m.olga)
    assert lit(m.olga, m.dossier)
    with pytest.raises(ValidationError):
        partages.partager(m.dossier, motif="m", fin=m.fin, par=m.celia, user=m.olga)


def test_la_demande_d_acces_ne_dit_pas_qui_est_connu(m):
    connu = {"nom": "Duvivier", "prenom": "Maëlle", "date_naissance": m.signalement.date_naissance}
    pages = []
    for identite in (
        connu,
        {"nom": "Personne", "prenom": "Inconnue", "date_naissance": connu["date_naissance"]},
    ):
        Avis.objects.all().delete()  # the count of notices in the header starts anew
        client = w.connecter(Client(), m.olga)
        donnees = identite | {
            "bassin": m.caen.pk, "motif": "Suivi en cours", "date_naissance": f"{identite['date_naissance']:%d/%m/%Y}",
        }  # fmt: skip
        reponse = client.post(reverse("partages:demander"), donnees)
        demande = DemandeAcces.objects.latest("pk")
        DemandeAcces.objects.exclude(pk=demande.pk).delete()
        partages.repondre(demande, par=m.celia)
        page = client.get(reverse("partages:liste")).content.decode().replace(demande.reference, "REF")
        pages.append((reponse.status_code, reponse.url, page))
    sans_jeton = [(s, u, "".join(x for x in p.splitlines() if "csrf" not in x)) for s, u, p in pages]
    assert sans_jeton[0] == sans_jeton[1]


def test_le_coordinateur_ouvre_le_dossier_demande(m):
    demande = partages.demander_acces(
        m.caen,
        nom="Duvivier",
        prenom="Maëlle",
        date_naissance=m.signalement.date_naissance,
        motif="Suivi",
        par=m.olga,
    )
    celia = w.connecter(Client(), m.celia)
    adresse = reverse("partages:demande", args=[demande.reference])
    assert m.dossier.reference in celia.get(adresse).content.decode()
    assert w.connecter(Client(), m.denis).get(adresse).status_code == 404
    celia.post(adresse, {"dossier": m.dossier.reference, "fin": f"{m.fin:%d/%m/%Y}"})
    assert lit(m.olga, m.dossier)
    with pytest.raises(PermissionDenied):
        partages.demander_acces(m.caen, nom="N", prenom="P", date_naissance=m.fin, motif="m", par=m.alice)


def test_une_demande_mal_ecrite_retrouve_le_dossier(m):
    """Another spelling, another day of birth: the tolerant search of a jeune, inside the coordinator's scope."""
    celia = w.connecter(Client(), m.celia)
    ne_le = m.signalement.date_naissance
    for nom, prenom, naissance in (
        ("Du Vivier", "Maelle", ne_le),
        ("DUVIVIE", "Maelle", ne_le + timedelta(days=1)),
        ("Duvivié", "Mael", ne_le),
    ):
        demande = partages.demander_acces(
            m.caen, nom=nom, prenom=prenom, date_naissance=naissance, motif="Suivi", par=m.olga
        )
        page = celia.get(reverse("partages:demande", args=[demande.reference])).content.decode()
        assert m.dossier.reference in page, nom
        assert partages.dossiers_demandes(demande, m.denis) == []  # nothing of another bassin


def test_la_reponse_accepte_la_reference_d_un_dossier(m):
    ailleurs = w.signaler(m.lycee_lisieux, m.lucie, 3).versement.dossier
    demande = partages.demander_acces(
        m.caen, nom="Tout", prenom="Autre", date_naissance=m.fin, motif="Suivi", par=m.olga
    )
    celia = w.connecter(Client(), m.celia)
    adresse = reverse("partages:demande", args=[demande.reference])
    assert m.dossier.reference not in celia.get(adresse).content.decode()
    fin = f"{m.fin:%d/%m/%Y}"
    refus = celia.post(adresse, {"reference": ailleurs.reference, "fin": fin})
    assert refus.status_code == 200 and "reference" in refus.context["form"].errors
    assert celia.post(adresse, {"reference": m.dossier.reference.lower(), "fin": fin}).status_code == 302
    assert lit(m.olga, m.dossier)


@pytest.mark.parametrize("format", ["csv", "xlsx", "ods"])
def test_la_page_des_partages_se_telecharge_comme_elle_se_lit(m, format):
    """What each reads there, without the free text, and the journal says so; a requester never reads who is known."""
    partages.partager(m.dossier, motif="=1+1", fin=m.fin, par=m.celia, user=m.olga)
    demande = partages.demander_acces(
        m.caen, nom="Yver", prenom="Zoé", date_naissance=date(2008, 3, 12), motif="Motif", par=m.olga
    )
    attendu = {
        "olga": [["Partagé avec moi", m.dossier.reference], ["Ma demande d’accès", demande.reference]],
        "celia": [["Partagé par le bassin", m.dossier.reference], ["Demande à traiter", demande.reference]],
        "omar": [],
    }
    for qui, lignes in attendu.items():
        client = w.connecter(Client(), getattr(m, qui))
        fichier = client.get(reverse("partages:liste"), {"format": format})
        lues = lire(fichier.getvalue(), f"l.{format}").feuilles[0].lignes
        assert [ligne[:2] for _, ligne in lues[1:]] == lignes
        assert "=1+1" not in str(lues) and "Yver" not in str(lues)
        page = client.get(reverse("partages:liste")).content.decode()
        assert ("format=xlsx" in page) == bool(lignes)
    assert Trace.objects.filter(action="export", quoi="partages").count() == 3
