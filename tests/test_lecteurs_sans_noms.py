"""What readers without names can compute from all that they may ask: every place, every day, every filter, every publication,
before and after what is recorded late, together."""

import random
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from django.core.management import call_command
from django.http import QueryDict
from django.urls import reverse

from qualit.territoire.models import Bassin
from signalements.models import Signalement
from statistiques import cliches, memoire, protection, publications, services
from statistiques.bord import a_des_operateurs, chiffres
from statistiques.croisements import Croiseur
from statistiques.dimensions import DETAILS, DIMENSIONS, dimensions_pour
from statistiques.forms import lire_champ
from statistiques.indicateurs import REGISTRE
from statistiques.jours import jours_de_lecture
from statistiques.models import Cliche, Episode
from statistiques.portees import Portee, lieu_academie, portees
from statistiques.protection import ECHUS, PERSONNES, SOMMES
from statistiques.publications import contenu
from statistiques.relation import Champ, Lieu
from statistiques.secret import TOTAL
from statistiques.tableaux import Constructeur
from suivi.models import Devenir

from .attaquant import SEUIL, attaquer, fouiller
from .monde import connecter, construire
from .mondes_aleatoires import peupler_au_hasard, raconter

CAMPAGNE = 2023
JOURS = [
    "2023-09-29",
    "2023-09-30",
    "2023-10-15",
    "2023-12-31",
    "2024-01-31",
    "2024-03-31",
    "2024-06-30",
    "2025-06-30",
    "",
]
JOUR_LU = {"campagne": "2023-2024", "au": "2024-06-30"}
CROISEES = ("sexe", "age", "statut", "solution", "type_structure", "mois", "devenir_6")


@pytest.fixture
def m(db):
    monde = construire()
    peupler_au_hasard(monde, 3, jeunes=450)
    raconter(random.Random(3))
    services.rafraichir_tout()
    cliches.prendre_tous_les_jours()  # as each night
    return monde


def champs_possibles(personne):
    """{(place, day): (field, scope)} of all the addresses that a person may write for the campaign."""
    trouves = {}
    for portee in portees(personne).values():
        if portee.exact:
            continue
        for au in JOURS:
            for autre in ("", "&sexe=F&niveau=vi", "&connu=2024-03-31"):
                champ = lire_champ(QueryDict(f"campagne=2023-2024&au={au}{autre}"), portee)
                assert champ.filtres == ()
                trouves[champ.lieu.cle, champ.au, champ.connu_au] = (champ, portee)
    return trouves


def verite(champ, dimension, sauf=()):
    """{(bassin, value, with a solution or not): jeunes} of the whole académie in the state that a field reads, less those whom
    the reader knows anyway."""
    lieu = Lieu("academie", champ.lieu.academie_id, "", academie_id=champ.lieu.academie_id)
    c = Croiseur(replace(champ, lieu=lieu, sauf=sauf), Portee(lieu, exact=True))
    cube = {}
    for cle, v in c.croiser(["avec_solution"], [DIMENSIONS["bassin"], dimension]).items():
        if TOTAL not in cle:
            r = v["avec_solution"][0]
            cube[(*cle, "oui")], cube[(*cle, "non")] = r.detail, r.base - r.detail
    return cube


def montrees(champ, portee, dimension):
    """Coordinates of `verite` that the pages of a field show: breakdown, crossing by bassin, totals."""
    ici, bassin = champ.lieu.code if champ.lieu.type == "bassin" else TOTAL, DIMENSIONS["bassin"]
    c = Croiseur(champ, portee)
    tables = [([dimension], lambda cle: (ici, *cle))]
    if ici is TOTAL:
        tables.append(([bassin, dimension], lambda cle: cle))
    vues = set()
    for dimensions, place in tables:
        for cle, v in c.croiser(["jeunes", "avec_solution"], dimensions).items():
            vues |= _lues(place(cle), v)
    vues |= _lues((ici, TOTAL), c.totaux(["jeunes", "avec_solution"]))
    return vues


