"""The statistics written again from their definitions, in Python and polars over the raw rows: what the SQL must find."""

from collections import defaultdict
from datetime import date
from statistics import median
from zoneinfo import ZoneInfo

import numpy
import polars as pl
from dateutil.relativedelta import relativedelta

from dedoublonnage.models import Fusion, Rattachement
from gab.models import Dossier, Entretien, Mission, Preconisation, Versement
from qualit.journal.models import Passage
from qualit.territoire.models import TYPES_DECLARANTS, Structure
from signalements.models import EtatNeant, Signalement
from suivi.models import Devenir, LectureRetour

PARIS = ZoneInfo("Europe/Paris")
MOIS_SUIVIS = (3, 6, 12)
FERMES = {"clos", "hors_champ", "perdu_de_vue"}
GROUPES = ("formation", "insertion", "accompagnement")


def lignes(modele, *champs):
    return list(modele.objects.values(*champs))


def jour(instant):
    return instant.astimezone(PARIS).date() if instant else None


def campagne(j):
    return j.year if j.month >= 7 else j.year - 1


def dossiers_qui_restent(dossiers):
    """{dossier closed by a merge: the one that was left open}, merges of merges followed to the end."""
    reste = {}
    for fusion in Fusion.objects.filter(annulee_le=None):
        for ligne in fusion.inventaire:
            if ligne["modele"] == "gab.dossier" and ligne["apres"].get("etat") == "clos":
                ferme = dossiers[ligne["pk"]]
                reste[ferme.pk] = next(
                    d.pk for d in dossiers.values()
                    if d.jeune_id == ferme.jeune_id and d.pk != ferme.pk and (d.clos_le is None or d.clos_le > fusion.quand)
                )  # fmt: skip
    return {pk: _suivre(reste, pk) for pk in dossiers}


def _suivre(reste, pk):
    while pk in reste:
        pk = reste[pk]
    return pk


class Fenetre:
    """What belongs to one dossier in one campaign: from its opening or reopening there to the next one."""

    def __init__(self, dossier, annee, t, premiere, suite, rang_dernier):
        self.dossier, self.annee, self.t, self.premiere, self.suite = dossier, annee, t, premiere, suite
        self.derniere = rang_dernier

    def tient(self, quand):
        """Does this instant, or this day, fall in it?"""
        if isinstance(quand, date) and not hasattr(quand, "hour"):
            return (self.premiere or quand >= jour(self.t)) and (
                self.suite is None or quand < jour(self.suite)
            )
        return (self.premiere or quand >= self.t) and (self.suite is None or quand < self.suite)


def fenetres(dossier, envois, rouverts):
    """The windows of a dossier, in order. envois: its reports; rouverts: instants."""
    valables = [s.envoye_le for s in envois if s.etat != "annule"] or [s.envoye_le for s in envois]
    par_campagne = {}
    for t, premier in [(min(valables), True), *((t, False) for t in rouverts)]:
        c = campagne(jour(t))
        ancien = par_campagne.get(c, (t, False))
        par_campagne[c] = (min(t, ancien[0]), premier or ancien[1])
    ordre = sorted(par_campagne.items(), key=lambda x: x[1][0])
    for rang, (c, (t, premier)) in enumerate(ordre):
        suite = ordre[rang + 1][1][0] if rang + 1 < len(ordre) else None
        yield Fenetre(dossier, c, t, premier, suite, suite is None)


