"""Accounts: invitation, first sign-in, second factor, end of membership, inactive accounts, sessions."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qualit.acteurs import services
from qualit.acteurs.lecture import lire_tableau
from qualit.acteurs.masse import inviter_la_liste
from qualit.journal.models import Trace
from qualit.notifications.models import Courriel
from qualit.notifications.services import envoyer_en_attente
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Invitation, Structure, Utilisateur
from qualit.territoire.roles import SIEGE_DU_ROLE, Role

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db):
    return w.construire()


def lien_recu(email):
    """Path of the link in the last invitation written for this address."""
    texte = Courriel.objects.filter(adresse=email).latest("pk").texte
    return re.search(r"(/territoire/invitation/\S+)", texte)[1]


def test_de_l_invitation_a_la_fin_d_adhesion(m):
    services.inviter("neuf@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre, prenom="Neuf")
    envoyer_en_attente()
    assert "Duvivier" not in mail.outbox[-1].body and "/territoire/invitation/" in mail.outbox[-1].body
    client = Client()
    reponse = client.get(lien_recu("neuf@example.invalid"), follow=True)
    assert reponse.redirect_chain[-1][0] == reverse("territoire:invitation")  # no token left in the address
    assert "neuf@example.invalid" in reponse.content.decode()
    donnees = {"prenom": "Neuf", "nom": "Venu", "mot_de_passe": "une phrase assez longue"}
    reponse = client.post(
        reverse("territoire:invitation"), donnees | {"confirmation": "une autre phrase longue"}
    )
    assert (
        reponse.status_code == 200 and not Utilisateur.objects.filter(email="neuf@example.invalid").exists()
    )
    reponse = client.post(
        reverse("territoire:invitation"), donnees | {"confirmation": donnees["mot_de_passe"]}
    )
    neuf = Utilisateur.objects.get(email="neuf@example.invalid")
    assert reponse.status_code == 302 and droits.peut(neuf, Droit.SIGNALER)
    # the charter comes before any other page
    assert client.get(reverse("territoire:annuaire")).url == reverse("territoire:charte")
    client.post(reverse("territoire:charte"), {"acceptee": "on"})
    neuf.refresh_from_db()
    assert neuf.charte_version == settings.QUALIT["CHARTE_VERSION"] and neuf.charte_le
    assert client.get(reverse("territoire:annuaire")).status_code == 200
    # the end of the membership takes effect at the next request
    services.terminer(neuf.adhesions.get(), par=m.andre)
    assert client.get(reverse("territoire:annuaire")).status_code == 403


def test_un_lien_ne_sert_qu_une_fois_et_se_remplace(m):
    invitation = services.inviter("neuf@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    ancien = lien_recu("neuf@example.invalid").rstrip("/").rsplit("/", 1)[1]
    services.renvoyer(invitation, par=m.andre)
    assert services.invitation_du_jeton(ancien) is None
    nouveau = lien_recu("neuf@example.invalid").rstrip("/").rsplit("/", 1)[1]
    offre = services.invitation_du_jeton(nouveau)
    assert offre == invitation and nouveau not in offre.empreinte_jeton
    services.accepter(offre, prenom="N", nom="V", mot_de_passe="une phrase assez longue")
    assert services.invitation_du_jeton(nouveau) is None
    with pytest.raises(services.InvitationImpossible):
        services.revoquer(offre, par=m.andre)


def test_une_invitation_expire_et_se_retire(m):
    invitation = services.inviter("neuf@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    assert invitation.expire_le.date() == (timezone.now() + timedelta(days=14)).date()
    Invitation.objects.update(expire_le=timezone.now() - timedelta(seconds=1))
    invitation.refresh_from_db()
    assert invitation.situation == "expiree"
    with pytest.raises(services.InvitationImpossible):
        services.accepter(invitation, prenom="N", nom="V", mot_de_passe="x" * 12)
    services.revoquer(invitation, par=m.andre)
    invitation.refresh_from_db()
    assert invitation.situation == "revoquee"


def test_une_structure_fermee_ne_s_ouvre_plus_par_une_invitation_et_dit_a_qui_s_adresser(m):
    invitation = services.inviter("neuf@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    Structure.objects.filter(pk=m.lycee.pk).update(fermee_le=timezone.localdate())
    client = Client()
    page = client.get(lien_recu("neuf@example.invalid"), follow=True)
    corps = page.content.decode()
    assert page.status_code == 410 and "a fermé le" in corps and m.lycee.nom in corps
    assert "rene@example.invalid" in corps and "andre@example.invalid" not in corps  # who can still invite
    assert 'name="mot_de_passe"' not in corps
    phrase = "une phrase assez longue"
    donnees = {"prenom": "Neuf", "nom": "Venu", "mot_de_passe": phrase, "confirmation": phrase}
    assert client.post(reverse("territoire:invitation"), donnees).status_code == 410
    with pytest.raises(services.StructureFermee, match="a fermé le"):
        services.accepter(invitation, prenom="Neuf", nom="Venu", mot_de_passe=phrase)
    assert not Utilisateur.objects.filter(email="neuf@example.invalid").exists()
    # somebody who has an account is told the same, and keeps what they have
    invitation = services.inviter("olga@example.invalid", Role.SIGNALEUR, m.cfa, par=m.rene)
    Structure.objects.filter(pk=m.cfa.pk).update(fermee_le=timezone.localdate(), reprise_par=m.cio)
    olga = w.connecter(Client(), m.olga)
    corps = olga.get(lien_recu("olga@example.invalid"), follow=True).content.decode()
    assert "reprise par" in corps and m.cio.courriel in corps and "rene@example.invalid" not in corps
    assert olga.post(reverse("territoire:invitation")).status_code == 410
    assert m.olga.adhesions.count() == 1
    # the day before it closes, the link still serves
    Structure.objects.filter(pk=m.cfa.pk).update(fermee_le=timezone.localdate() + timedelta(days=1))
    assert olga.post(reverse("territoire:invitation")).status_code == 302 and m.olga.adhesions.count() == 2


def test_une_structure_qui_ferme_pendant_la_saisie_se_dit_aussi(m, monkeypatch):
    services.inviter("neuf@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    client = Client()
    client.get(lien_recu("neuf@example.invalid"))
    Structure.objects.filter(pk=m.lycee.pk).update(fermee_le=timezone.localdate())
    reponses = iter([False, True])  # open when the page is asked, closed when the membership is made
    monkeypatch.setattr(services, "est_ferme", lambda siege: next(reponses))
    phrase = "une phrase assez longue"
    donnees = {"prenom": "Neuf", "nom": "Venu", "mot_de_passe": phrase, "confirmation": phrase}
    assert client.post(reverse("territoire:invitation"), donnees).status_code == 410
    assert not Utilisateur.objects.filter(email="neuf@example.invalid").exists()


@pytest.mark.parametrize(
    ("auteur", "role", "siege", "permis"),
    [
        ("andre", Role.SIGNALEUR, "lycee", True),
        ("andre", Role.REFERENT_STRUCTURE, "lycee", True),
        ("andre", Role.SIGNALEUR, "cfa", False),  # next structure
        ("andre", Role.OPERATEUR, "lycee", False),  # a lycée takes no mission
        ("andre", Role.COORDINATEUR_GAB, "caen", False),
        ("alice", Role.SIGNALEUR, "lycee", False),  # lesser role
        ("celia", Role.MEMBRE_GAB, "caen", False),
        ("rene", Role.COORDINATEUR_GAB, "caen", True),
        ("rene", Role.OPERATEUR, "ml", True),
        ("rene", Role.COORDINATEUR_GAB, "rouen", False),  # other académie
        ("rene", Role.SIGNALEUR, "lycee_rouen", False),
    ],
)
def test_qui_invite_qui(m, auteur, role, siege, permis):
    par = getattr(m, auteur)
    if permis:
        assert services.inviter("neuf@example.invalid", role, getattr(m, siege), par=par).pk
    else:
        with pytest.raises(PermissionDenied):
            services.inviter("neuf@example.invalid", role, getattr(m, siege), par=par)


def test_un_compte_connu_recoit_la_meme_invitation(m):
    """The page and the e-mail do not tell the inviter whether the account exists."""
    services.inviter(m.basile.email, Role.SIGNALEUR, m.lycee, par=m.andre)
    client = w.connecter(Client(), m.basile)
    client.get(lien_recu(m.basile.email))
    assert client.post(reverse("territoire:invitation")).status_code == 302
    assert m.basile.adhesions.actives().count() == 2


def test_une_liste_d_invitations_dit_ses_refus(m):
    lignes = [
        {"courriel": "un@example.invalid", "role": "Déclarant", "uai": "QIT-LYC-CAEN", "_ligne": 2},
        {"courriel": "deux@example.invalid", "role": "coordinateur_gab", "bassin": "caen", "_ligne": 3},
        {"courriel": "pas un courriel", "role": "Déclarant", "uai": "QIT-LYC-CAEN", "_ligne": 4},
        {"courriel": "trois@example.invalid", "role": "Déclarant", "uai": "QIT-LYC-ROU", "_ligne": 5},
        {"courriel": "un@example.invalid", "role": "Déclarant", "uai": "QIT-LYC-CAEN", "_ligne": 6},
        {"courriel": "quatre@example.invalid", "role": "Roi", "uai": "QIT-LYC-CAEN", "_ligne": 7},
    ]
    rapport = inviter_la_liste(lignes, m.academie, par=m.rene)
    assert [bool(r.erreur) for r in rapport] == [False, False, True, True, True, True]
    again = inviter_la_liste(lignes, m.academie, par=m.rene)
    assert all(r.erreur for r in again) and Invitation.objects.count() == 2


def test_le_second_facteur_perdu_demande_deux_personnes(m):
    autre = w.personne("Autre")
    w.adherer(autre, Role.REFERENT_STRUCTURE, m.lycee)
    Authenticator.objects.create(user=m.alice, type="totp", data={})
    demande = services.demander_secours(m.alice, "vue au bureau", par=m.andre)
    with pytest.raises(PermissionDenied):
        services.valider_secours(demande, par=m.andre)
    with pytest.raises(PermissionDenied):
        services.valider_secours(demande, par=m.denis)
    assert Authenticator.objects.filter(user=m.alice).exists()
    services.valider_secours(demande, par=autre)
    assert not Authenticator.objects.filter(user=m.alice).exists()
    with pytest.raises(ValidationError):
        services.valider_secours(demande, par=m.rene)
    with pytest.raises(PermissionDenied):
        services.demander_secours(m.andre, "moi-même", par=m.andre)


def test_deux_administrateurs_locaux_ne_retirent_pas_le_facteur_d_un_coordinateur(m):
    """The seat that demands the factor (the bassin) is managed by neither; one of the two must be of the rectorat."""
    w.adherer(m.celia, Role.OPERATEUR, m.ml)
    un, deux = w.personne("Un"), w.personne("Deux")
    for administrateur in (un, deux):
        w.adherer(administrateur, Role.REFERENT_STRUCTURE, m.ml)
    Authenticator.objects.create(user=m.celia, type="totp", data={})
    demande = services.demander_secours(m.celia, "téléphone perdu", par=un)
    with pytest.raises(ValidationError):
        services.valider_secours(demande, par=deux)
    assert Authenticator.objects.filter(user=m.celia).exists()
    services.valider_secours(demande, par=m.rene)
    assert not Authenticator.objects.filter(user=m.celia).exists()


def test_le_second_facteur_est_exige_de_certains_roles(m, settings):
    settings.EXIGER_MFA = True
    client = w.connecter(Client(), m.celia)
    assert client.get(reverse("territoire:annuaire")).url == reverse("territoire:second_facteur")
    assert client.get(reverse("territoire:second_facteur")).status_code == 200
    assert w.connecter(Client(), m.alice).get(reverse("territoire:annuaire")).status_code == 200
    Authenticator.objects.create(user=m.celia, type="totp", data={})
    assert client.get(reverse("territoire:annuaire")).status_code == 200


def test_les_comptes_inactifs_sont_avertis_puis_fermes(m):
    maintenant = timezone.now()
    Utilisateur.objects.update(last_login=maintenant, cree_le=maintenant - timedelta(days=900))
    Utilisateur.objects.filter(pk=m.alice.pk).update(last_login=maintenant - timedelta(days=340))
    assert services.suivre_les_inactifs(maintenant) == (1, 0)
    assert services.suivre_les_inactifs(maintenant + timedelta(days=10)) == (0, 0)
    assert services.suivre_les_inactifs(maintenant + timedelta(days=31)) == (0, 1)
    m.alice.refresh_from_db()
    assert not m.alice.is_active and droits.adhesions(m.alice) == []


def test_fermer_un_compte_coupe_ses_sessions(m):
    client = w.connecter(Client(), m.alice)
    assert client.get(reverse("territoire:annuaire")).status_code == 200
    services.desactiver(m.alice, "ferme", par=m.rene)
    assert client.get(reverse("territoire:annuaire")).status_code == 302


def test_changer_de_mot_de_passe_coupe_les_autres_sessions(m):
    un, deux = w.connecter(Client(), m.alice), w.connecter(Client(), m.alice)
    reponse = un.post(
        reverse("account_change_password"),
        {
            "oldpassword": w.MOT_DE_PASSE,
            "password1": "une phrase assez longue",
            "password2": "une phrase assez longue",
        },
    )
    assert reponse.status_code == 302
    assert deux.get(reverse("territoire:annuaire")).status_code == 302


def test_une_session_dure_dix_heures_au_plus(m):
    client = w.connecter(Client(), m.alice)
    client.get(reverse("territoire:annuaire"))
    session = client.session
    session["debut"] -= 10 * 3600 + 1
    session.save()
    assert client.get(reverse("territoire:annuaire")).status_code == 302


def test_la_suppleance_est_datee(m):
    demain = timezone.localdate() + timedelta(days=1)
    services.nommer_suppleant(m.celia, m.medhi, m.caen, debut=demain, fin=demain, par=m.celia)
    assert not droits.peut(Utilisateur.objects.get(pk=m.medhi.pk), Droit.PRECONISER)
    Adhesion.objects.filter(supplee=m.celia).update(debut=timezone.localdate())
    assert droits.peut(Utilisateur.objects.get(pk=m.medhi.pk), Droit.PRECONISER)
    with pytest.raises(ValidationError):
        services.nommer_suppleant(m.celia, m.alice, m.caen, debut=demain, fin=demain, par=m.celia)
    with pytest.raises(PermissionDenied):
        services.nommer_suppleant(m.celia, m.medhi, m.caen, debut=demain, fin=demain, par=m.denis)


def test_on_choisit_sous_quelle_adhesion_on_travaille(m):
    w.adherer(m.celia, Role.OPERATEUR, m.cio)
    client = w.connecter(Client(), m.celia)
    assert "Coordinateur du GAB" in client.get(reverse("territoire:annuaire")).content.decode()
    operateur = m.celia.adhesions.get(role=Role.OPERATEUR)
    client.post(
        reverse("territoire:choisir_adhesion"),
        {"adhesion": operateur.pk, "suite": "https://exemple.invalid/"},
    )
    page = client.get(reverse("territoire:suppleance"))
    assert page.status_code == 403  # the coordinator's rights are not those of the chosen membership
    client.post(reverse("territoire:choisir_adhesion"), {"adhesion": m.denis.adhesions.get().pk})
    assert client.get(reverse("territoire:suppleance")).status_code == 403


def test_le_mot_de_passe_oublie_ne_dit_pas_qui_existe(m):
    pages = []
    for email in (m.alice.email, "inconnue@example.invalid"):
        reponse = Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        pages.append((reponse.status_code, reponse.redirect_chain, len(reponse.content)))
    assert pages[0] == pages[1]


def test_l_assistance_voit_sans_nom_et_n_ecrit_rien(m):
    client = w.connecter(Client(), m.tom)
    reponse = client.post(
        reverse("territoire:voir_comme", args=[m.alice.reference]), {"motif": "appel de ce matin"}
    )
    assert reponse.status_code == 302
    page = client.get(reverse("territoire:compte")).content.decode()
    assert "Assistance" in page and "Déclarant" in page
    assert (
        client.post(reverse("territoire:compte"), {"prenom": "X", "nom": "Y", "resume": "aucun"}).status_code
        == 403
    )
    trace = Trace.objects.filter(quoi="voir_comme").get()
    assert trace.acteur == m.tom and trace.motif == "appel de ce matin"
    brouillon = w.signalement(m.lycee, m.alice)
    with droits.noms_masques():
        masque = type(brouillon).objects.get(pk=brouillon.pk)
    assert masque.nom_naissance == droits.MASQUE and masque.date_naissance is None
    client.post(reverse("territoire:fin_voir_comme"))
    assert "Assistance" not in client.get(reverse("territoire:compte")).content.decode()
    assert (
        w.connecter(Client(), m.rene)
        .get(reverse("territoire:voir_comme", args=[m.alice.reference]))
        .status_code
        == 403
    )


def test_l_administration_technique_regle_le_territoire_sans_voir_de_secret(m):
    tom = w.connecter(Client(), m.tom)
    assert tom.get(reverse("admin:territoire_bassin_changelist")).status_code == 200
    assert tom.get(reverse("admin:index")).status_code == 200
    assert tom.get("/administration/mfa/authenticator/").status_code == 404
    assert w.connecter(Client(), m.rene).get(reverse("admin:territoire_bassin_changelist")).status_code == 302


@pytest.mark.parametrize("role", Role.values)
def test_la_visite_parle_a_chaque_role(m, role):
    siege = {"structure": m.ml, "bassin": m.caen, "academie": m.academie}[SIEGE_DU_ROLE[role]]
    qui = w.personne("Visiteur")
    w.adherer(qui, role, siege)
    texte = w.connecter(Client(), qui).get(reverse("territoire:visite")).content.decode()
    assert "Votre accès dépend de vos adhésions" not in texte and "<ol>" in texte
    assert ("sans aucun nom" in texte) == (role in {"rectorat_lecture", "partenaire"})


def test_une_liste_d_invitations_se_verifie_puis_rend_ses_refus(m):
    """Nothing leaves before the confirmation; what is refused comes back as a file that is corrected and sent again."""
    client = w.connecter(Client(), m.rene)
    contenu = "courriel;rôle;UAI\nun@example.invalid;Déclarant;QIT-LYC-CAEN\ndeux@example.invalid;Roi;QIT-LYC-CAEN\n"

    def deposer(nom, octets):
        page = client.post(
            reverse("territoire:inviter_fichier"), {"fichier": SimpleUploadedFile(nom, octets)}, follow=True
        )
        return page.redirect_chain[-1][0], page.content.decode()

    adresse, texte = deposer("liste.csv", contenu.encode())
    assert "Inviter 1 personne<" in texte and "Rôle inconnu : Roi." in texte
    assert not Invitation.objects.exists()
    assert client.post(adresse).url == adresse
    assert Invitation.objects.get().email == "un@example.invalid"
    assert "Inviter 1 personne<" not in client.get(adresse).content.decode()  # what is left is refused
    fichier = b"".join(client.get(adresse, {"format": "xlsx"}).streaming_content)
    (ligne,) = lire_tableau(fichier, "refus.xlsx")
    assert ligne["courriel"] == "deux@example.invalid" and ligne["motif_du_refus"] == "Rôle inconnu : Roi."
    adresse, texte = deposer("refus.xlsx", fichier)  # the same file is read back
    assert "Rôle inconnu : Roi." in texte
    corrige = f"{contenu.splitlines()[0]};Motif du refus\ndeux@example.invalid;Déclarant;QIT-LYC-CAEN;Rôle inconnu\n"
    adresse, texte = deposer("corrige.csv", corrige.encode())
    assert client.post(adresse).url == reverse("territoire:equipe")
    assert Invitation.objects.count() == 2
    assert client.get(adresse).status_code == 404


def test_apres_un_renvoi_on_revient_la_ou_l_on_etait(m):
    invitation = services.inviter("neuf@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    client = w.connecter(Client(), m.andre)
    assert (
        'name="depuis" value="invitations"' in client.get(reverse("territoire:invitations")).content.decode()
    )
    adresse = reverse("territoire:renvoyer_invitation", args=[invitation.reference])
    assert client.post(adresse, {"depuis": "invitations"}).url == reverse("territoire:invitations")
    assert client.post(adresse, {"depuis": "https://ailleurs.invalid"}).url == reverse("territoire:equipe")


def test_l_assistance_choisit_qui_voir_dans_l_annuaire(m):
    lien = reverse("territoire:voir_comme", args=[m.alice.reference])
    annuaire = reverse("territoire:annuaire")
    assert lien in w.connecter(Client(), m.tom).get(annuaire).content.decode()
    assert lien not in w.connecter(Client(), m.rene).get(annuaire).content.decode()


def test_fermer_un_compte_se_confirme_en_disant_ce_qui_reste(m):
    w.signalement(m.lycee, m.alice)
    client = w.connecter(Client(), m.rene)
    adresse = reverse("territoire:fermer_compte", args=[m.alice.reference])
    page = client.get(adresse).content.decode()
    assert "1 brouillon" in page and "À reprendre" in page and "ne pourra plus se connecter" in page
    m.alice.refresh_from_db()
    assert m.alice.is_active
    client.post(adresse)
    m.alice.refresh_from_db()
    assert not m.alice.is_active