def _lues(cle, v):
    lues = set()
    if v["jeunes"][1]:
        lues.add((*cle, TOTAL))
    if v["avec_solution"][1]:
        lues |= {(*cle, "oui"), (*cle, "non"), (*cle, TOTAL)}
    return lues


def test_rien_ne_revient_de_toutes_les_pages_reunies(m):
    for qui in ("rita", "celia", "alice", "paul"):
        chercher(m, qui)


def chercher(m, qui):
    demandes = champs_possibles(getattr(m, qui))
    assert demandes
    vus = 0
    for dimension in [DIMENSIONS[code] for code in CROISEES]:
        etats, visibles = {}, {}
        for champ, portee in demandes.values():
            sien = {lieu.code for lieu in portee.connus if lieu.type == "bassin"}
            etats.setdefault(champ.au, verite(champ, dimension, portee.connus))
            vues = {c for c in montrees(champ, portee, dimension) if c[0] not in sien}
            visibles.setdefault(champ.au, set()).update(vues)
        cases = {c for etat in etats.values() for c in etat}
        etats = {jour: {c: etat.get(c, 0) for c in cases} for jour, etat in etats.items()}
        totaux = {(TOTAL, TOTAL, s) for s in ("oui", "non", TOTAL)} if qui == "rita" else set()
        if totaux and dimension.code in {
            "solution",
            "mois",
        }:  # totals of the académie, one by one or day by day
            totaux |= {(TOTAL, c[1], TOTAL) for c in cases}
        for jour in etats:
            visibles[jour] |= totaux
        for jour, etat in etats.items():
            trouvees, valeurs = attaquer(etat, visibles[jour])
            assert not {c: n for c, n in trouvees.items() if 0 < n < SEUIL}, (dimension.code, jour)
            assert all(valeurs[c] >= SEUIL for c in visibles[jour] - totaux), (dimension.code, jour)
            vus += len(visibles[jour] - totaux)
        for a, b in combinations(etats, 2):
            changes = fouiller([etats[a], etats[b]], [visibles[a] - totaux, visibles[b] - totaux])
            assert changes == [], (dimension.code, a, b)
            changes = fouiller([etats[a], etats[b]], [visibles[a], visibles[b]]) if totaux else []
            assert not [c for c in changes if len(c[0]) == 1 and not set(c[0]) <= totaux], (
                dimension.code,
                a,
                b,
            )
    assert vus > 20, "rien n’est montré : l’essai ne prouve rien"


def test_ce_qui_se_retranche_n_est_pas_offert(m):
    for qui in ("rita", "celia", "alice", "paul"):
        ce_qui_est_refuse(m, qui)
    les_parts_de_solution(m)


def ce_qui_est_refuse(m, qui):
    """Elsewhere than at the days of reading: totals of the académie for the rectorat's readers, nothing else."""
    for champ, portee in champs_possibles(getattr(m, qui)).values():
        c = Croiseur(champ, portee)
        if champ.au in jours_de_lecture(CAMPAGNE) and champ.connu_au is None:
            continue
        assert portee.totaux and champ.lieu.type == "academie"
        for dimension in dimensions_pour(champ.lieu, exact=False).values():
            for cle, v in c.croiser(["jeunes"], [dimension]).items():
                assert cle == (TOTAL,) or not v["jeunes"][1], (dimension.code, cle)
    assert not set(DETAILS) & set(dimensions_pour(champ.lieu, exact=False))


def les_parts_de_solution(m):
    """Formation, insertion and accompaniment add up to "avec une solution": shown together, or none of them."""
    codes = ["en_formation", "en_insertion", "en_accompagnement", "avec_solution"]
    vues = set()
    for champ, portee in champs_possibles(m.paul).values():
        c = Croiseur(champ, portee)
        parts = {code: visible for code, (_, visible) in c.totaux(codes).items()}
        groupes = {k[0]: v["jeunes"][1] for k, v in c.croiser(["jeunes"], [DIMENSIONS["solution"]]).items()}
        trois = [groupes.get(g, False) for g in ("formation", "insertion", "accompagnement")]
        assert len(set(trois)) == 1
        assert all(trois) or not any(parts[f"en_{g}"] for g in ("formation", "insertion", "accompagnement"))
        vues.add(parts["avec_solution"])
    assert True in vues


