"""The identity check before sending, and what must not depend on the rest of the territory; corrections; walk-ins."""

import re

import pytest

from dedoublonnage.models import Empreinte, Jeune, Paire, Rattachement
from gab.models import Dossier, Mission
from qualit.notifications.models import Avis
from signalements.models import EtatNeant, Question, Signalement
from signalements.services import poser_question

from .monde import connecter, signaler
from .saisie import formulaire, jour

ENVOYER = "/identites/envoyer/"
MASQUES = re.compile(
    r'name="(csrfmiddlewaretoken|jeton)" value="[^"]*"|\b[2-9A-HJ-NP-Z]{8}\b|\d{2} h \d{2}|\d{2}:\d{2}|nonce="[^"]*"'
)


def texte(reponse):
    return reponse.content.decode()


def masquer(reponse):
    return reponse.status_code, MASQUES.sub("·", reponse.headers.get("Location", "") + texte(reponse))


@pytest.fixture
def alice(client, monde):
    return connecter(client, monde.alice)


def deja(alice, **champs):
    """A report already sent by alice's lycée."""
    alice.post(ENVOYER, formulaire(**champs))
    return Signalement.objects.latest("pk")


def test_le_meme_jeune_est_montre_et_la_jonction_demande_une_confirmation(alice):
    premier = deja(alice)
    second = formulaire(classe="1 MELEC", prenom="Tristan")
    page = texte(alice.post(ENVOYER, second))
    for mot in ("C’est le même jeune", "Ce n’est pas le même", "Je ne sais pas", premier.reference):
        assert mot in page
    for interdit in ("rattachement", "arbitre", "score", "zone"):
        assert interdit not in re.sub(r"<[^>]*>", "", page).lower()
    s = Signalement.objects.latest("pk")
    assert s.etat == "brouillon"
    adresse = f"/identites/verifier/{s.reference}/"
    champ = f"identite-{premier.reference}"
    page = texte(alice.post(adresse, {champ: "meme"}))
    assert "Oui, c’est le même jeune" in page and Signalement.objects.get(pk=s.pk).etat == "brouillon"
    assert alice.post(adresse, {champ: "meme", "confirmer": "oui"}).status_code == 302
    assert Jeune.objects.count() == 1 and Dossier.objects.count() == 1
    assert Rattachement.objects.get(signalement=s).mode == Rattachement.Mode.CONFIRME
    assert (
        alice.post(adresse, {champ: "meme", "confirmer": "oui"}).url == f"/signalements/{s.reference}/accuse/"
    )


@pytest.mark.parametrize("reponse", ["different", "inconnu"])
def test_pas_le_meme_fait_un_autre_jeune_en_un_clic(alice, reponse):
    premier = deja(alice)
    alice.post(ENVOYER, formulaire())
    s = Signalement.objects.latest("pk")
    alice.post(f"/identites/verifier/{s.reference}/", {f"identite-{premier.reference}": reponse})
    s.refresh_from_db()
    assert s.etat == "envoye" and Jeune.objects.count() == 2
    assert Paire.objects.get().etat == "a_decider"  # an almost certain match still goes to the group


def test_les_reponses_du_formulaire_suffisent(alice):
    premier = deja(alice)
    apercu = texte(alice.post("/identites/apercu/", formulaire()))
    assert f'name="identite-{premier.reference}" value="meme" checked' in apercu
    reponse = alice.post(ENVOYER, formulaire(**{f"identite-{premier.reference}": "different"}))
    assert reponse.url.endswith("/accuse/") and Jeune.objects.count() == 2


def test_un_jeune_d_ailleurs_glisse_dans_la_reponse_est_ignore(alice, monde):
    autre = signaler(monde.lycee_lisieux, monde.lucie)
    alice.post(ENVOYER, formulaire(confirmer="oui", **{f"identite-{autre.reference}": "meme"}))
    assert Jeune.objects.count() == 2


def test_sans_javascript_la_page_de_verification_propose_l_envoi(alice, monde):
    alice.post("/signalements/nouveau/", formulaire())
    adresse = f"/identites/verifier/{Signalement.objects.get().reference}/"
    assert "Aucune fiche" in texte(alice.get(adresse))
    assert alice.post(adresse, {"envoyer": "1"}).url.endswith("/accuse/")


# --- Non-interference -----------------------------------------------------------------------------------


