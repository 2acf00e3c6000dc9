"""Every figure against an independent computation over the raw rows; the list behind each figure; what each reader sees."""

import html
import json
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import StringIO
from statistics import median
from urllib.parse import urlencode

import polars as pl
import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.fusion import annuler_fusion
from dedoublonnage.models import Fusion
from gab.models import Dossier, Transfert
from signalements.models import Signalement
from statistiques import cliches, memoire, services
from statistiques.bord import a_cote, assembler
from statistiques.dimensions import DIMENSIONS
from statistiques.forms import campagnes, lire_champ
from statistiques.indicateurs import REGISTRE, calculer, codes_a_cote, codes_de, codes_pour
from statistiques.models import Episode
from statistiques.portees import Portee, lieu_academie, lieu_bassin, lieu_structure, portees
from statistiques.protection import PERSONNES, SOMMES
from statistiques.relation import PARIS, Champ
from statistiques.tableaux import Constructeur
from suivi.models import Devenir

from .independant import (
    couverture_independante,
    episodes_independants,
    figures_independantes,
    operateurs_independants,
    repartitions_independantes,
    stock_independant,
)
from .monde import connecter, construire
from .mondes_aleatoires import bousculer, peupler_au_hasard, raconter, retirer, reunir, transferer


@pytest.fixture(params=[1, 2, 3])
def alea(db, request):
    m = construire()
    peupler_au_hasard(m, request.param)
    bousculer(m, request.param)
    return m


@pytest.fixture
def un_alea(db):
    m = construire()
    peupler_au_hasard(m, 7)
    return m


def comparer(champ, tout, bassin=None):
    calcules = calculer(champ, codes_de("episodes"), DIMENSIONS)[()]
    attendus = figures_independantes(tout, champ.campagne, champ.au, bassin)
    assert set(attendus) == set(codes_de("episodes")), "un indicateur sans calcul indépendant"
    for code, attendu in attendus.items():
        r = calcules[code]
        trouve = (r.valeur, r.detail) if isinstance(attendu, tuple) else r.valeur
        assert trouve == pytest.approx(attendu), (code, champ.campagne, champ.au, trouve, attendu)


def champs(m):
    for annee in (2022, 2023, 2024):
        for au in (date(annee, 11, 15), date(annee + 1, 6, 30), date(annee + 2, 3, 1)):
            yield Champ(lieu_academie(m.academie), annee, au), None
            yield Champ(lieu_bassin(m.lisieux), annee, au), "lisieux"


def test_chaque_chiffre_contre_un_calcul_independant(alea):
    """By the live computation first, then by the summary."""
    tout = episodes_independants()
    for quoi in ("retire", "hors_champ"):
        assert tout[quoi].is_not_null().any(), quoi
    assert tout["obligation"].any() and tout["jeune"].n_unique() < tout.height
    reunions = Fusion.objects.exclude(inventaire=[])
    assert reunions.exclude(annulee_le=None).exists() and Transfert.objects.filter(etat="accepte").exists()
    assert Dossier.objects.filter(motif_cloture="fusion").exists()
    for champ, bassin in list(champs(alea))[4:8]:
        comparer(champ, tout, bassin)
    services.rafraichir_tout()
    for champ, bassin in champs(alea):
        comparer(champ, tout, bassin)


def test_les_signalements_moins_les_doublons_sont_les_personnes(alea):
    """At any day, before and after a report is withdrawn or a jeune found out of scope; less those whose dossier was opened
    again without a report."""
    services.rafraichir_tout()
    retraits = set()
    for champ, _ in champs(alea):
        for au in {champ.au, *Episode.objects.values_list("retire_le", flat=True)} - {None}:
            champ = replace(champ, au=au)
            r = {code: x.valeur for code, x in calculer(champ, [*SOMMES, *PERSONNES], DIMENSIONS)[()].items()}
            ici = Episode.objects.filter(
                campagne=champ.campagne, ouvert_le__lte=champ.arrete, reouverture=True
            )
            if champ.lieu.type == "bassin":
                ici = ici.filter(bassin_id=champ.lieu.id)
            rouverts = [
                e
                for e in ici
                if not (e.retire_le and e.retire_le <= champ.arrete)
                and not any(d <= champ.arrete for d in e.envois)
            ]
            personnes = sum(r[code] for code in PERSONNES) - len(rouverts)
            assert r["signalements"] - r["doublons_evites"] == personnes, champ
            retraits.add((champ.campagne, r["signalements"]))
    assert len(retraits) > 10


