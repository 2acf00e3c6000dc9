"""Structures: closing, taking over with everything that is held, undoing, import with preview."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from gab.models import Dossier, Fermeture, Mission
from gab.services import partages
from qualit.acteurs import passation, referentiels, reprise, services, structures
from qualit.acteurs.lecture import lire_tableau
from qualit.api.models import Acces
from qualit.journal.models import Trace
from qualit.territoire.models import Commune, Invitation, Reprise, Structure, Utilisateur
from qualit.territoire.roles import Role
from signalements.models import EtatNeant, Signalement
from suivi import services as suivi

from . import monde as w


@pytest.fixture
def m(monde):
    return w.peupler(monde)


@pytest.fixture
def agence(m):
    """A second mission locale of Caen, which takes over the first."""
    m.agence = Structure.objects.create(
        code="QIT-ML-CAEN2", nom="Mission locale Caen Sud", type="mission_locale", commune=m.commune_caen,
        bassin=m.caen, academie=m.academie,
    )  # fmt: skip
    return m


TENUES = {
    "territoire.Structure.reprise_par",
    "territoire.Adhesion.structure",
    "territoire.Invitation.structure",
    "signalements.Signalement.structure",
    "signalements.EtatNeant.structure",
    "gab.Dossier.referent",
    "gab.PartageDossier.structure",
    "gab.LigneSeance.structure",
    "gab.Mission.structure",
    "gab.Place.structure",
    "gab.Fermeture.structure",
    "suivi.Etape.structure",
    "api.Acces.structure",
}


def tenir_de_tout(m, structure):
    """Make this structure hold one of each thing that points to a structure."""
    dossier = m.places["lycee_lisieux"].versement.dossier
    partages.partager(
        dossier,
        structure=structure,
        motif="Suivi commun",
        fin=timezone.localdate() + timedelta(days=30),
        par=m.denis,
    )
    dossier.referent = structure
    dossier.save()
    Fermeture.objects.create(structure=structure, debut=timezone.localdate(), fin=timezone.localdate())
    EtatNeant.objects.create(structure=structure, mois=timezone.localdate().replace(day=1), par=m.omar)
    m.seance.lignes.update(structure=structure)
    gab.accepter_mission(m.mission, par=m.omar, connaissance="inconnu")
    suivi.noter_etape(m.mission.dossier, "rdv_pris", par=m.omar, mission=m.mission)
    w.signaler(structure, m.omar, 3, nom_naissance="CANARITRANSFERT", telephone="06 39 98 07 00")
    w.signalement(structure, m.omar, 2)
    services.inviter("neuf@example.invalid", Role.OPERATEUR, structure, par=m.rene)
    Acces.objects.create(
        structure=structure, libelle="Logiciel", responsable=m.omar, portees=["lire"], empreinte="x",
        expire_le=timezone.now() + timedelta(days=90),
    )  # fmt: skip
    ancienne = Structure.objects.create(
        code="QIT-ML-VIEILLE", nom="Ancienne antenne", type="paio", bassin=m.caen, academie=m.academie
    )
    structures.fermer(ancienne, timezone.localdate(), par=m.rene, reprise_par=structure)


def photo():
    """{label: {pk: structure}} of every relation that a takeover follows."""
    return {
        reprise.cle(c): dict(c.model._base_manager.exclude(**{c.name: None}).values_list("pk", c.name))
        for c in reprise.relations()
    }


def test_une_reprise_emporte_tout_ce_qui_mene_a_la_structure(agence):
    m = agence
    tenir_de_tout(m, m.ml)
    avant = photo()
    tenues = {nom for nom, lignes in avant.items() if m.ml.pk in lignes.values()}
    assert tenues >= TENUES  # nothing of this list is tried on an empty table; the schema may know more
    structures.fermer(m.ml, timezone.localdate(), par=m.rene, reprise_par=m.agence)
    for champ in reprise.relations():
        seulement = reprise.SEULEMENT.get(reprise.cle(champ), reprise.Q)()
        restent = champ.model._base_manager.filter(seulement, **{champ.name: m.ml})
        assert not restent.exists(), reprise.cle(champ)
    assert m.omar.adhesions.actives().get().structure == m.agence
    page = w.connecter(Client(), m.omar).get(reverse("suivi:missions"))
    assert page.status_code == 200 and m.mission in Mission.objects.visibles_par(
        Utilisateur.objects.get(pk=m.omar.pk)
    )
    # the structure that had been taken over before follows too, and the undo gives everything back
    faite = Reprise.objects.get(structure=m.ml)
    reprise.annuler(faite, par=m.rene)
    m.ml.refresh_from_db()
    assert photo() == avant and m.ml.fermee_le is None and m.ml.reprise_par is None
    with pytest.raises(ValidationError):
        reprise.annuler(faite, par=m.rene)
    assert Trace.objects.filter(quoi__in=["structure_reprise", "reprise_annulee"]).count() == 3


def test_ce_que_l_autre_a_deja_ne_suit_pas_et_se_voit_dans_l_apercu(agence):
    m = agence
    jumelle = w.adherer(m.omar, Role.OPERATEUR, m.agence)
    mois = timezone.localdate().replace(day=1)
    for structure in (m.ml, m.agence):
        EtatNeant.objects.create(structure=structure, mois=mois, par=m.omar)
    en_double = Mission.objects.create(
        dossier=m.mission.dossier, structure=m.agence, etat=m.mission.etat, expire_le=m.mission.expire_le
    )
    apercu = {nom: (suivent, restent) for nom, suivent, restent in reprise.apercu(m.ml, m.agence)}
    assert apercu["missions"] == (0, 1) and apercu["adhésions en vigueur"] == (1, 1)
    assert not Reprise.objects.exclude(deplaces={}).exists()  # looking writes nothing
    faite = reprise.transferer(m.ml, m.agence, par=m.rene)
    m.mission.refresh_from_db()
    assert m.mission.structure == m.ml and en_double.structure == m.agence
    assert list(m.omar.adhesions.actives()) == [jumelle]  # not twice the same role
    reprise.annuler(faite, par=m.rene)
    assert m.omar.adhesions.actives().count() == 2


def test_le_jeune_suivi_ici_et_propose_la_bas_garde_sa_structure_referente(agence):
    """The mission that cannot follow stays with the closed structure, and the jeune with it, until somebody decides."""
    m = agence
    dossier = m.mission.dossier
    Mission.objects.filter(pk=m.mission.pk).update(etat="acceptee", repondue_le=timezone.now())
    Dossier.objects.filter(pk=dossier.pk).update(referent=m.ml)
    proposee = Mission.objects.create(dossier=dossier, structure=m.agence, expire_le=m.mission.expire_le)
    structures.fermer(m.ml, timezone.localdate(), par=m.rene, reprise_par=m.agence)
    dossier.refresh_from_db()
    m.mission.refresh_from_db()
    assert proposee.etat == "proposee" and m.mission.structure == dossier.referent == m.ml


def test_une_fermeture_a_venir_transfere_le_jour_venu(agence):
    m = agence
    demain = timezone.localdate() + timedelta(days=1)
    structures.fermer(m.ml, demain, par=m.rene, reprise_par=m.agence)
    assert m.omar.adhesions.actives().get().structure == m.ml and reprise.reprendre_les_fermees() == 0
    Structure.objects.filter(pk=m.ml.pk).update(fermee_le=timezone.localdate())
    assert reprise.reprendre_les_fermees() == 1
    assert m.omar.adhesions.actives().get().structure == m.agence
    assert reprise.reprendre_les_fermees() == 0
    with pytest.raises(ValidationError):
        reprise.transferer(m.agence, m.ml, par=m.rene)  # not to a closed one


def test_fermer_se_confirme_apres_un_apercu_puis_s_annule(agence):
    m = agence
    client = w.connecter(Client(), m.rene)
    adresse = reverse("territoire:fermer_structure", args=[m.ml.code])
    donnees = {"fermee_le": f"{timezone.localdate():%d/%m/%Y}", "reprise_par": m.agence.pk}
    page = client.post(adresse, donnees)
    texte = page.content.decode()
    assert "missions" in texte and "Fermer et transférer" in texte
    assert not Structure.objects.get(pk=m.ml.pk).fermee_le  # nothing yet
    assert client.post(adresse, donnees | {"confirmer": "1"}).status_code == 302
    assert Structure.objects.get(pk=m.ml.pk).reprise_par == m.agence
    page = client.get(reverse("territoire:structure", args=[m.ml.code])).content.decode()
    faite = Reprise.objects.get(structure=m.ml)
    assert reverse("territoire:annuler_reprise", args=[faite.reference]) in page
    assert client.post(reverse("territoire:annuler_reprise", args=[faite.reference])).status_code == 302
    assert Structure.objects.get(pk=m.ml.pk).fermee_le is None
    assert Signalement.objects.filter(structure=m.agence).count() == 0


def liste(m, *lignes):
    entete = "UAI;Nom;Type;Code commune;Bassin;Téléphone"
    contenu = "\r\n".join([entete, *lignes]).encode("cp1252")
    return structures.comparer(lire_tableau(contenu, "liste.csv"), m.academie)


def test_le_bassin_suit_la_commune_ou_se_choisit(monde):
    nouvelle, choisie, refusee = liste(
        monde,
        "0140013N;Lycée A;Lycée polyvalent;14118;;02 31 00 00 01",
        "0141796B;Lycée B;lp;14118;Lisieux;",
        "0140014X;Lycée C;lp;14118;;",
    )
    assert nouvelle.effet == "nouvelle" and nouvelle.structure.bassin == monde.caen
    assert choisie.structure.bassin == monde.lisieux and choisie.structure.bassin_force
    assert refusee.effet == "refusee" and "UAI incorrect" in refusee.erreurs[0]
    assert not Structure.objects.filter(uai="0140013N").exists()  # a preview


def test_ce_qui_est_trop_long_dit_sa_colonne(monde):
    [refusee] = liste(monde, "0149901RXYZ;Lycée neuf;lp;14118;;")
    assert [e.split(" : ")[0] for e in refusee.erreurs] == ["UAI"]


def test_une_structure_de_toute_l_academie_ne_prend_pas_le_bassin_de_sa_commune(monde):
    rectorat = Structure.objects.create(
        nom="Rectorat d’essai", code="RECT-E", type="rectorat", academie=monde.academie, uai="0141796B",
        commune=Commune.objects.get(code_insee="14118"),
    )  # fmt: skip
    meme, demenage = (liste(monde, f"0141796B;Rectorat d’essai;;{code};;")[0] for code in ("14118", "14366"))
    assert meme.effet == "identique" and meme.structure.bassin is None
    assert demenage.effet == "modifiee" and demenage.structure.bassin == monde.lisieux
    assert rectorat.bassin is None


def test_dans_une_structure_fermee_on_n_invite_plus_mais_on_met_fin(monde):
    m = monde
    invitation = services.inviter("tard@example.invalid", Role.SIGNALEUR, m.cfa, par=m.rene)
    structures.fermer(m.cfa, timezone.localdate(), par=m.rene)
    assert services.roles_accordables(m.rene, m.cfa) == []
    with pytest.raises(PermissionDenied):
        services.inviter("plus-tard@example.invalid", Role.SIGNALEUR, m.cfa, par=m.rene)
    with pytest.raises(services.InvitationImpossible):
        services.renvoyer(invitation, par=m.rene)
    services.revoquer(invitation, par=m.rene)
    assert services.peut_secourir(m.rene, m.basile)
    adhesion = m.basile.adhesions.get()
    page = w.connecter(Client(), m.rene).post(
        reverse("territoire:terminer_adhesion", args=[adhesion.reference]), {"le": ""}
    )
    assert page.status_code == 302
    assert not m.basile.adhesions.actives().exists()


def test_fermer_sans_repreneur_propose_de_mettre_fin_aux_acces(monde):
    m = monde
    w.signalement(m.cfa, m.basile)
    services.inviter("tard@example.invalid", Role.SIGNALEUR, m.cfa, par=m.rene)
    client = w.connecter(Client(), m.rene)
    adresse = reverse("territoire:fermer_structure", args=[m.cfa.code])
    donnees = {"fermee_le": f"{timezone.localdate():%d/%m/%Y}"}
    assert "1 personne garde un accès" in client.post(adresse, donnees).content.decode()
    client.post(adresse, donnees | {"confirmer": "1"})
    assert m.basile.adhesions.actives().exists()  # not asked: they stay
    client.post(adresse, donnees | {"confirmer": "1", "terminer": "1"})  # a closed one can be closed again
    assert not m.basile.adhesions.actives().exists()
    assert not Invitation.objects.en_attente().filter(structure=m.cfa).exists()
    assert passation.nombre_a_reprendre(m.rene) == 1  # the draft of basile


def test_une_fermeture_a_venir_met_fin_aux_acces_ce_jour_la(monde):
    m = monde
    demain = timezone.localdate() + timedelta(days=1)
    court = w.adherer(m.alice, Role.SIGNALEUR, m.cfa, fin=timezone.localdate())
    structures.fermer(m.cfa, demain, par=m.rene, terminer_les_acces=True)
    assert m.basile.adhesions.get().fin == demain
    court.refresh_from_db()
    assert court.fin == timezone.localdate()  # never later than it was


def test_la_structure_qui_reprend_se_designe_par_uai_siret_ou_code(agence):
    """Read back from the export too, where it is named by its code; the preview says what would move."""
    m = agence
    Structure.objects.filter(pk=m.agence.pk).update(siret="73282932000074")
    jour = f"{timezone.localdate():%d/%m/%Y}"
    for designation in (m.agence.code, "732 829 320 00074"):
        contenu = f"Code;Fermée le;Reprise par\r\n{m.ml.code};{jour};{designation}".encode("cp1252")
        (ligne,) = structures.comparer(lire_tableau(contenu, "liste.csv"), m.academie)
        assert ligne.erreurs == [] and ligne.structure.reprise_par == m.agence, designation
    assert ("missions", 1, 0) in structures.fusion(ligne)
    client = w.connecter(Client(), m.rene)
    fichier = SimpleUploadedFile("liste.csv", contenu)
    page = client.post(reverse("territoire:importer_structures"), {"fichier": fichier}, follow=True)
    assert "<strong>1</strong> missions" in page.content.decode()
    assert client.post(page.redirect_chain[-1][0]).status_code == 302
    ml = Structure.objects.get(pk=m.ml.pk)
    assert ml.reprise_par == m.agence
    assert referentiels.Structures(m.academie).valeurs(ml)["reprise_par"] == m.agence.code


def test_les_lignes_refusees_d_une_liste_se_reprennent(monde):
    client = w.connecter(Client(), monde.rene)
    contenu = b"UAI;Nom;Type;Code commune\r\n0140013N;Lycee A;lp;14118\r\n0140014X;Lycee C;lp;14118\r\n"
    page = client.post(
        reverse("territoire:importer_structures"),
        {"fichier": SimpleUploadedFile("l.csv", contenu)},
        follow=True,
    )
    adresse = page.redirect_chain[-1][0]
    assert client.post(adresse).url == adresse  # the refused line stays there
    assert Structure.objects.filter(uai="0140013N").exists()
    assert "Appliquer ces changements" not in client.get(adresse).content.decode()
    fichier = b"".join(client.get(adresse, {"format": "xlsx"}).streaming_content)
    (ligne,) = lire_tableau(fichier, "refus.xlsx")
    assert ligne["uai"] == "0140014X" and "UAI incorrect" in ligne["motif_du_refus"]
    (relue,) = structures.comparer([ligne], monde.academie)
    assert relue.effet == "refusee"


def test_la_page_d_une_structure_dit_quand_elle_ferme_et_qui_reprend(agence):
    m = agence
    client = w.connecter(Client(), m.rene)
    adresse = reverse("territoire:structure", args=[m.ml.code])
    demain = timezone.localdate() + timedelta(days=1)
    structures.fermer(m.ml, demain, par=m.rene, reprise_par=m.agence)
    page = client.get(adresse).content.decode()
    assert f"Cette structure fermera le {demain:%d/%m/%Y}" in page and "reprendra ce qu’elle tient" in page
    assert f"Ferme le {demain:%d/%m/%Y}" in client.get(reverse("territoire:structures")).content.decode()
    structures.fermer(m.cfa, timezone.localdate(), par=m.rene)
    page = client.get(reverse("territoire:structure", args=[m.cfa.code])).content.decode()
    assert f"Cette structure a fermé le {timezone.localdate():%d/%m/%Y}." in page


def test_le_coordinateur_ouvre_depuis_l_annuaire_les_structures_de_son_bassin(m):
    client = w.connecter(Client(), m.celia)
    annuaire = client.get(reverse("territoire:annuaire")).content.decode()
    sienne, autre = (reverse("territoire:structure", args=[s.code]) for s in (m.lycee, m.lycee_lisieux))
    assert f'href="{sienne}"' in annuaire and f'href="{autre}"' not in annuaire
    page = client.get(sienne).content.decode()
    assert "Alice Essai" in page and reverse("territoire:personne", args=[m.alice.reference]) not in page
    assert f'href="{reverse("territoire:structures")}"' not in page  # a list that she may not open