def test_sans_javascript_un_bouton_verifie_avant_d_envoyer(alice):
    """The button answers on the form, with the same questions as with JavaScript; it neither saves nor sends."""
    premier = deja(alice)
    page = texte(alice.get("/signalements/nouveau/"))
    assert 'data-sans-js><button type="submit"' in page and f'formaction="{ENVOYER}#verification"' in page
    second = formulaire(classe="1 MELEC")
    reponse = alice.post(ENVOYER, second | {"verifier": "1", "classe": ""})
    assert reponse.status_code == 200 and Signalement.objects.count() == 1
    assert f'name="identite-{premier.reference}"' in texte(reponse)
    seul = formulaire(nom_naissance="VASSEUR", prenom="Hugo", date_naissance=jour(16))
    assert "Aucune fiche de votre établissement" in texte(alice.post(ENVOYER, seul | {"verifier": "1"}))
    assert "Donnez le nom" in texte(alice.post(ENVOYER, seul | {"verifier": "1", "prenom": ""}))
    alice.post(ENVOYER, second | {f"identite-{premier.reference}": "different"})
    assert Jeune.objects.count() == 2


def _scenario(client, monde):
    """What alice sees over an entry, its live checks, its sending and what follows."""
    connecter(client, monde.alice)
    identite = {"nom_naissance": "Lemarchand", "prenom": "Tristan", "date_naissance": jour(17)}
    vues = [client.get("/signalements/nouveau/")]
    donnees = formulaire(**identite)
    for adresse in (
        "/signalements/controles/",
        "/identites/apercu/",
        "/signalements/nouveau/sauver/",
        ENVOYER,
    ):
        vues.append(client.post(adresse, donnees))
    s = Signalement.objects.filter(structure=monde.lycee).latest("pk")
    vues += [client.get(f"/signalements/{s.reference}/accuse/"), client.get("/signalements/brouillons/")]
    repete = formulaire(**identite)
    vues += [client.post("/identites/apercu/", repete), client.post(ENVOYER, repete)]
    s = Signalement.objects.filter(structure=monde.lycee).latest("pk")
    vues += [client.get(f"/identites/verifier/{s.reference}/"), client.get("/signalements/qualite/")]
    return [masquer(v) for v in vues]


def test_ce_qui_est_hors_du_perimetre_ne_change_pas_un_octet(client, monde):
    from django.db import transaction

    mondes = []
    for ailleurs in (0, 1, 45):
        with transaction.atomic():
            for n in range(ailleurs):
                signaler(
                    monde.lycee_lisieux if n % 2 else monde.cfa,
                    monde.lucie if n % 2 else monde.basile,
                    nom_naissance="Lemarchand",
                    prenom="Tristan",
                    date_naissance=_date(jour(17)),
                    telephone="06 39 98 12 34",
                )
            mondes.append(_scenario(client, monde))
            transaction.set_rollback(True)
    for etape, (sans, un, quarante) in enumerate(zip(*mondes, strict=True)):
        assert sans == un == quarante, f"étape {etape}"


def _date(texte_fr):
    from qualit.web.formulaires import lire_date

    return lire_date(texte_fr)


# --- Corrections, quality --------------------------------------------------------------------------------


def _correction(s, **champs):
    return {
        "version": str(s.version), "nom_naissance": s.nom_naissance, "prenom": s.prenom, "sexe": s.sexe,
        "date_naissance": f"{s.date_naissance:%d/%m/%Y}", "domicile": "france", "code_postal": s.code_postal,
        "ville": s.ville, "contacts-total": "1", "contacts-0-valeur": "06 39 98 12 34",
        "contacts-0-proprietaire": "jeune", **champs,
    }  # fmt: skip


def test_corriger_garde_ce_qui_avait_ete_saisi_et_refait_l_empreinte(alice):
    s = deja(alice)
    avant = Empreinte.objects.get(signalement=s).cles
    adresse = f"/identites/corriger/{s.reference}/"
    assert alice.get(adresse).status_code == 200
    assert alice.post(adresse, _correction(s, nom_naissance="Lemarchant")).status_code == 302
    s.refresh_from_db()
    version = s.versions.get()
    assert s.nom_naissance == "Lemarchant" and version.contenu["nom_naissance"] == "Lemarchand"
    assert version.champs == ["nom_naissance"] and Empreinte.objects.get(signalement=s).cles != avant
    assert s.etat == "envoye"
    reponse = alice.post(adresse, _correction(s, nom_naissance="X", version="1"))
    assert reponse.status_code == 409 and "Alice Essai" in texte(reponse) and 'value="X"' in texte(reponse)


def test_corriger_les_coordonnees_repond_a_la_question_et_previent(alice, monde):
    s = deja(alice)
    question = poser_question(s, Question.Type.COORDONNEES, "Numéro faux", par=monde.omar)
    assert Avis.objects.filter(lien=f"/mes-signalements/{s.reference}/").exists()
    assert "Donner d’autres coordonnées" in texte(alice.get(f"/signalements/questions/{question.reference}/"))
    alice.post(
        f"/identites/corriger/{s.reference}/", _correction(s, **{"contacts-0-valeur": "06 39 98 77 77"})
    )
    question.refresh_from_db()
    assert question.close_le and s.contacts.get().valeur == "06 39 98 77 77"
    assert Avis.objects.filter(destinataire=monde.omar, code="coordonnees_corrigees").exists()