def test_une_part_de_solution_se_lit_la_ou_se_lit_sa_ligne(m, monkeypatch, settings):
    """Those with a solution, less two kinds of it, are the third: crossed by anything, the three never leave a small one."""
    settings.QUALIT = settings.QUALIT | {"EFFECTIF_MINIMAL": 3}  # few have a solution in this world
    sortes = ("en_formation", "en_insertion", "en_accompagnement")

    def fuites(qui):
        for champ, portee in protegees(m, qui):
            c = Croiseur(champ, portee)
            for code in ("sexe", "age", "statut", "solution", "type_structure", "bassin", "motif_jeune"):
                croise = c.croiser(["avec_solution", *sortes], [DIMENSIONS[code]])
                for cle, v in croise.items():
                    if {lieu.code for lieu in portee.connus} & set(cle) or portee.totaux and cle == (TOTAL,):
                        continue  # its own bassin; exact totals
                    montrees = [r for r, visible in (v[sorte] for sorte in sortes) if visible]
                    if len(montrees) == 2 and (v["avec_solution"][1] or code == "solution"):
                        reste = v["avec_solution"][0].detail - sum(r.detail for r in montrees)
                        if 0 < reste < 3:
                            yield champ, code, cle, reste

    lues = [fuite for qui in ("rita", "celia", "alice", "paul") for fuite in fuites(qui)]
    assert not lues
    monkeypatch.setattr(protection, "PAR_SOLUTION", {})
    assert list(fuites("rita")) + list(fuites("paul"))  # what the rule prevents


def test_les_solutions_croisees_ne_se_lisent_pas_deux_fois(m):
    """Crossed by anything but the bassin, the lines of the solutions and the share of those with one would be two tables of the
    same jeunes, each hiding what the other shows."""
    vues = set()
    for qui in ("rita", "celia", "alice", "paul"):
        for champ, portee in protegees(m, qui):
            if champ.lieu.type != "academie" or portee.connus:
                continue
            c, sexe, solution = Croiseur(champ, portee), DIMENSIONS["sexe"], DIMENSIONS["solution"]
            croise = c.croiser(["jeunes"], [sexe, solution])
            assert not any(v["jeunes"][1] for k, v in croise.items() if TOTAL not in k)
            seules = c.croiser(["jeunes"], [solution])
            assert {k[1:]: v["jeunes"][1] for k, v in croise.items() if k[0] is TOTAL} == {
                k: v["jeunes"][1] for k, v in seules.items()
            }
            vues |= {v["avec_solution"][1] for v in c.croiser(["avec_solution"], [sexe]).values()}
    assert True in vues


def test_un_bassin_se_lit_comme_sa_ligne_de_l_academie(m):
    """On the page of a bassin, the same lines are shown and hidden as in the crossing of the whole académie, and none is missing:
    a missing line would say zero, and a cell hidden here and shown there would be computed."""
    vues = 0
    for qui in ("rita", "celia", "alice"):
        siennes = portees(getattr(m, qui))
        for cle, portee in siennes.items():
            if portee.exact or portee.lieu.type != "bassin":
                continue
            for jour in jours_de_lecture(CAMPAGNE):
                c, a = (
                    Croiseur(champ, p)
                    for champ, p in (
                        (lire_champ(QueryDict(f"campagne=2023-2024&au={jour}"), p), p)
                        for p in (portee, siennes["academie"])
                    )
                )
                for dimension in (DIMENSIONS[code] for code in ("sexe", "solution", "mois", "devenir_3")):
                    lignes = {k: v["jeunes"][1] for k, v in c.croiser(["jeunes"], [dimension]).items()}
                    entier = a.croiser(["jeunes"], [DIMENSIONS["bassin"], dimension])
                    attendues = {k[1:]: False for k in entier} | {
                        k[1:]: v["jeunes"][1] for k, v in entier.items() if k[0] == portee.lieu.code
                    }
                    siens = {TOTAL, *(lieu.code for lieu in portee.connus)}
                    ailleurs = {k[1:] for k in entier if k[0] not in siens}
                    assert lignes.items() <= attendues.items(), (qui, cle, jour, dimension.code)
                    # what a school alone reported is known to it, and to nobody else
                    assert qui == "alice" or set(lignes) == ailleurs, (qui, cle, jour, dimension.code)
                    vues += sum(lignes.values())
    assert vues


