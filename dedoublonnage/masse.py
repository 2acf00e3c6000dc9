"""Re-examine the whole base: after an import, or with a new model.

Pairs are generated in SQL (records that share a key whose block is small), scored by several processes, and decided
jeune by jeune: in the automatic zone the two are merged, in the zone "à vérifier" the pair is proposed to the
arbiter. A few couples at a time are decided and committed with their progress: an interrupted pass goes on where it
stopped, and those who type wait for the lock of identities a moment only.
"""

import hashlib
import json
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from django.db import connection, transaction
from django.utils import timezone

from qualit import workflow

from .calcul import cles_du_lot, noter_le_lot, preparer_processus
from .decision import noter
from .fusion import choisir_garde, fusionner
from .models import Empreinte, Jeune, Paire, Passe
from .normalisation import Preparee
from .recherche import TABLE
from .score import SEUIL_A_VERIFIER, Modele, lien, probabilite, reserve, zone
from .services import bassin_et_arbitre, contexte, en_clair, verrouiller_identites

TAILLE_PARTIE = 20_000  # records a part
LOT = 5_000  # pairs a task of a process
COUPLES_PAR_TRANSACTION = 20  # couples decided under one hold of the lock of identities
BLOC_MAXIMUM = 250  # records under one key, beyond which the key says too little