def test_chaque_repartition_contre_un_calcul_independant(alea):
    """Every dimension, and the matrix of bassins: jeunes, with a solution, days until it, as the pages cross them."""
    services.rafraichir_tout()
    tout, vues = episodes_independants(), 0
    codes = ["jeunes", "avec_solution", "delai_total"]
    matrice = [DIMENSIONS["bassin"], DIMENSIONS["bassin_formation"]]
    for champ, bassin in list(champs(alea))[2:16:3]:
        attendues = repartitions_independantes(tout, champ.campagne, champ.au, bassin)
        c = Constructeur(champ, Portee(champ.lieu, exact=True))
        listes = [*([d] for d in DIMENSIONS.values()), matrice]
        for dimensions, croise in zip(listes, c.croisements(codes, listes), strict=True):
            nom = "matrice" if len(dimensions) > 1 else dimensions[0].code
            trouvees = {cle if len(cle) > 1 else cle[0]: v for cle, v in croise.items() if None not in cle}
            trouvees = {cle: v for cle, v in trouvees.items() if v["jeunes"][0].valeur}
            for cle, (jeunes, solutions, delais) in attendues[nom].items():
                v = {code: r for code, (r, _) in trouvees.pop(cle).items()}
                assert (v["jeunes"].valeur, v["avec_solution"].detail) == (jeunes, solutions), (
                    nom,
                    cle,
                    champ,
                )
                assert v["delai_total"].base == len(delais)
                assert v["delai_total"].valeur == (median(delais) if delais else None)
                vues += jeunes
            assert trouvees == {}, (nom, champ)
    assert vues > 500


def test_les_chiffres_a_cote_des_episodes_contre_un_calcul_independant(alea):
    """Answers of the commissioned structures, coverage, open stock: for the place and for each structure."""
    services.rafraichir_tout()
    tout, vus = episodes_independants(), 0
    for champ, bassin in champs(alea):
        c = Constructeur(champ, Portee(champ.lieu, exact=True))
        r = a_cote(c)
        assert set(r) == set(codes_a_cote(champ.lieu)) == set(REGISTRE) - set(codes_de("episodes"))
        repondu = couverture_independante(alea, champ.campagne, champ.au, bassin)
        assert (r["couverture"].detail, r["couverture"].base) == repondu == c.couverture
        assert r["stock"].valeur == stock_independant(tout, champ.campagne, bassin)
        attendus = operateurs_independants(champ.campagne, champ.au, bassin)
        trouves = {code: {i: x.valeur for i, x in chiffres.items()} for code, _, chiffres in c.missions[1:]}
        assert trouves == attendus
        for code in set(codes_de("missions")) - {"delai_reponse"}:
            assert r[code].valeur == sum(x[code] for x in attendus.values())
        affiches = [[x.valeur for x in ligne[1:6]] for ligne in c.operateurs().lignes]
        ordre = (
            "missions",
            "missions_acceptees",
            "missions_refusees",
            "missions_expirees",
            "missions_en_attente",
        )
        assert sorted(affiches) == sorted([x[o] for o in ordre] for x in attendus.values())
        vus += len(attendus) + r["stock"].valeur
    assert vus > 20