def test_une_nouvelle_adresse_ne_change_pas_le_bassin(alice, monde):
    s = deja(alice)
    alice.post(f"/identites/corriger/{s.reference}/", _correction(s, code_postal="14100", ville="Lisieux"))
    s.refresh_from_db()
    assert s.commune == monde.commune_lisieux and s.bassin == monde.caen
    assert Avis.objects.filter(destinataire=monde.celia, code="tache_coordinateur").exists()


def test_la_page_de_qualite_montre_les_identites_suspectes_de_l_etablissement(alice, monde):
    sain = deja(alice)
    naissance = _date(jour(17)).replace(month=1, day=1)
    douteux = signaler(monde.lycee, monde.alice, 1, date_naissance=naissance, ine="1234567890A")
    signaler(monde.lycee_lisieux, monde.lucie, 2, ine="1234567890A")
    page = texte(alice.get("/signalements/qualite/"))
    assert "1er janvier" in page and "lettre finale" in page and str(douteux) in page
    assert str(sain) not in page and "POTTIER" not in page
    alice.post(f"/signalements/{douteux.reference}/identite-exacte/")
    assert "Rien à vérifier" in texte(alice.get("/signalements/qualite/"))


# --- Withdrawal, questions, monthly word, walk-ins ---------------------------------------------------------


def test_retirer_avant_le_tri_clot_le_dossier(alice):
    s = deja(alice)
    adresse = f"/identites/retirer/{s.reference}/"
    assert alice.get(adresse).status_code == 200
    assert alice.post(adresse, {"motif": "inconnu"}).status_code == 200
    alice.post(adresse, {"motif": "saisi_par_erreur"})
    s.refresh_from_db()
    assert s.etat == "annule" and Dossier.objects.get().etat == "clos"


def test_retirer_apres_le_tri_est_une_demande(alice, monde):
    from gab.services import juger_recevable

    s = deja(alice)
    juger_recevable(s, par=monde.celia)
    for _ in range(2):
        alice.post(f"/identites/retirer/{s.reference}/", {"motif": "retour_formation", "texte": "Au CFA"})
    s.refresh_from_db()
    assert s.etat == "recevable" and s.questions.get(type="retrait").texte == "Au CFA"


def test_repondre_renvoie_le_signalement_au_gab(alice, monde):
    from gab.services import demander_complement

    s = deja(alice)
    question = demander_complement(s, "Quelle classe ?", par=monde.celia)
    adresse = f"/signalements/questions/{question.reference}/"
    assert "Quelle classe ?" in texte(alice.get(adresse))
    assert alice.post(adresse, {"texte": ""}).status_code == 200
    alice.post(adresse, {"texte": "La seconde."})
    s.refresh_from_db()
    question.refresh_from_db()
    assert s.etat == "envoye" and question.reponse == "La seconde."
    connecter(alice, monde.lucie)
    assert alice.get(adresse).status_code == 404


def test_l_etat_neant_se_dit_d_un_clic_une_fois(alice):
    page = texte(alice.get("/signalements/etat-neant/"))
    mois = re.findall(r'name="mois" value="([^"]+)"', page)
    for _ in range(2):
        alice.post("/signalements/etat-neant/", {"mois": mois[0]})
    alice.post("/signalements/etat-neant/", {"mois": "2001-01-01"})
    assert EtatNeant.objects.get().mois.isoformat() == mois[0]


def test_un_jeune_qui_se_presente_est_suivi_aussitot(client, monde):
    connecter(client, monde.omar)
    page = texte(client.get("/gab/accueillir/"))
    jeton = re.search(r'name="jeton_formulaire" value="([^"]+)"', page).group(1)
    donnees = {"nom_naissance": "Lemarchand", "prenom": "Tristan", "date_naissance": jour(17), "sexe": "M",
               "valeur": "06 39 98 12 34", "jeton_formulaire": jeton}  # fmt: skip
    assert client.post("/gab/accueillir/", donnees | {"valeur": "12"}).status_code == 200
    reponse = client.post("/gab/accueillir/", donnees)
    s = Signalement.objects.get()
    assert reponse.url == f"/signalements/{s.reference}/accuse/" and s.origine == "accueil"
    assert client.post("/gab/accueillir/", donnees).url == reponse.url and Signalement.objects.count() == 1
    mission = Mission.objects.get()
    assert (
        mission.structure == monde.ml
        and mission.a_confirmer
        and Dossier.objects.get().etat == "pris_en_charge"
    )
    assert Avis.objects.filter(destinataire=monde.celia, code="jeune_accueilli").count() == 1