def test_ce_que_sont_devenus_les_jeunes_attend_que_leurs_mois_aient_passe(m):
    """Those whose three months have not passed are whole months of first reports: two tables would subtract."""
    vues = set()
    for qui in ("rita", "celia", "alice", "paul"):
        for champ, portee in protegees(m, qui):
            for n in (3, 6, 12):
                croise = Croiseur(champ, portee).croiser(["jeunes"], [DIMENSIONS[f"devenir_{n}"]])
                lues = [cle for cle, v in croise.items() if v["jeunes"][1] and cle != (TOTAL,)]
                assert (
                    ("",) not in croise
                    or not lues
                    or {lieu.code for lieu in portee.connus} & {champ.lieu.code}
                )
                vues.add(bool(lues))
    assert vues == {True, False}


def test_un_partenaire_de_departement_ne_lit_pas_les_reponses_des_structures(m):
    """Those of one structure, by département, would add up to those of the académie."""
    lieu = replace(lieu_academie(m.academie), bassins=tuple(Bassin.objects.values_list("pk", flat=True)[:1]))
    for un, attendu in ((lieu, False), (lieu_academie(m.academie), True)):
        assert a_des_operateurs(Champ(un, CAMPAGNE, date(2024, 6, 30)), Portee(un)) is attendu


def protegees(m, qui):
    """[(field, scope)] of the protected tables of a person, once each."""
    return [(c, p) for c, p in champs_possibles(getattr(m, qui)).values() if c.cliche]


def test_ce_qui_s_additionne_sur_une_page_ne_rend_rien(m):
    """Reports less duplicates are the persons reported; those whose months have passed are some of the jeunes; a share and
    its number give the total."""
    codes = ["jeunes", "signalements", "doublons_evites", "retours_lus", "delai_legal", *sorted(ECHUS)]
    echus = set()
    for qui in ("rita", "celia", "alice", "paul"):
        for champ, portee in protegees(m, qui):
            c = Constructeur(champ, portee)
            entier = champ.lieu.type == "academie"
            tables = [c.croiser(codes, [DIMENSIONS[d]]) for d in CROISEES[::3]] + [{(): c.totaux(codes)}]
            for table in tables:
                for cle, v in table.items():
                    if not (entier and set(cle) <= {TOTAL}):
                        assert not any(v[code][1] for code in (*SOMMES, "delai_legal")), (qui, cle)
                    for code in ECHUS:
                        if v[code][1] and not (portee.totaux and set(cle) <= {TOTAL}):
                            assert v[code][0].base == v["jeunes"][0].valeur
                            echus.add(code)
            v = c.totaux(codes)
            if not portee.totaux and v["signalements"][1]:
                recus, personnes = v["signalements"][0].valeur, c.totaux(list(PERSONNES))
                reouverts = (
                    sum(r.valeur for r, _ in personnes.values()) - recus + v["doublons_evites"][0].valeur
                )
                assert all(n == 0 or n >= SEUIL for n in (reouverts, recus - v["retours_lus"][0].base)), (
                    qui,
                    champ.au,
                )
            for d in CROISEES[::3]:
                table = c.repartition(d)
                total = c.croiser(["jeunes"], [DIMENSIONS[d]])[(TOTAL,)]["jeunes"][1]
                assert total or all(ligne[2].masquee for ligne in table.lignes), (qui, champ.lieu.cle, d)
    assert echus