@pytest.mark.parametrize("qui", ["rene", "celia", "omar", "alice"])
def test_chaque_chiffre_du_tableau_de_bord_a_une_liste(un_alea, client, qui):
    """No figure about people stays without its list for those who read them; the list holds exactly as many."""
    services.rafraichir_tout()
    portee = next(p for p in portees(getattr(un_alea, qui)).values() if p.liste)
    connecter(client, getattr(un_alea, qui))
    reponse = client.get(
        reverse("statistiques:tableau"),
        {"lieu": portee.lieu.cle, "campagne": "2023-2024", "au": "2024-06-30"},
    )
    contexte = reponse.context
    a_ouvrir = [(contexte["lien_stock"], contexte["stock"].valeur)]
    assert contexte["lien_stock"] in html.unescape(reponse.content.decode())
    if contexte["couverture"]:
        repondu, attendu = contexte["couverture"]
        a_ouvrir.append((contexte["lien_couverture"], attendu - repondu))
    for tuile in contexte["tuiles"]:
        assert tuile["url"] or "1 000" in tuile["libelle"], tuile["libelle"]
    for table in contexte["familles"]:
        for ligne in table.lignes:
            assert ligne[1].url, str(ligne[0])
    codes = codes_de("missions")
    for ligne in contexte["operateurs"].lignes if "operateurs" in contexte else ():
        for code, cellule in zip(codes, ligne[1:], strict=False):
            assert cellule.url, code
            if code != "delai_reponse":
                a_ouvrir.append((cellule.url, cellule.valeur))
    for ligne in contexte["bassins"].lignes if "bassins" in contexte else ():
        if " sur " in ligne[5].texte:
            repondu, attendu = map(int, ligne[5].texte.split(" sur "))
            a_ouvrir.append((ligne[5].url, attendu - repondu))
    for url, nombre in a_ouvrir:
        page = client.get(url)
        assert page.status_code == 200 and page.context["page"].paginator.count == nombre, url


def test_tel_que_connu_aujourd_hui_est_le_chiffre_d_aujourd_hui(alea):
    for champ, _ in list(champs(alea))[2:8]:
        connu = Champ(champ.lieu, champ.campagne, champ.au, timezone.localdate())
        assert calculer(connu, codes_de("episodes"), DIMENSIONS) == calculer(
            champ, codes_de("episodes"), DIMENSIONS
        )


def test_tel_que_connu_ne_change_plus(un_alea):
    """A fact recorded today changes "arrêté au" a past day, not "tel que connu au" that day."""
    services.rafraichir_tout()
    au = date(2023, 3, 1)
    arrete = Champ(lieu_academie(un_alea.academie), 2022, au)
    connu = Champ(arrete.lieu, 2022, au, au)
    avant = calculer(connu, ["jeunes", "avec_solution"], DIMENSIONS)
    jeune = calculer(arrete, ["avec_solution"], DIMENSIONS)[()]["avec_solution"]
    sortis = "(e.date_sortie IS NULL OR e.date_sortie <= '2023-02-26')"  # a solution counts from the exit on
    condition = f"{REGISTRE['sans_solution'].mesure.liste} AND {sortis}"
    sans = arrete.executer(["e.dossier_id"], DIMENSIONS, condition=condition, ordre="e.dossier_id")[0][0]
    Devenir.objects.filter(dossier=sans).delete()
    Devenir.objects.create(
        dossier_id=sans, code="apprentissage", groupe="formation", date=au - timedelta(days=3), source="jeune"
    )
    assert calculer(connu, ["jeunes", "avec_solution"], DIMENSIONS) == avant
    assert calculer(arrete, ["avec_solution"], DIMENSIONS)[()]["avec_solution"].detail == jeune.detail + 1


def test_tel_que_connu_avant_des_reunions_et_des_transferts(alea):
    """decisions.md 19: what a day showed is found again after merges, undone ones, and transfers."""
    services.rafraichir_tout()
    lieux = [lieu_academie(alea.academie), lieu_bassin(alea.caen), lieu_structure(alea.ml, "operateur")]
    demandes = [Champ(lieu, c, date(c + 1, 6, 30)) for lieu in lieux for c in (2022, 2023, 2024)]

    def tout(champ):
        c = Constructeur(champ, Portee(champ.lieu, exact=True))
        missions = [(code, {i: r.valeur for i, r in chiffres.items()}) for code, _, chiffres in c.missions]
        croise = c.croiser(
            ["jeunes", "avec_solution"], [DIMENSIONS["bassin"], DIMENSIONS["bassin_formation"]]
        )
        utiles = {k: v for k, v in croise.items() if v["jeunes"][0].base}
        return c.totaux(codes_pour(champ.lieu)), missions, utiles

    alors = timezone.now()
    avant = [tout(champ) for champ in demandes]
    hasard = random.Random(4)
    for fusion in Fusion.objects.filter(annulee_le=None).order_by("-pk")[:3]:
        annuler_fusion(fusion, par=alea.rene)
    reunir(alea, hasard, 6)
    for dossier in Dossier.objects.filter(etat="pris_en_charge").order_by("pk")[:8]:
        transferer(alea, dossier, timezone.now())
    assert [tout(champ) for champ in demandes] != avant
    for champ, attendu in zip(demandes, avant, strict=True):
        trouve = tout(replace(champ, connu_au=alors))
        for partie, attendue in zip(trouve, attendu, strict=True):
            assert partie == attendue, champ