def rapprocher_tout(*, processus=2, reprendre=True, simuler=False, avance=lambda fait, total: None):
    """Run a pass and return its `Passe`.

    simuler: count what would be joined and proposed, write nothing. avance(parts done, parts) is called after each.
    """
    cadre = contexte()
    version = Modele.charger().version
    passe = None
    if not simuler:
        inachevees = Passe.objects.filter(fin__isnull=True)
        passe = inachevees.filter(modele=version).first() if reprendre else None
        # a pass of another model would mix two scales: it is closed as it is
        inachevees.exclude(pk=passe and passe.pk).update(fin=timezone.now())
    simulation = Simulation() if simuler else None
    if passe is None:
        nombre = Empreinte.objects.count()
        passe = Passe(
            modele=version,
            parties=max(1, -(-nombre // TAILLE_PARTIE)),
            bilan=_bilan_initial(),
        )
        if not simuler:
            passe.save()
    with ProcessPoolExecutor(
        processus,
        mp_context=get_context("spawn"),
        initializer=preparer_processus,
        initargs=(cadre.vers_json(),),
    ) as executeur:
        _remplir_les_cles(executeur)
        for partie in range(passe.parties_faites, passe.parties):
            depuis = tuple(passe.dernier_couple or ())
            couples = [c for c in sorted(_couples(executeur, partie, passe.parties)) if c > depuis]
            for debut in range(0, len(couples), COUPLES_PAR_TRANSACTION):
                _decider_un_lot(
                    passe, couples[debut : debut + COUPLES_PAR_TRANSACTION], cadre, simulation=simulation
                )
            passe.parties_faites, passe.dernier_couple = partie + 1, None
            if not simuler:
                passe.save()
            avance(partie + 1, passe.parties)
    passe.fin = timezone.now()
    passe.bilan |= {
        "jeunes_apres": Jeune.objects.vivants().count(),
        "a_decider_apres": Paire.objects.a_decider().count(),
    }
    if not simuler:
        passe.save()
    with connection.cursor() as curseur:
        curseur.execute("DROP TABLE IF EXISTS masse_cles, masse_blocs")
    return passe


def _bilan_initial():
    return {
        "jeunes_avant": Jeune.objects.vivants().count(),
        "a_decider_avant": Paire.objects.a_decider().count(),
        "reunis": 0,
        "proposes": 0,
        "en_attente": 0,
        "deja_decides": 0,
        "ecartes": 0,
    }


def _remplir_les_cles(executeur, table=TABLE):
    """A temporary table of the keys of the whole base, and the keys whose block is small enough."""
    with connection.cursor() as curseur:
        curseur.execute("DROP TABLE IF EXISTS masse_cles, masse_blocs")
        curseur.execute(
            "CREATE TEMP TABLE masse_cles (cle int4, empreinte bigint, jeune bigint, sans_date boolean, large boolean)"
        )
        dernier, attente = 0, []
        while True:
            curseur.execute(
                f"SELECT id, jeune_id, preparee::text FROM {table} WHERE id > %s ORDER BY id LIMIT %s",
                [dernier, LOT],
            )
            lot = curseur.fetchall()
            if lot:
                dernier = lot[-1][0]
                attente.append(executeur.submit(cles_du_lot, lot))
            while attente and (not lot or len(attente) > 6):
                lignes = attente.pop(0).result()
                with curseur.copy("COPY masse_cles FROM STDIN") as copie:
                    for ligne in lignes:
                        copie.write_row(ligne)
            if not lot:
                break
        curseur.execute("CREATE INDEX ON masse_cles (cle)")
        curseur.execute("ANALYZE masse_cles")
        curseur.execute(
            "CREATE TEMP TABLE masse_blocs AS SELECT cle, large FROM masse_cles "
            "GROUP BY cle, large HAVING count(*) BETWEEN 2 AND %s",
            [BLOC_MAXIMUM],
        )
        curseur.execute("ANALYZE masse_blocs")


def _couples(executeur, partie, parties, table=TABLE):
    """Couples of jeunes with at least one pair of records that may be one person, in this part of the base."""
    with connection.cursor() as curseur:
        curseur.execute(
            f"""
            WITH paires AS (
                SELECT DISTINCT a.empreinte AS ea, b.empreinte AS eb
                  FROM masse_blocs t
                  JOIN masse_cles a ON a.cle = t.cle AND a.large = t.large
                  JOIN masse_cles b ON b.cle = t.cle AND b.large = t.large
                 WHERE a.empreinte %% %s = %s AND a.empreinte < b.empreinte AND a.jeune <> b.jeune
                   AND (NOT t.large OR a.sans_date OR b.sans_date)
            )
            SELECT x.jeune_id, y.jeune_id, x.preparee::text, y.preparee::text
              FROM paires p JOIN {table} x ON x.id = p.ea JOIN {table} y ON y.id = p.eb
             WHERE x.jeune_id <> y.jeune_id
            """,
            [parties, partie],
        )
        attente = []
        while lot := curseur.fetchmany(LOT):
            attente.append(executeur.submit(noter_le_lot, lot))
    couples = defaultdict(float)
    for futur in attente:
        for a, b, poids in futur.result():
            couple = (min(a, b), max(a, b))
            couples[couple] = max(couples.get(couple, poids), poids)
    return couples


def empreinte_des_identites(*listes):
    """A fingerprint of the identities compared: when it changes, a question already answered is asked again."""
    textes = sorted(json.dumps(p.vers_json(), ensure_ascii=False) for liste in listes for p in liste)
    return hashlib.sha256("\n".join(textes).encode()).hexdigest()


@dataclass
class Simulation:
    """What a pass without writing would have joined ({absorbed id: kept id}) and proposed ({(a, b)}) so far."""

    reunis: dict = field(default_factory=dict)
    proposes: set = field(default_factory=set)

    def fiches(self, pk):
        """Ids of the jeunes that are one with this one by now."""
        return [pk] + [
            f for absorbe, garde in self.reunis.items() if garde == pk for f in self.fiches(absorbe)
        ]


def _decider_un_lot(passe, couples, cadre, *, simulation):
    """Decide a few couples and save the progress, in one transaction: each counts once, whatever interrupts."""
    bilan = dict(passe.bilan)
    with transaction.atomic():
        for a, b in couples:
            issue = _decider(a, b, cadre, simulation=simulation)
            bilan[issue] = bilan.get(issue, 0) + 1
        passe.bilan, passe.dernier_couple = bilan, list(couples[-1])
        if simulation is None:
            passe.save()


def _identites(jeunes):
    empreintes = Empreinte.objects.filter(jeune__in=jeunes).order_by("pk")
    return [Preparee.depuis_json(e.preparee) for e in empreintes]


def _decider(a_pk, b_pk, cadre, *, simulation):
    """Look at two jeunes with all their identities (average link) and act; return what was done, for the report."""
    if simulation is None:
        verrouiller_identites()
    elif a_pk in simulation.reunis or b_pk in simulation.reunis:
        return "ecartes"
    jeunes = {
        j.pk: j
        for j in Jeune.objects.vivants()
        .filter(pk__in=[a_pk, b_pk])
        .select_related("identite__bassin__academie")
    }
    if len(jeunes) < 2:
        return "ecartes"
    a, b = jeunes[a_pk], jeunes[b_pk]
    siennes, autres = (_identites([j.pk] if simulation is None else simulation.fiches(j.pk)) for j in (a, b))
    modele = Modele.charger()
    notes = [noter(x, y, modele=modele, contexte=cadre) for x in siennes for y in autres]
    chance = probabilite(lien([poids for poids, _ in notes]))
    if chance < SEUIL_A_VERIFIER:
        return "ecartes"
    identites = empreinte_des_identites(siennes, autres)
    paire = Paire.objects.filter(a=a, b=b).first()
    if paire is not None and paire.etat != Paire.Etat.A_DECIDER and paire.identites in ("", identites):
        return "deja_decides"
    sure = zone(chance) == "automatique" and not reserve(notes)
    automatique = sure and (paire is None or paire.etat == Paire.Etat.A_DECIDER)
    if simulation is not None:
        return _simuler(simulation, a, b, paire, automatique)
    evaluation = max(
        (modele.evaluer(x, y, cadre) for x in siennes for y in autres), key=lambda e: e.probabilite
    )
    valeurs = {
        "probabilite": chance,
        "contributions": en_clair(evaluation.contributions),
        "identites": identites,
        "modele": modele.version,
    }
    if paire is None:
        bassin, arbitre, academie = bassin_et_arbitre(a, b)
        paire = Paire.objects.create(
            a=a, b=b, signalement_a=a.identite, signalement_b=b.identite, bassin=bassin, arbitre=arbitre,
            academie=academie, origine="masse", **valeurs,
        )  # fmt: skip
        workflow.passage(paire, "proposer", "", par=None)
        nouvelle = True
    else:
        Paire.objects.filter(pk=paire.pk).update(**valeurs)
        nouvelle = paire.etat != Paire.Etat.A_DECIDER
        if nouvelle:
            workflow.franchir(paire, "reposer", par=None, systeme=True)
    if automatique:
        workflow.franchir(
            paire, "confirmer_meme", par=None, systeme=True, motif="automatique", decidee_le=timezone.now()
        )
        garde, absorbe = choisir_garde(a, b)
        fusionner(garde, absorbe, par=None, motif="Reconnu automatiquement", paire=paire)
        return "reunis"
    return "proposes" if nouvelle else "en_attente"


def _simuler(simulation, a, b, paire, automatique):
    """Remember what the pass would do of two jeunes, and return it."""
    if automatique:
        garde, absorbe = choisir_garde(a, b)
        simulation.reunis[absorbe.pk] = garde.pk
        return "reunis"
    if (a.pk, b.pk) in simulation.proposes or paire is not None and paire.etat == Paire.Etat.A_DECIDER:
        return "en_attente"
    simulation.proposes.add((a.pk, b.pk))
    return "proposes"
