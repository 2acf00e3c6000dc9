"""The page of a dossier, its end and its reopening."""

from django.shortcuts import redirect, render

from dedoublonnage.models import Paire
from qualit.territoire import champs, droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from signalements.models import Signalement

from .. import file as lecture_file
from .. import lecture, services
from ..forms import ClotureForm, HorsChampForm, MotifForm
from ..models import Dossier, Transfert
from .commun import fil_du_dossier, montrer_dossiers, page_de_formulaire, tenter, trouver_dossier


@regle(Droit.LIRE_DOSSIER, Droit.LIRE_SEANCE, objet=Dossier, agir=False)
def dossier(request, reference):
    """The page of a dossier: who, where it stands, the next action, the timeline."""
    user = request.user
    dossier = trouver_dossier(user, reference)
    signalements = list(
        Signalement.objects.filter(versement__dossier=dossier)
        .select_related("structure")
        .prefetch_related("contacts", "responsables", "questions")
        .order_by("envoye_le")
    )
    entretiens = list(dossier.entretiens.select_related("mene_par").prefetch_related("convocations"))
    missions = list(dossier.missions.select_related("structure", "conseiller"))
    preconisations = list(dossier.preconisations.select_related("par"))
    transferts = list(dossier.transferts.select_related("de", "vers"))
    syntheses = lecture.lit_les_syntheses(user, dossier)
    operateur = not (
        droits.bassins_pour(user, Droit.LIRE_DOSSIER) or droits.academies_pour(user, Droit.LIRE_DOSSIER)
    )
    groupes = champs.lisibles(user)
    taches = lecture.taches_ouvertes(dossier)
    if operateur:  # an operator or a guest: its own missions, and who follows the jeune; nothing of the GAB's own exchanges
        siennes = set(droits.structures_pour(user, Droit.REPONDRE_MISSION))
        missions = [
            m
            for m in missions
            if m.structure_id in siennes or m.etat == m.Etat.ACCEPTEE and not m.a_confirmer
        ]
        taches = [t for t in taches if t.mission_id and t.mission.structure_id in siennes]
        transferts = []
    montrer_dossiers(request, [dossier])
    transfert = next((t for t in transferts if t.etat == Transfert.Etat.PROPOSE), None)
    instruit = droits.peut(user, Droit.TRIER, dossier)
    contexte = {
        "fil": [
            *(fil_du_dossier(dossier)[:1] if droits.a_le_droit(user, Droit.TRIER) else []),
            (f"Dossier {dossier.reference}", None),
        ],
        "dossier": dossier,
        "nom": str(dossier.jeune),
        "identite": lecture.identite(dossier, signalements, reduite=operateur),
        "contacts": lecture.contacts(signalements),
        "responsables": lecture.responsables(signalements) if "responsable" in groupes else [],
        "lit_les_messages": syntheses and "message" in groupes,
        "signalements": [
            (
                s,
                lecture.motifs_lisibles(s.motifs, s.envoye_le, operateur=operateur)
                if "motifs" in groupes
                else [],
                [q for q in s.questions.all() if q.close_le is None],
            )
            for s in signalements
        ],
        "entretiens": entretiens,
        "missions": missions,
        "preconisations": preconisations,
        "transfert": transfert,
        "voit_le_transfert": transfert is not None and droits.peut(user, Droit.TRIER, transfert),
        "instruit": instruit,
        "taches": taches,
        "syntheses": syntheses,
        "prochaine": lecture.prochaine_action(
            dossier, user, signalements=signalements, entretiens=entretiens, missions=missions
        ),
        "actions": lecture.actions(dossier, user),
        "peut_missionner": droits.peut(user, Droit.MISSIONNER, dossier),
        "peut_repondre": False,
        "frise": lecture.frise(
            dossier,
            signalements=signalements,
            entretiens=entretiens,
            preconisations=preconisations,
            missions=missions,
            transferts=transferts,
            syntheses=syntheses,
            instruit=instruit,
        ),
        "identite_a_confirmer": Paire.objects.visibles_par(user)
        .a_decider()
        .filter(a=dossier.jeune_id)
        .exists()
        or Paire.objects.visibles_par(user).a_decider().filter(b=dossier.jeune_id).exists(),
        "autres": Dossier.objects.visibles_par(user)
        .filter(jeune=dossier.jeune_id)
        .exclude(pk=dossier.pk)
        .order_by("-ouvert_le"),
    }
    if contexte["transfert"]:
        contexte["peut_repondre"] = droits.peut(user, Droit.TRANSFERER, contexte["transfert"])
    if dossier.bassin_id in droits.bassins_pour(user, Droit.LIRE_DOSSIER):
        filtre = lecture_file.Filtre.lire(request.GET)
        precedent, suivant, rang, total = lecture_file.voisins(user, filtre, dossier)
        contexte |= {
            "precedent": precedent,
            "suivant": suivant,
            "rang": rang,
            "total": total,
            "filtre": filtre,
        }
    return render(request, "gab/dossier.html", contexte)