def test_un_etat_passe_n_est_calcule_qu_une_fois_par_campagne_comparee(un_alea, client):
    """A page "tel que connu" reads many tables, of this campaign and of the one before: two computations, the same figures."""
    services.rafraichir_tout()
    connecter(client, un_alea.rene)
    demande = {"campagne": "2023-2024", "au": "2024-03-01", "connu": "2024-03-01"}
    champ = Champ(lieu_academie(un_alea.academie), 2023, date(2024, 3, 1), date(2024, 3, 1))
    attendu = calculer(champ, ["jeunes"], DIMENSIONS)[()]["jeunes"]
    for page in ("tableau", "question"):
        with CaptureQueriesContext(connection) as requetes:
            reponse = client.get(reverse(f"statistiques:{page}"), demande)
        assert sum("statistiques_episodes(" in q["sql"] for q in requetes) == 2, page
    assert reponse.context["table"].lignes[-1][-1].valeur == attendu.valeur > 0


def test_la_file_d_attente_se_vide_et_le_chiffre_ne_bouge_pas(un_alea):
    champ = Champ(lieu_academie(un_alea.academie), 2023, date(2024, 6, 30))
    direct = calculer(champ, codes_de("episodes"), DIMENSIONS)
    assert services.rafraichir(lot=10) == 10
    assert calculer(champ, codes_de("episodes"), DIMENSIONS) == direct
    services.rafraichir_tout()
    assert services.rafraichir() == 0
    assert calculer(champ, codes_de("episodes"), DIMENSIONS) == direct
    assert services.reconstruire() > 0
    assert calculer(champ, codes_de("episodes"), DIMENSIONS) == direct


@pytest.mark.parametrize("qui", ["rene", "celia", "omar", "alice"])
def test_chaque_chiffre_ouvre_la_liste_de_ses_jeunes(un_alea, client, qui):
    m = un_alea
    services.rafraichir_tout()
    personne = getattr(m, qui)
    connecter(client, personne)
    portee = next(p for p in portees(personne).values() if p.liste)
    champ = Champ(portee.lieu, 2023, date(2024, 6, 30))
    ouvertes = 0
    for code in [c for c in codes_pour(portee.lieu) if REGISTRE[c].mesure.liste]:
        for filtres in ((), (("sexe", "F"),)):
            resultat = calculer(Champ(champ.lieu, 2023, champ.au, None, filtres), [code], DIMENSIONS)[()][
                code
            ]
            reponse = client.get(
                reverse("statistiques:liste"),
                {
                    "lieu": portee.lieu.cle,
                    "campagne": "2023-2024",
                    "au": "2024-06-30",
                    "indicateur": code,
                    **dict(filtres),
                },
            )
            assert reponse.status_code == 200
            liste = reponse.context
            nombre = liste["somme"] if REGISTRE[code].est_somme else liste["page"].paginator.count
            assert nombre == resultat.effectif, (code, filtres)
            ouvertes += resultat.effectif
    assert ouvertes > 20


@pytest.mark.parametrize("qui", ["rene", "celia", "omar", "alice"])
def test_chaque_case_d_un_tableau_ouvre_sa_liste(un_alea, qui):
    """All the figures that open a list on a dashboard, "Non renseigné" and margins included: as many jeunes as it says."""
    services.rafraichir_tout()
    portee = next(p for p in portees(getattr(un_alea, qui)).values() if p.liste)
    contexte = assembler(Champ(portee.lieu, 2023, date(2024, 6, 30)), portee)
    tables = [*contexte["familles"], *contexte["repartitions"], contexte["mois"]]
    tables += [contexte.get("bassins"), contexte.get("matrice"), *contexte.get("hors_champ", ())]
    if qui != "alice":
        tables.append(
            Constructeur(Champ(portee.lieu, 2023, date(2024, 6, 30)), portee).repartition("structure")
        )
    vues = 0
    for table in filter(None, tables):
        for ligne in table.lignes:
            for cellule in ligne:
                if isinstance(cellule, str) or not cellule.url:
                    continue
                parametres = QueryDict(cellule.url.partition("?")[2])
                champ, indicateur = lire_champ(parametres, portee), REGISTRE[parametres["indicateur"]]
                if indicateur.source != "episodes":
                    continue  # test_chaque_chiffre_du_tableau_de_bord_a_une_liste
                valeur = indicateur.mesure.valeur if indicateur.est_somme else "1"
                lues = champ.executer([valeur], DIMENSIONS, condition=indicateur.mesure.liste)
                r = calculer(champ, [indicateur.code], DIMENSIONS)[()][indicateur.code]
                chiffres = (
                    {r.valeur, r.detail} if indicateur.mesure.genre == "duree" else {r.valeur}
                )  # 9th decile
                assert cellule.valeur in chiffres and sum(n for (n,) in lues) == r.effectif, (
                    table.code,
                    str(ligne[0]),
                )
                vues += 1
    assert vues > 20


