"""What the dashboard, the report and the publications say of a place: one assembly of the same figures."""

import hashlib
import json

from django.conf import settings

from qualit.territoire.nomenclatures import termes

from .carte import carte
from .cellules import MASQUE, SECRET
from .dimensions import DIMENSIONS, dimensions_pour
from .indicateurs import REGISTRE, codes_a_cote, codes_pour, definitions, formater
from .portees import Portee
from .relation import libelle_campagne, un_seul_calcul
from .releves import identites, stock
from .tableaux import Constructeur

REPARTITIONS = (
    "sexe", "age", "niveau", "diplome", "statut", "nature", "motif", "motif_jeune", "origine", "type_structure",
    "solution",
)  # fmt: skip
EN_TETE = ("jeunes", "avec_solution", "signalements", "doublons_evites")


def version_du_regroupement():
    """ "2010-12 (3f2a9c)": the declared version of what counts as a solution, and the fingerprint of the list in force."""
    trace = empreinte_du_regroupement((t.code, t.plus.get("groupe", "")) for t in termes("devenirs"))
    return f"{settings.QUALIT['REGROUPEMENT_SOLUTIONS']} ({trace})"


def empreinte_du_regroupement(groupes):
    """Six digits that change with the group of any outcome. groupes: (code, group) pairs."""
    return hashlib.sha256(json.dumps(sorted(set(groupes))).encode()).hexdigest()[:6]


@un_seul_calcul()
def assembler(champ, portee):
    """All that the pages of a place show: tiles, tables, map, how sure the figures are."""
    c = Constructeur(champ, portee)
    dimensions = dimensions_pour(champ.lieu, portee.exact)
    # Where the jeunes of a bassin were trained; over the académie, the matrix tells it.
    decoupes = [*REPARTITIONS, *(["bassin_formation"] if champ.lieu.type == "bassin" else [])]
    listes = [[DIMENSIONS[d]] for d in (*decoupes, "mois") if d in dimensions]
    if champ.lieu.type == "academie":
        listes += [[DIMENSIONS["bassin"]], [DIMENSIONS["bassin"], DIMENSIONS["bassin_formation"]]]
    familles, ici, avant = c.toutes_les_familles()
    c.preparer(["jeunes", "avec_solution", "pas_sortis", "hors_champ"], listes)
    contexte = {
        "champ": c.champ,
        "portee": portee,
        "tuiles": [*_tuiles(c, ici, avant), *_tuile_du_taux(c, ici)],
        "familles": list(familles.values()),
        "definitions": [REGISTRE[code] for code in (*ici, *codes_a_cote(champ.lieu))],
        "regroupement": version_du_regroupement(),
        "mois": c.par_mois() if "mois" in dimensions else None,
        "repartitions": c.repartitions([d for d in decoupes if d in dimensions]),
        "couverture": c.couverture,
        "lien_couverture": c.lien("couverture") if c.couverture else "",
        "lien_stock": c.lien("stock"),
        "definitions_a_cote": {code: REGISTRE[code].definition for code in ("couverture", "stock")},
        "parametres": c.parametres,
        "stock": stock(champ) if portee.exact or portee.totaux else None,
    }
    if champ.lieu.type == "academie":
        bassins, taux, croise = c.masse_et_taux()
        noms = {k[0]: c.noms_bassins.get(k[0], "") for k in croise if k[0]}
        masse = {k[0]: v["jeunes"][0].valeur for k, v in croise.items() if k[0] and v["jeunes"][1]}
        contexte |= {
            "bassins": bassins,
            "carte_masse": carte(masse, lambda v: formater("effectif", v), noms),
            "carte_taux": carte(taux, lambda v: formater("taux", v), noms),
            "matrice": c.matrice(),
        }
    if champ.lieu.type in {"academie", "bassin"}:
        contexte["hors_champ"] = c.hors_champ()
    if a_des_operateurs(champ, portee):
        contexte["operateurs"] = c.operateurs()
    if portee.exact or portee.totaux:
        contexte["incertitude"] = incertitude = identites(champ)
        if incertitude:
            if not c.champ.cliche:  # else the jeunes are those of a past day, the pairs those of today
                contexte["intervalle"] = incertitude.intervalle_total(ici["jeunes"][0].valeur)
            contexte["part_doublons"] = _part(incertitude.intervalle_doublons, ici["jeunes"][0].valeur)
            contexte["part_faux"] = _part(incertitude.intervalle_faux, incertitude.joints)
    return contexte