@regle(Droit.TRIER, objet=Dossier, methodes=("POST",))
def retenir(request, reference):
    """Keep a reopened dossier: the jeune is to be received."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.TRIER, dossier)
    tenter(request, services.avancer, dossier, "retenir", par=request.user, reussite="Le dossier est retenu.")
    return redirect(services.lien(dossier))


@regle(Droit.TRIER, objet=Dossier, methodes=("GET", "POST"))
def ecarter(request, reference):
    """Out of scope, for the whole dossier: every valid report of it is told."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.TRIER, dossier)
    form = HorsChampForm(request.POST or None, dossier=dossier)
    if (
        request.method == "POST"
        and form.is_valid()
        and tenter(
            request,
            services.ecarter_dossier,
            dossier,
            form.cleaned_data["motif"],
            precision=form.texte,
            par=request.user,
            garde=form,
            reussite="Le dossier est hors champ.",
        )
    ):
        return redirect(services.lien(dossier))
    montrer_dossiers(request, [dossier])
    return page_de_formulaire(request, dossier, "Hors champ", form, "Déclarer hors champ", danger=True)


@regle(Droit.CLORE, objet=Dossier, methodes=("GET", "POST"))
def clore(request, reference):
    """Close a dossier, with a reason."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.CLORE, dossier)
    form = ClotureForm(request.POST or None, dossier=dossier)
    if request.method == "POST" and form.is_valid():
        raison = form.cleaned_data["raison"]
        if tenter(
            request,
            services.clore,
            dossier,
            "" if raison == "perdu_de_vue" else raison,
            perdu_de_vue=raison == "perdu_de_vue",
            par=request.user,
            reussite="Le dossier est clos.",
        ):
            return redirect(services.lien(dossier))
    montrer_dossiers(request, [dossier])
    return render(
        request,
        "composants/confirmation.html",
        {
            "fil": fil_du_dossier(dossier, ("Clore", None)),
            "titre": "Clore le dossier",
            "question": f"Clore le dossier de {dossier.jeune} ?",
            "consequences": [
                "Les entretiens prévus sont annulés et les missions retirées.",
                "Les établissements qui l’ont signalé en sont informés.",
                "Le dossier peut être rouvert.",
            ],
            "form": form,
            "bouton": "Clore le dossier",
            "annuler": services.lien(dossier),
        },
    )


@regle(Droit.CLORE, objet=Dossier, methodes=("GET", "POST"))
def rouvrir(request, reference):
    """Reopen a finished dossier."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.CLORE, dossier)
    form = MotifForm(request.POST or None, dossier=dossier)
    if request.method == "POST" and form.is_valid():
        tenter(
            request,
            services.rouvrir,
            dossier,
            form.cleaned_data["motif"],
            par=request.user,
            garde=form,
            reussite="Le dossier est rouvert.",
        )
        return redirect(services.lien(dossier))
    montrer_dossiers(request, [dossier])
    return page_de_formulaire(request, dossier, "Rouvrir le dossier", form, "Rouvrir")