@pytest.mark.parametrize(
    "morceau",
    [
        {"types": ("cfa", "lp")},
        {"types": ("cfa",)},
        {"bassins": ("caen", "lisieux")},
        {"bassins": ("rouen",)},
    ],
)
def test_une_partie_de_l_academie_ne_montre_que_ce_que_montre_chacun_de_ses_morceaux(m, morceau):
    """The DRAAF's schools, a département's bassins: no sum of theirs subtracts from what others read."""
    if "bassins" in morceau:
        morceau = {
            "bassins": tuple(Bassin.objects.filter(code__in=morceau["bassins"]).values_list("pk", flat=True))
        }
        axe, parts = (
            DIMENSIONS["bassin"],
            Bassin.objects.filter(pk__in=morceau["bassins"]).values_list("code", flat=True),
        )
    else:
        axe, parts = DIMENSIONS["type_structure"], morceau["types"]
    entier = lieu_academie(m.academie)
    lieu = replace(entier, **morceau)
    vus = 0
    for jour in jours_de_lecture(CAMPAGNE):
        c = Croiseur(Champ(lieu, CAMPAGNE, jour), Portee(lieu))
        d = Croiseur(Champ(entier, CAMPAGNE, jour), Portee(entier))
        for dimension in [DIMENSIONS[code] for code in ("sexe", "statut", "solution") if code != axe.code]:
            tout = d.croiser(["jeunes"], [axe, dimension])
            for (valeur,), v in c.croiser(["jeunes"], [dimension]).items():
                if v["jeunes"][1]:
                    vus += 1
                    assert all(tout[part, valeur]["jeunes"][1] for part in parts)
                    assert v["jeunes"][0].valeur == sum(
                        tout[part, valeur]["jeunes"][0].valeur for part in parts
                    )
    assert vus or "bassins" in morceau


def test_un_morceau_sans_personne_ne_masque_pas_les_autres(m):
    """The DRAAF reads its schools even when nobody left one of its three kinds; it reads then what the others' lines show."""
    entier, vus = lieu_academie(m.academie), 0
    for jour in jours_de_lecture(CAMPAGNE):
        d = Croiseur(Champ(entier, CAMPAGNE, jour), Portee(entier))
        tout = d.croiser(["jeunes"], [DIMENSIONS["type_structure"]])
        types = [cle[0] for cle, v in tout.items() if v["jeunes"][1] and cle[0] is not TOTAL]
        assert ("erea",) not in tout
        for lus in (types[:1], types[:2], types):
            lieu = replace(entier, types=(*lus, "erea"))
            r, visible = Croiseur(Champ(lieu, CAMPAGNE, jour), Portee(lieu)).totaux(["jeunes"])["jeunes"]
            assert visible and r.valeur == sum(tout[t,]["jeunes"][0].valeur for t in lus)
            vus += 1
    assert vus


def saisir_en_retard(m, hasard, combien=9):
    """Outcomes of the past recorded now, for some who had none, and reports corrected: few in each bassin."""
    champ = Champ(lieu_academie(m.academie), CAMPAGNE, date(2025, 6, 30))
    sans = champ.executer(
        ["e.dossier_id", "e.ouvert_le"],
        DIMENSIONS,
        condition=REGISTRE["sans_solution"].mesure.liste,
        ordre="e.dossier_id",
    )
    for dossier, ouvert_le in hasard.sample(sans, combien):
        Devenir.objects.filter(dossier=dossier).delete()
        Devenir.objects.create(
            dossier_id=dossier, code="apprentissage", groupe="formation", date=ouvert_le, source="jeune"
        )
    for signalement in hasard.sample(list(Signalement.objects.exclude(etat="brouillon").order_by("pk")), 3):
        signalement.sexe = "F" if signalement.sexe == "M" else "M"
        signalement.save()
    services.rafraichir_tout()