def episodes_independants():
    """One row a jeune in a campaign, from the raw rows as they are now."""
    dossiers = {d.pk: d for d in Dossier.objects.select_related("bassin").order_by("pk")}
    reste = dossiers_qui_restent(dossiers)
    reports = {
        s.pk: s for s in Signalement.objects.exclude(etat="brouillon").select_related("structure__bassin")
    }
    jeune_de = {
        r["signalement"]: r["jeune"]
        for r in lignes(Rattachement, "signalement", "jeune", "defait_le")
        if not r["defait_le"]
    }
    envois = defaultdict(list)
    for v in lignes(Versement, "dossier", "signalement"):
        if v["signalement"] in reports:
            assert jeune_de[v["signalement"]] == dossiers[v["dossier"]].jeune_id
            envois[reste[v["dossier"]]].append(reports[v["signalement"]])
    retraits, rouverts, fermetures = {}, defaultdict(list), defaultdict(list)
    for p in lignes(Passage, "objet_id", "survenu_le", "vers", "action", "objet_type"):
        if p["objet_type"] == "signalements.signalement" and p["vers"] == "annule":
            retraits[p["objet_id"]] = p["survenu_le"]
        elif p["objet_type"] == "gab.dossier" and p["action"] == "rouvrir":
            rouverts[reste[p["objet_id"]]].append(p["survenu_le"])
        elif p["objet_type"] == "gab.dossier" and p["vers"] in FERMES:
            fermetures[p["objet_id"]].append(p["survenu_le"])
    lus = defaultdict(list)
    for x in lignes(LectureRetour, "signalement", "quand"):
        lus[x["signalement"]].append(x["quand"])
    faits = {m: defaultdict(list) for m in (Entretien, Preconisation, Mission, Devenir)}
    for modele, par_dossier in faits.items():
        for objet in modele.objects.all():
            par_dossier[reste[objet.dossier_id]].append(objet)
    groupes = defaultdict(list)
    for d, siens in envois.items():
        for f in fenetres(dossiers[d], siens, rouverts[d]):
            groupes[dossiers[d].jeune_id, f.annee].append(f)

    resultat = []
    for (jeune, c), siennes in groupes.items():
        siennes.sort(key=lambda f: (f.t, f.dossier.pk))

        def ici(modele, quand, siennes=siennes):
            return [x for f in siennes for x in faits[modele][f.dossier.pk] if quand(x) and f.tient(quand(x))]

        recus = {f: [s for s in envois[f.dossier.pk] if f.tient(s.envoye_le)] for f in siennes}
        retirees = [f for f in siennes if recus[f] and all(s.etat == "annule" for s in recus[f])]
        premiere = next((f for f in siennes if f not in retirees), siennes[0])
        ecartees = [f for f in siennes if f.derniere and f.dossier.etat == "hors_champ" and f not in retirees]
        sortis = [jour(f.dossier.clos_le) for f in ecartees]
        sortis_ou_retires = sortis + [max(jour(retraits[s.pk]) for s in recus[f]) for f in retirees]
        hors_champ = bool(ecartees) and len(ecartees) + len(retirees) == len(siennes)
        bons = sorted(
            (s for f in siennes for s in recus[f] if s.etat != "annule" or len(retirees) == len(siennes)),
            key=lambda s: (s.envoye_le, s.pk),
        )
        decrit = min(
            ((f, s) for f in siennes for s in envois[f.dossier.pk] if f.suite is None or s.envoye_le < f.suite),
            key=lambda x: (
                not x[0].tient(x[1].envoye_le), x[1].etat == "annule",
                x[1].envoye_le.timestamp() * (1 if x[0].tient(x[1].envoye_le) else -1), x[1].pk,
            ),
        )[1]  # fmt: skip
        fins = [_fin(f, fermetures) for f in siennes]
        tenus = [x for x in ici(Entretien, lambda x: x.quand) if x.etat == "tenu"]
        devenirs = sorted(ici(Devenir, lambda x: x.date), key=lambda x: (x.date, x.pk))
        solutions = {
            g: min(
                ((_compte_le(x), x.pk, x.code) for x in devenirs if x.groupe == g and _compte_le(x)),
                default=None,
            )
            for g in GROUPES
        }
        compte = {g: s and s[0] for g, s in solutions.items()}
        ligne = {
            "jeune": jeune, "campagne": c, "bassin": premiere.dossier.bassin.code, "ouvert": jour(premiere.t),
            "hors_champ": max(sortis_ou_retires) if hors_champ else None,
            "motif_hors_champ": ecartees[0].dossier.motif_hors_champ if hors_champ else "",
            "clos": max(fins) if None not in fins else None,
            "retire": max(sortis_ou_retires) if len(retirees) == len(siennes) else None,
            "obligation": decrit.obligation_formation,
            "mineur": relativedelta(jour(premiere.t), decrit.date_naissance).years < 18,
            "sortie": decrit.date_sortie,
            "envois": [jour(s.envoye_le) for s in bons],
            "tries": [jour(s.trie_le) for s in bons if s.trie_le],
            "lus": [jour(min(q)) for s in bons if s.trie_le and (q := [x for x in lus[s.pk] if x >= s.trie_le])],
            "entretien": min((jour(x.quand) for x in tenus), default=None),
            "preconisation": min((x.donnee_le for x in ici(Preconisation, lambda x: x.donnee_le)), default=None),
            "mission": min((jour(x.proposee_le) for x in ici(Mission, lambda x: x.proposee_le)), default=None),
            "echeance": min((f.dossier.echeance_legale for f in siennes if f.premiere and f.dossier.echeance_legale),
                            default=None),
            "recu": min((r for f in siennes if f.premiere and (r := f.dossier.recu_avec_responsable_le)), default=None),
            **compte,
            "solution": min(filter(None, compte.values()), default=None),
            **{f"code_{g}": s[2] if s else "" for g, s in solutions.items()},
            # what figures are broken down by
            "sexe": decrit.sexe, "age": relativedelta(decrit.date_sortie or jour(decrit.envoye_le), decrit.date_naissance).years,
            "niveau": decrit.niveau, "diplome": decrit.diplome, "statut": decrit.statut, "nature": decrit.nature_sortie,
            "motif": decrit.motif_principal, "origine": decrit.origine, "type_structure": decrit.structure.type,
            "structure": decrit.structure.code,
            "bassin_formation": decrit.structure.bassin.code if decrit.structure.bassin else "",
            "motif_jeune": max(tenus, key=lambda x: (x.quand, x.pk)).motifs_jeune if tenus else [],
        }  # fmt: skip
        for n in MOIS_SUIVIS:
            ligne[f"a{n}"] = _situation(devenirs, jour(premiere.t) + relativedelta(months=n))
        resultat.append(ligne)
    return pl.DataFrame(resultat, infer_schema_length=None)