def test_chacun_voit_les_lieux_de_son_role(un_alea):
    m = un_alea
    cles = {
        nom: portees(getattr(m, nom))
        for nom in ("rene", "rita", "celia", "denis", "alice", "omar", "paul", "dora", "nobody")
    }
    assert cles["rene"]["academie"].exact and cles["rene"]["bassin-lisieux"].exact
    assert (
        cles["rita"]["academie"].totaux
        and not cles["rita"]["academie"].exact
        and not cles["rita"]["bassin-caen"].exact
    )
    assert (
        cles["celia"]["bassin-caen"].exact
        and not cles["celia"]["bassin-lisieux"].exact
        and not cles["celia"]["academie"].liste
    )
    assert list(cles["alice"])[0] == "etablissement-QIT-LYC-CAEN" and not cles["alice"]["bassin-caen"].exact
    assert list(cles["omar"])[0] == "operateur-QIT-ML-CAEN" and cles["omar"]["operateur-QIT-ML-CAEN"].liste
    assert list(cles["paul"]) == ["bassin-caen"] and not cles["paul"]["bassin-caen"].exact
    assert cles["dora"] == {} and cles["nobody"] == {}
    assert not any("bassin-rouen" in c for c in cles.values())


def test_un_lecteur_protege_ne_choisit_ni_jour_ni_filtre(un_alea, client):
    connecter(client, un_alea.paul)
    reponse = client.get(
        reverse("statistiques:tableau"),
        {"campagne": "2023-2024", "au": "2024-01-03", "connu": "2024-01-03", "sexe": "F"},
    )
    champ = reponse.context["champ"]
    assert champ.filtres == () and champ.connu_au is None and champ.au != date(2024, 1, 3)
    for tableau in reponse.context["repartitions"]:
        for ligne in tableau.lignes:
            assert ligne[1].masquee or ligne[1].valeur >= 5
    assert client.get(reverse("statistiques:tableau"), {"lieu": "bassin-lisieux"}).status_code == 404
    assert client.get(reverse("statistiques:liste")).status_code == 302


def test_une_ecole_ne_compte_que_ce_que_le_gab_a_trie(un_alea, client):
    """Until its own report is triaged, nothing of it counts for the school (decisions.md 4)."""
    services.rafraichir_tout()
    lieu = portees(un_alea.alice)["etablissement-QIT-LYC-CAEN"].lieu
    champ = Champ(lieu, 2023, date(2025, 1, 1))
    avant = calculer(champ, ["jeunes"], DIMENSIONS)[()]["jeunes"].valeur
    assert avant > 0
    Signalement.objects.filter(structure=un_alea.lycee).update(trie_le=None)
    assert calculer(champ, ["jeunes"], DIMENSIONS)[()]["jeunes"].valeur == 0


def test_la_commande_dit_les_memes_chiffres(un_alea):
    sortie = StringIO()
    call_command("statistiques", "--campagne", "2023-2024", "--json", stdout=sortie)
    lu = json.loads(sortie.getvalue())
    champ = Champ(lieu_academie(un_alea.academie), 2023, date(2024, 6, 30))
    r = calculer(champ, codes_de("episodes"), DIMENSIONS)[()]
    assert lu["jeunes"] == r["jeunes"].valeur > 0
    assert lu["avec_solution_pct"] == round(100 * r["avec_solution"].valeur, 1)
    assert sum(b["jeunes"] for b in lu["par_bassin"].values()) == lu["jeunes"]
    assert set(lu["definitions"]) == set(lu["indicateurs"]) == set(REGISTRE) and all(
        d["definition"] for d in lu["definitions"].values()
    )