def lus(client, personne, demande):
    """Every table of the page of a field, cell by cell."""
    connecter(client, personne)
    contexte = client.get(reverse("statistiques:tableau"), demande).context
    tables = [*contexte["familles"], *contexte["repartitions"], *contexte.get("hors_champ", ())]
    tables += [contexte[nom] for nom in ("mois", "bassins", "matrice", "operateurs") if contexte.get(nom)]
    return [
        [t["texte"] for t in contexte["tuiles"]],
        *([[str(c) for c in ligne] for ligne in t.lignes] for t in tables),
    ]


def test_une_saisie_tardive_ne_change_rien_a_ce_qui_a_ete_lu(m, client):
    """Read twice, a day says the same: nothing to subtract. The rectorat's pilot reads what was recorded since."""
    demandes = [
        (qui, {"lieu": cle, "campagne": f"{campagne}-{campagne + 1}", "au": jour.isoformat()})
        for qui in ("rita", "celia", "alice", "paul")
        for cle, portee in portees(getattr(m, qui)).items()
        for campagne in (CAMPAGNE, CAMPAGNE + 1)
        for jour in jours_de_lecture(campagne)
        if not portee.exact
    ]
    pilote = {"campagne": "2023-2024", "au": "2024-06-30"}
    avant, exact = [lus(client, getattr(m, qui), d) for qui, d in demandes], lus(client, m.rene, pilote)
    saisir_en_retard(m, random.Random(5))
    memoire._connus.clear()
    assert lus(client, m.rene, pilote) != exact
    for (qui, demande), page in zip(demandes, avant, strict=True):
        assert lus(client, getattr(m, qui), demande) == page, (qui, demande)


def bassins_lus(m, cliche):
    """(truth, coordinates shown) of the table of the bassins in a kept state: a publication's content, or a day's page."""
    lieu = lieu_academie(m.academie)
    champ = Champ(lieu, CAMPAGNE, cliche.au, cliche=cliche)
    etat = {}
    for (bassin, _, cote), n in verite(champ, DIMENSIONS["sexe"]).items():
        etat[bassin, cote] = etat.get((bassin, cote), 0) + n
    if cliche.academie_id:
        figures = contenu(cliche)["par_bassin"]
    else:
        figures = chiffres(champ, Portee(lieu, totaux=True))["par_bassin"]
    vus = {(b, TOTAL) for b, v in figures.items() if v["jeunes"] != "secret"}
    for bassin, valeurs in figures.items():
        if valeurs["avec_solution_pct"] != "secret":
            vus |= {(bassin, "oui"), (bassin, "non")}
    return etat, vus


@pytest.mark.parametrize("graine", range(3))
def test_publications_et_jours_de_lecture_ne_se_retranchent_pas(m, graine):
    """A publication before the days are read, others after, late entries between them all: no two give back a small change."""
    hasard = random.Random(graine)
    jour = date(2024, 3, 15)
    for au in (jour, jour):
        publications.figer(m.academie, "Avant", CAMPAGNE, au, par=m.rene)
        Cliche.objects.filter(academie=None).delete()  # as if no day could be read yet
        saisir_en_retard(m, hasard)
    cliches.prendre_les_jours(CAMPAGNE)
    for au in (jour, date(2024, 6, 30), date(2024, 7, 10)):
        saisir_en_retard(m, hasard)
        publications.figer(m.academie, "Après", CAMPAGNE, au, par=m.rene)
    lues = [bassins_lus(m, cliche) for cliche in Cliche.objects.filter(campagne=CAMPAGNE)]
    assert len(lues) == 8 and all(vus for _, vus in lues)
    cases = {c for etat, _ in lues for c in etat}
    etats = [{c: etat.get(c, 0) for c in cases} for etat, _ in lues]
    assert len({tuple(sorted(e.items())) for e in etats}) > 5
    for a, b in combinations(range(len(etats)), 2):
        assert fouiller([etats[a], etats[b]], [lues[a][1], lues[b][1]]) == [], (a, b)