def a_des_operateurs(champ, portee):
    """May the answers of the commissioned structures be shown? To protected readers over the whole académie only: the bassins
    of one structure would add up to it."""
    if champ.lieu.type == "etablissement":
        return False
    lieu = champ.lieu
    return portee.exact or lieu.type == "academie" and not (lieu.types or lieu.bassins)


def _part(intervalle, total):
    """An interval of counts as "0,5 % à 0,9 %"; "" when there is nothing to divide by."""
    if not total:
        return ""
    return " à ".join(formater("part", borne / total) for borne in intervalle)


def _tuiles(c, ici, avant):
    for code in EN_TETE:
        if code not in ici:
            continue
        (resultat, visible), (ancien, ancien_visible) = ici[code], avant[code]
        yield {
            "libelle": REGISTRE[code].libelle,
            "definition": REGISTRE[code].definition,
            "texte": resultat.texte if visible else SECRET,
            "url": c.lien(code) if visible else "",
            "avant": "" if not c.compare else ancien.texte if ancien_visible else SECRET,
            "campagne_avant": libelle_campagne(c.champ.campagne - 1),
        }


def _tuile_du_taux(c, ici):
    """The rate beside the mass, where people live: not for a school, an operator or one kind of school."""
    if c.champ.lieu.type not in {"academie", "bassin"} or c.champ.lieu.types or c.champ.filtres:
        return
    jeunes, visible = ici["jeunes"]
    taux = c.taux(jeunes.valeur)
    if taux is not None:
        yield {
            "libelle": "Pour 1 000 jeunes de 16 à 18 ans",
            "definition": "Jeunes repérés rapportés aux jeunes de 16 à 18 ans qui habitent le territoire. Le nombre dit "
            "où sont les jeunes, le taux où le risque est le plus fort.",
            "texte": formater("taux", taux) if visible else SECRET,
        }


@un_seul_calcul()
def chiffres(champ, portee=None):
    """The JSON-able figures of an académie: totals, by bassin, definitions. For the command and the publications.

    portee: the reader, exact unless said; a hidden figure is "secret".
    """
    c = Constructeur(champ, portee or Portee(champ.lieu, exact=True))
    totaux = {code: r for code, (r, _) in c.totaux(codes_pour(champ.lieu)).items()}
    _, taux, croise = c.masse_et_taux()
    par_bassin = {}
    for bassin in c.codes_bassins:  # those without any jeune too: a missing one would say zero
        valeurs = croise.get((bassin,)) or c.zeros(("jeunes", "avec_solution"))
        (jeunes, visible), (solution, solution_visible) = valeurs["jeunes"], valeurs["avec_solution"]
        par_bassin[bassin] = {
            "jeunes": jeunes.valeur if visible else MASQUE,
            "avec_solution_pct": _pourcentage(solution.valeur) if solution_visible else MASQUE,
            "pour_1000": (round(taux[bassin], 1) if taux.get(bassin) else None) if visible else MASQUE,
        }
    resultat = {
        "campagne": libelle_campagne(champ.campagne),
        "arrete_au": champ.arrete.isoformat(),
        "connu_au": champ.connu_au.isoformat() if champ.connu_au else None,
        "territoire": champ.lieu.nom,
        "jeunes": totaux["jeunes"].valeur,
        "avec_solution_pct": _pourcentage(totaux["avec_solution"].valeur),
        "indicateurs": {code: _nombre(r) for code, r in totaux.items()},
        "couverture": list(c.couverture or (0, 0)),
        "par_bassin": par_bassin,
        "regroupement_des_solutions": version_du_regroupement(),
        "definitions": definitions(),
    }
    if c.portee.exact:
        resultat["indicateurs"] |= {code: _nombre(r) if r else None for code, r in a_cote(c).items()}
    incertitude = identites(champ)
    if incertitude:
        resultat["incertitude"] = {
            "jeunes": list(incertitude.intervalle_total(totaux["jeunes"].valeur)),
            "doublons_restants": list(incertitude.intervalle_doublons),
            "rapprochements_a_tort": list(incertitude.intervalle_faux),
        }
    return resultat


def a_cote(c):
    """{code: Resultat, or None when it cannot be told} of the indicators beside the episodes, over the whole place."""
    resultats = {"couverture": c.couvertures.get(None), "stock": stock(c.champ)} | c.missions[0][2]
    return {code: resultats[code] for code in codes_a_cote(c.champ.lieu)}


def _pourcentage(part):
    return round(part * 100, 1) if part is not None else None


def _nombre(resultat):
    """A share in %, a delay in days, or a number."""
    if resultat.valeur is None:
        return None
    if resultat.indicateur.est_part:
        return _pourcentage(resultat.valeur)
    return round(resultat.valeur, 1) if isinstance(resultat.valeur, float) else resultat.valeur