def _compte_le(devenir):
    """The day from which an outcome counts: an accompaniment counts from the first meeting held."""
    return devenir.premier_rdv_le if devenir.groupe == "accompagnement" else devenir.date


def _fin(f, fermetures):
    """The day on which a window closed; None while it is open."""
    if f.derniere:
        return jour(f.dossier.clos_le) if f.dossier.etat in FERMES else None
    return jour(max((t for t in fermetures[f.dossier.pk] if f.tient(t)), default=f.suite))


def _situation(devenirs, le):
    """What was known to hold that day, from the outcomes in order."""
    connus = [x for x in devenirs if x.date <= le]
    if not connus:
        return "inconnu"
    dernier = connus[-1]
    if dernier.valable_jusqu_au < le:
        return "a_reverifier"
    sans_rdv = dernier.groupe == "accompagnement" and not dernier.premier_rdv_le
    return dernier.groupe if dernier.groupe and not sans_rdv else "sans_solution"


def restreindre(tout, annee, au, bassin=None):
    """(episodes of the campaign by that day, those that count among the jeunes, the day at which facts stop)."""
    fin = min(au, date(annee + 1, 6, 30))
    e = tout.filter((pl.col("campagne") == annee) & (pl.col("ouvert") <= fin))
    if bassin:
        e = e.filter(pl.col("bassin") == bassin)
    apres = lambda c: pl.col(c).is_null() | (pl.col(c) > fin)  # noqa: E731
    return e, e.filter(apres("hors_champ") & apres("retire") & ~pl.col("obligation")), fin