def test_un_cliche_est_pris_une_fois_et_la_nuit(m):
    """The nightly task takes each day once, in order; a campaign loaded as a whole afterwards is taken again."""
    Cliche.objects.all().delete()
    pris = cliches.prendre_tous_les_jours()
    assert pris == Cliche.objects.count() and cliches.prendre_tous_les_jours() == 0
    jours = list(Cliche.objects.filter(campagne=CAMPAGNE).values_list("au", flat=True))
    assert jours == jours_de_lecture(CAMPAGNE)
    deja = Cliche.objects.get(campagne=CAMPAGNE, au=jours[0])
    assert cliches.prendre(CAMPAGNE, jours[0]) == deja == cliches.du_jour(CAMPAGNE, jours[0])
    assert deja.episodes.count() == Episode.objects.filter(campagne=CAMPAGNE).count() > 0
    cliches.reprendre(CAMPAGNE)
    assert cliches.du_jour(CAMPAGNE, jours[1]).pk > deja.pk
    personne = cliches.du_jour(2010, date(2010, 12, 31))
    assert personne.pk == cliches.RIEN and not personne.attendu  # nothing is kept, nothing is waited for


def test_lire_avant_la_nuit_ne_prend_rien(m, client):
    """A page asked before the task has passed writes nothing and says so; the rectorat has its totals, a partner nothing."""
    prets = {qui: lus(client, getattr(m, qui), JOUR_LU) for qui in ("rita", "paul", "celia")}
    Cliche.objects.all().delete()
    memoire._connus.clear()
    for qui, pret in prets.items():
        demande = JOUR_LU | ({"lieu": "academie"} if qui == "celia" else {})
        connecter(client, getattr(m, qui))
        for page in ("tableau", "question", "rapport"):
            reponse = client.get(reverse(f"statistiques:{page}"), demande)
            assert reponse.status_code == 200
            assert page == "rapport" or "sont préparés chaque nuit" in reponse.content.decode(), (qui, page)
        tuiles, *tables = lus(client, getattr(m, qui), demande)
        familles, autres = tables[:4], [table for table in tables[4:] if table]
        assert autres or qui == "paul"
        lignes = [ligne[1:4] for table in autres for ligne in table if ligne[0] != "Ensemble"]
        if qui != "rita":
            lignes += [ligne[1:4] for famille in familles for ligne in famille]
        assert {texte for ligne in lignes for texte in ligne} <= {"masqué", "–", ""}
        assert (tuiles == pret[0]) == (qui == "rita")
    assert not Cliche.objects.exists()
    call_command("rafraichir_statistiques", verbosity=0)
    memoire._connus.clear()
    assert {qui: lus(client, getattr(m, qui), JOUR_LU) for qui in prets} == prets


def test_la_part_se_lit_ou_le_nombre_et_le_total_se_lisent(m):
    """By a dimension of several values a jeune too, alone or among the tables of a page: where the total is exact, the share
    says nothing more than the number."""
    for qui in ("rita", "celia"):
        portee = portees(getattr(m, qui))["academie"]
        champ = lire_champ(QueryDict("campagne=2023-2024&au=2024-06-30"), portee)
        seul, page = Constructeur(champ, portee), Constructeur(champ, portee)
        total, _ = page.totaux(["jeunes", "avec_solution"])["jeunes"]
        for lu in (seul, page):
            lignes = lu.repartition("motif_jeune").lignes
            montrees = [ligne for ligne in lignes if not ligne[1].masquee]
            assert montrees or qui == "celia"
            for _, jeunes, part, *_ in montrees:
                assert part.masquee is (qui == "celia")
                assert part.masquee or part.valeur == jeunes.valeur / total.valeur