def test_le_tableau_tient_en_vingt_cinq_requetes(un_alea, client):
    """Without those that only mark a transaction, as benchmarks/statistiques.py counts them; the night has passed."""
    services.rafraichir_tout()
    cliches.prendre_tous_les_jours()
    for qui in ("rene", "rita", "celia", "alice", "omar", "paul"):
        connecter(client, getattr(un_alea, qui))
        client.get(
            reverse("statistiques:tableau"), {"campagne": "2022-2023"}
        )  # labels are read once a process
        with CaptureQueriesContext(connection) as requetes:
            assert client.get(reverse("statistiques:tableau"), {"campagne": "2023-2024"}).status_code == 200
        lues = [q["sql"] for q in requetes if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        assert len(lues) <= 25, (qui, lues)


def test_on_filtre_par_motif_diplome_etablissement_et_bassin_de_formation(un_alea, client, nomenclatures):
    """What the form offers restricts the page, whose figures open the list of as many people; a name is no filter."""
    services.rafraichir_tout()
    connecter(client, un_alea.rene)
    page = {"campagne": "2023-2024", "au": "2024-06-30"}
    adresse = reverse("statistiques:tableau")
    champs_du_formulaire = client.get(adresse, page).context["form"].fields
    tout = calculer(Champ(lieu_academie(un_alea.academie), 2023, date(2024, 6, 30)), ["jeunes"], DIMENSIONS)[
        ()
    ]
    for code, valeur in {
        "motif": "absenteisme_lourd", "structure": un_alea.lycee.code, "bassin_formation": "lisieux", "diplome": "cap",
    }.items():  # fmt: skip
        offertes = [
            v for cle, choix in champs_du_formulaire[code].choices
            for v in ([c for c, _ in choix] if isinstance(choix, list) else [cle])
        ]  # fmt: skip
        assert valeur in offertes, code
        reponse = client.get(adresse, page | {code: valeur})
        assert reponse.context["champ"].filtres == ((code, valeur),)
        assert f'value="{valeur}" selected' in reponse.content.decode()
        tuile = reponse.context["tuiles"][0]
        liste = client.get(tuile["url"])
        nombre = liste.context["page"].paginator.count
        assert tuile["texte"] == str(nombre) and nombre < tout["jeunes"].valeur
        assert nombre or code == "diplome"
    reponse = client.get(adresse, page | {"structure": "Jean DUPONT", "motif": "O’Hara"})
    assert reponse.context["champ"].filtres == ()


@pytest.mark.parametrize(
    "jour", ["0001-01-01", "2026-02-31", "31/02/2026", "9999-12-31", "\x00", "1/1/99999999999999999999"]
)
def test_une_date_impossible_ne_casse_pas_la_page(un_alea, client, jour):
    client.force_login(un_alea.rene)
    for champ in ("au", "connu"):
        assert client.get(reverse("statistiques:tableau"), {champ: jour}).status_code == 200


def test_une_adresse_d_un_autre_ne_casse_pas_la_page(un_alea, client):
    """A month that is none, and the link to a file that this reader does not have."""
    services.rafraichir_tout()
    cliches.prendre_tous_les_jours()
    connecter(client, un_alea.rene)
    for page in ("tableau", "question", "liste", "rapport"):
        for mois in ("13", "abc"):
            assert client.get(reverse(f"statistiques:{page}"), {"mois": mois}).status_code == 200
    lien = {"campagne": "2023-2024", "lieu": "academie", "tableau": "hors_champ_mode"}
    export = reverse("statistiques:export", args=["csv"])
    assert client.get(export, lien).status_code == 200
    connecter(client, un_alea.celia)
    assert client.get(export, lien).status_code == 404


def test_une_ecole_lit_aussi_ceux_dont_elle_a_retire_les_signalements_ensuite(un_alea, client):
    """They count until the day they were withdrawn: the list of the figure holds as many."""
    demande = {"campagne": "2023-2024", "indicateur": "jeunes"}
    services.rafraichir_tout()
    connecter(client, un_alea.alice)
    liste = reverse("statistiques:liste")
    avant = client.get(liste, demande).context["page"].paginator.count
    seul = next(
        e
        for e in Episode.objects.filter(
            campagne=2023, declarants=[un_alea.lycee.pk], hors_champ_le=None, retire_le=None
        )
        if e.tries[0] and e.tries[0] <= date(2024, 6, 30)
    )
    retirer(Dossier.objects.get(pk=seul.dossier_id), lambda s: datetime(2024, 9, 15, 10, tzinfo=PARIS))
    services.rafraichir_tout()
    memoire._connus.clear()
    page = client.get(liste, demande)
    tuile = client.get(reverse("statistiques:tableau"), demande).context["tuiles"][0]
    assert tuile["texte"] == str(avant) and page.context["page"].paginator.count == avant > 0
    assert page.context["archives"] == 0


def test_une_campagne_sans_precedente_n_est_comparee_a_rien(un_alea, client):
    services.rafraichir_tout()
    connecter(client, un_alea.rene)
    premiere = Episode.objects.order_by("campagne").values_list("campagne", flat=True).first()
    demande = {"campagne": f"{premiere}-{premiere + 1}"}
    contexte = client.get(reverse("statistiques:tableau"), demande).context
    assert [tuile["avant"] for tuile in contexte["tuiles"][:4]] == [""] * 4
    assert {str(c) for t in contexte["familles"] for ligne in t.lignes for c in ligne[-2:]} == {"–"}
    phrase = client.get(reverse("statistiques:question"), demande).context["phrase"]
    assert "contre" not in phrase


def test_les_hors_champ_par_source(un_alea, client):
    """By type of school and by the way they were reported, against the raw episodes; a file of each table."""
    services.rafraichir_tout()
    raconter(random.Random(2))
    champ = Champ(lieu_academie(un_alea.academie), 2023, date(2024, 6, 30))
    tout = episodes_independants().filter(
        (pl.col("campagne") == 2023) & (pl.col("hors_champ") <= champ.au) & pl.col("retire").is_null()
    )
    vus = 0
    for table, colonne in zip(
        Constructeur(champ, Portee(champ.lieu, exact=True)).hors_champ(),
        ("type_structure", "origine"),
        strict=True,
    ):
        noms = DIMENSIONS[colonne].nom
        for motif, place in (("n_etait_pas_sorti", 2), ("diplome", 3)):
            attendus = dict(
                tout.filter(pl.col("motif_hors_champ") == motif)[colonne].value_counts().iter_rows()
            )
            trouves = {ligne[0]: ligne[place].valeur for ligne in table.lignes[:-1] if ligne[place].valeur}
            assert trouves == {noms(code): n for code, n in attendus.items()}
            assert table.lignes[-1][place].valeur == sum(attendus.values())
            vus += sum(attendus.values())
    assert vus
    connecter(client, un_alea.rene)
    for code in ("hors_champ_type", "hors_champ_mode"):
        fichier = client.get(
            reverse("statistiques:export", args=["csv"]), {"tableau": code, "campagne": "2023-2024"}
        )
        assert "N’étaient pas sortis" in fichier.content.decode("utf-8-sig")


def test_le_fichier_de_recherche_ne_propose_pas_de_campagne_vide(un_alea, client):
    services.rafraichir_tout()
    connecter(client, un_alea.rene)
    choix = client.get(reverse("statistiques:recherche")).context["form"].fields["campagnes"].choices
    pleines = sorted(set(episodes_independants()["campagne"]), reverse=True)
    assert [c for c, _ in choix] == [str(c) for c in pleines] and len(pleines) < len(campagnes())


def test_la_liste_dit_combien_de_dossiers_sont_archives(un_alea, client):
    """The figure keeps counting an archived jeune; the GAB, who no longer reads the dossier, is told so."""
    services.rafraichir_tout()
    connecter(client, un_alea.celia)
    portee = next(p for p in portees(un_alea.celia).values() if p.liste)
    adresse = (
        reverse("statistiques:liste")
        + "?"
        + urlencode(
            {"lieu": portee.lieu.cle, "campagne": "2023-2024", "au": "2024-06-30", "indicateur": "jeunes"}
        )
    )
    tous = client.get(adresse).context["page"].paginator.count
    Dossier.objects.filter(bassin=portee.lieu.id).update(archive_le=timezone.now())
    reponse = client.get(adresse)
    assert reponse.context["page"].paginator.count == 0 and tous > 0
    assert f"compte aussi {tous} jeunes" in reponse.content.decode()