def valeurs_independantes(ligne, fin, au):
    """{dimension: [values]} of one episode."""
    atteintes = [g for g in GROUPES if ligne[g] and ligne[g] <= fin]
    age = ligne["age"]
    tranche = "-16" if age < 16 else str(age) if age <= 18 else "19-20" if age <= 20 else "21+"
    telles_quelles = ("bassin", "bassin_formation", "sexe", "niveau", "diplome", "statut", "nature", "motif", "type_structure",
                      "structure", "origine")  # fmt: skip
    return {
        **{d: [ligne[d]] for d in telles_quelles},
        "age": [tranche],
        "motif_jeune": ligne["motif_jeune"] or [""],
        "mois": [str(ligne["ouvert"].month)],
        "solution": [atteintes[0] if atteintes else "sans"],
        "type_solution": [ligne[f"code_{atteintes[0]}"] if atteintes else ""],
        **{
            f"devenir_{n}": [ligne[f"a{n}"] if ligne["ouvert"] + relativedelta(months=n) <= au else ""]
            for n in MOIS_SUIVIS
        },
    }


def repartitions_independantes(tout, annee, au, bassin=None):
    """{dimension: {value: (jeunes, with a solution, [days from the report to the solution])}}, and the matrix of bassins."""
    _, n, fin = restreindre(tout, annee, au, bassin)
    resultat = defaultdict(lambda: defaultdict(lambda: [0, 0, []]))
    for ligne in n.iter_rows(named=True):
        valeurs = valeurs_independantes(ligne, fin, au)
        valeurs["matrice"] = [(ligne["bassin"], ligne["bassin_formation"])]
        for dimension, siennes in valeurs.items():
            for valeur in siennes:
                case = resultat[dimension][valeur]
                case[0] += 1
                if ligne["solution"] and ligne["solution"] <= fin:
                    case[1] += 1
                    if ligne["solution"] >= ligne["ouvert"]:
                        case[2].append((ligne["solution"] - ligne["ouvert"]).days)
    return resultat


def figures_independantes(tout, annee, au, bassin=None):
    """{code: value or (median, 9th decile)} with polars."""
    e, n, fin = restreindre(tout, annee, au, bassin)
    apres = lambda c: pl.col(c).is_null() | (pl.col(c) > fin)  # noqa: E731
    avant = lambda c: (pl.col(c) <= fin).fill_null(False)  # noqa: E731
    hc = e.filter(avant("hors_champ") & apres("retire"))
    part = lambda x, y=n: len(x) / len(y) if len(y) else None  # noqa: E731
    recus = e.filter(apres("retire"))
    envois = [sum(d <= fin for d in x) for x in recus["envois"].to_list()]
    form, ins, acc = n.filter(avant("formation")), n.filter(~avant("formation") & avant("insertion")), n.filter(
        ~avant("formation") & ~avant("insertion") & avant("accompagnement"))  # fmt: skip
    tries = sum(d <= fin for x in recus["tries"].to_list() for d in x)
    juge = n.filter(
        pl.col("echeance").is_not_null()
        & ((pl.col("echeance") < au) | (pl.col("recu") <= au).fill_null(False))
    )
    figures = {
        "jeunes": len(n), "signalements": sum(envois), "doublons_evites": sum(max(x - 1, 0) for x in envois),
        "pas_sortis": len(hc.filter(pl.col("motif_hors_champ") == "n_etait_pas_sorti")),
        "hors_champ": len(hc.filter(pl.col("motif_hors_champ") != "n_etait_pas_sorti")),
        "obligation": len(e.filter(pl.col("obligation") & apres("hors_champ") & apres("retire"))),
        "mineurs": part(n.filter(pl.col("mineur"))),
        "avec_solution": part(n.filter(avant("solution"))), "sans_solution": part(n.filter(~avant("solution"))),
        "en_formation": part(form), "en_insertion": part(ins), "en_accompagnement": part(acc),
        "delai_legal": part(juge.filter((pl.col("recu") <= pl.col("echeance")) & (pl.col("recu") <= au)), juge),
        "entretiens": part(n.filter(avant("entretien"))),
        "retours_lus": sum(d <= fin for x in recus["lus"].to_list() for d in x) / tries if tries else None,
    }  # fmt: skip
    for m in MOIS_SUIVIS:
        echus = n.filter(pl.col("ouvert").dt.offset_by(f"{m}mo") <= au)
        figures[f"devenir_{m}_mois"] = part(echus.filter(pl.col(f"a{m}").is_in(GROUPES)), echus)
    for code, a, b in [
        ("delai_signalement", "sortie", "ouvert"), ("delai_entretien", "ouvert", "entretien"),
        ("delai_preconisation", "entretien", "preconisation"), ("delai_mission", "preconisation", "mission"),
        ("delai_solution", "mission", "solution"), ("delai_total", "ouvert", "solution"),
    ]:  # fmt: skip
        durees = [(y - x).days for x, y in n.select(a, b).iter_rows() if x and y and y <= fin and y >= x]
        figures[code] = (median(durees), float(numpy.percentile(durees, 90))) if durees else (None, None)
    return figures


