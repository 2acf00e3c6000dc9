"""No jeune falls out: each open dossier has someone in charge and a next deadline, and states agree with one another.

`DELAI_D_ACTION` (written in docs/etats.md) says, state by state, who is in charge and in how many days they act: an
open dossier is checked against the row of its state, and a state without a row is an anomaly. The checks are queries
over the whole base, so that they run on 200 000 dossiers; each returns the references at fault.
"""

from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from dedoublonnage.models import Jeune
from qualit.territoire.models import Adhesion, Bassin
from qualit.territoire.roles import Role
from signalements.models import Signalement

from .models import ETATS_OUVERTS, ETATS_TERMINES, Dossier, Entretien, EtatDossier, Mission, Transfert
from .services import DELAI_D_ACTION

EXEMPLES = 20

#: States whose deadline is a date of something else: the answer of a structure, the validity of an outcome.
DATES_PROPRES = frozenset({EtatDossier.MISSIONNE, EtatDossier.EN_SOLUTION})


def sans_ligne_d_etat():
    """Open states without a row in the table, or whose row names nobody that `titulaires` knows or no delay."""
    connus = titulaires()
    return sorted(
        str(etat)
        for etat in ETATS_OUVERTS
        if etat not in DELAI_D_ACTION
        or DELAI_D_ACTION[etat][0] not in connus
        or not DELAI_D_ACTION[etat][1] > 0
    )


def titulaires():
    """{role of the table: what says that somebody answers for a dossier}, each with those who stand in for them.

    Behind an operator and a member stands the coordinator of the bassin; behind the coordinator, the rectorat.
    """
    actives = Adhesion.objects.actives()
    pilote = Exists(actives.filter(academie=OuterRef("bassin__academie"), role=Role.RECTORAT_PILOTE))
    coordinateur = Exists(actives.filter(bassin=OuterRef("bassin"), role=Role.COORDINATEUR_GAB)) | pilote
    membre = Exists(actives.filter(bassin=OuterRef("bassin"), role=Role.MEMBRE_GAB)) | coordinateur
    en_exercice = actives.filter(role=Role.OPERATEUR).values("structure")
    suivi = Mission.objects.vivantes().filter(dossier=OuterRef("pk"), structure__in=en_exercice)
    return {
        str(Role.COORDINATEUR_GAB): coordinateur,
        str(Role.MEMBRE_GAB): membre,
        str(Role.OPERATEUR): Exists(suivi) | coordinateur,
    }


def _selon_la_table(ouverts):
    """{what is wrong: queryset} from the row of each state: nobody in charge, a deadline later than the delay."""
    connus, aujourdhui = titulaires(), timezone.localdate()
    tenus, tard = Q(), Q(pk__in=[])
    for etat, (role, jours) in DELAI_D_ACTION.items():
        if role in connus:
            tenus &= ~Q(etat=etat) | Q(connus[role])
        if etat not in DATES_PROPRES:
            tard |= Q(etat=etat, prochaine_echeance__gt=aujourdhui + timedelta(days=jours))
    return {
        "dossier ouvert dont personne n’est chargé, ni le rectorat à défaut": ouverts.exclude(tenus),
        "prochaine échéance plus lointaine que le délai de l’état": ouverts.filter(tard),
    }


def controles():
    """{what is wrong: queryset of Dossier}."""
    vivante = Mission.objects.vivantes().filter(dossier=OuterRef("pk"))
    proposee = Mission.objects.filter(dossier=OuterRef("pk"), etat=Mission.Etat.PROPOSEE)
    acceptee = Mission.objects.filter(dossier=OuterRef("pk"), etat=Mission.Etat.ACCEPTEE)
    prevu = Entretien.objects.filter(dossier=OuterRef("pk"), etat=Entretien.Etat.PREVU)
    transfert = Transfert.objects.filter(dossier=OuterRef("pk"), etat=Transfert.Etat.PROPOSE)
    ouverts = Dossier.objects.ouverts()
    termines = Dossier.objects.filter(etat__in=ETATS_TERMINES)
    valides = Signalement.objects.valides().filter(versement__dossier=OuterRef("pk"))
    return _selon_la_table(ouverts) | {
        "dossier ouvert sans prochaine échéance": ouverts.filter(prochaine_echeance__isnull=True),
        "horloge légale plus proche que la prochaine échéance": ouverts.filter(
            recu_avec_responsable_le__isnull=True, prochaine_echeance__gt=F("echeance_legale")
        ),
        "dossier ouvert dans un bassin sans académie": ouverts.filter(
            bassin__in=Bassin.objects.filter(academie__isnull=True)
        ),
        "mission attendue, mais aucune n’attend de réponse": ouverts.filter(
            ~Exists(proposee), etat=EtatDossier.MISSIONNE
        ),
        "pris en charge par personne": ouverts.filter(~Exists(acceptee), etat=EtatDossier.PRIS_EN_CHARGE),
        "structure référente sans mission acceptée": ouverts.filter(referent__isnull=False).exclude(
            Exists(acceptee.filter(structure=OuterRef("referent")))
        ),
        "mission en cours, mais le dossier est au GAB": ouverts.filter(
            Exists(vivante), etat__in=[EtatDossier.A_TRIER, EtatDossier.PRECONISE]
        ),
        "dossier ouvert sans signalement valable": ouverts.exclude(Exists(valides)),
        "dossier terminé avec une échéance": termines.filter(prochaine_echeance__isnull=False),
        "dossier terminé avec une mission en cours": termines.filter(Exists(vivante)).exclude(
            motif_cloture="fusion"
        ),
        "dossier terminé avec un entretien prévu": termines.filter(Exists(prevu)),
        "dossier terminé avec un transfert proposé": termines.filter(Exists(transfert)),
        "échéance légale d’avant le signalement": Dossier.objects.filter(
            echeance_legale__lt=F("premier_envoi_le__date")
        ),
        "jeune réuni à un autre, avec un dossier ouvert": ouverts.filter(jeune__fusionne_dans__isnull=False),
    }


def orphelins():
    """{what is wrong: queryset} about the other objects."""
    return {
        "signalement envoyé sans dossier": Signalement.objects.valides().filter(versement__isnull=True),
        "signalement rattaché à un autre jeune que son dossier": Signalement.objects.filter(
            versement__isnull=False, rattachements__defait_le__isnull=True
        ).exclude(rattachements__jeune=F("versement__dossier__jeune")),
        "jeune avec deux dossiers ouverts": Jeune.objects.annotate(
            n=Count("dossiers", filter=Q(dossiers__etat__in=ETATS_OUVERTS))
        ).filter(n__gt=1),
    }


def verifier():
    """{"dossiers": number, "anomalies": number, "details": {what: [references]}}."""
    details = {}
    total = 0
    manquants = sans_ligne_d_etat()
    if manquants:
        details["état sans ligne dans la table"] = manquants
        total += len(manquants)
    for quoi, lignes in (controles() | orphelins()).items():
        lignes = lignes.order_by()
        references = list(lignes.values_list("reference", flat=True)[:EXEMPLES])
        if references:
            nombre = len(references) if len(references) < EXEMPLES else lignes.count()
            details[quoi] = references
            total += nombre
    return {"dossiers": Dossier.objects.count(), "anomalies": total, "details": details}