def operateurs_independants(annee, au, bassin=None):
    """{structure code: {indicator: value}} of the missions of a campaign, with polars over the raw rows."""
    fin = min(au, date(annee + 1, 6, 30))
    m = pl.DataFrame([
        {"structure": x.structure.code, "bassin": x.dossier.bassin.code, "proposee": jour(x.proposee_le),
         "repondue": jour(x.repondue_le), "etat": x.etat, "expire": x.expire_le}
        for x in Mission.objects.select_related("structure", "dossier__bassin")
    ]).filter(pl.col("proposee").is_between(date(annee, 7, 1), fin))  # fmt: skip
    if bassin:
        m = m.filter(pl.col("bassin") == bassin)
    repondue = (pl.col("repondue") <= fin).fill_null(False)
    m = m.with_columns(
        suite=pl.when(repondue & (pl.col("etat") == "refusee")).then(pl.lit("refusees"))
        .when(repondue).then(pl.lit("acceptees"))
        .when((pl.col("etat") == "expiree") & (pl.col("expire") <= fin)).then(pl.lit("expirees"))
        .otherwise(pl.lit("en_attente")),
        jours=pl.when(repondue).then((pl.col("repondue") - pl.col("proposee")).dt.total_days()),
    )  # fmt: skip
    resultat = {}
    for (code,), siennes in m.group_by("structure"):
        resultat[code] = {f"missions_{s}": len(siennes.filter(pl.col("suite") == s))
                          for s in ("acceptees", "refusees", "expirees", "en_attente")}  # fmt: skip
        resultat[code] |= {"missions": len(siennes), "delai_reponse": siennes["jours"].median()}
    return resultat


def couverture_independante(m, annee, au, bassin=None):
    """(answered, expected) over the raw rows."""
    fin = min(au, date(annee + 1, 6, 30))
    attendues = Structure.objects.filter(type__in=TYPES_DECLARANTS, academie=m.academie).exclude(
        fermee_le__lte=fin
    )
    if bassin:
        attendues = attendues.filter(bassin__code=bassin)
    recus = [(s["structure"], jour(s["envoye_le"])) for s in
             Signalement.objects.exclude(etat="brouillon").values("structure", "envoye_le")]  # fmt: skip
    recus += [(n["structure"], jour(n["quand"])) for n in lignes(EtatNeant, "structure", "quand")]
    ont_repondu = {s for s, le in recus if date(annee, 7, 1) <= le <= fin}
    attendues = set(attendues.values_list("pk", flat=True))
    return len(attendues & ont_repondu), len(attendues)


def stock_independant(tout, annee, bassin=None):
    """Jeunes with a dossier open on 1 July, over the independent episodes."""
    le = date(annee, 7, 1)
    ouverts = tout.filter(
        (pl.col("ouvert") < le)
        & (pl.col("clos").is_null() | (pl.col("clos") >= le))
        & (pl.col("hors_champ").is_null() | (pl.col("hors_champ") >= le))
        & (pl.col("retire").is_null() | (pl.col("retire") >= le))
    )
    if bassin:
        ouverts = ouverts.filter(pl.col("bassin") == bassin)
    return ouverts["jeune"].n_unique()
