"""Pages of shares and of requests of access."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Bassin, DemandeAcces, Structure, Utilisateur
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.formulaires import ChampDate, ChampTexte, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre

from .. import tableurs
from ..models import Dossier
from ..services import lien, partages

UN_AN = timedelta(days=366)


class PartageForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("motif",)

    courriel = forms.EmailField(
        label="Courriel de la personne", required=False, help_text="Elle doit déjà avoir un accès au portail."
    )
    structure = forms.ModelChoiceField(
        Structure.objects.ouvertes(), label="Ou une structure entière", required=False, empty_label="Aucune"
    )
    motif = ChampTexte(label="Pourquoi partager ce dossier ?", max_length=300)
    fin = ChampDate(label="Jusqu’au", futur=True, maximum=lambda: timezone.localdate() + UN_AN)

    def clean(self):
        donnees = super().clean()
        courriel, structure = donnees.get("courriel"), donnees.get("structure")
        if bool(courriel) == bool(structure):
            raise ValidationError("Indiquez une personne ou une structure, l’une des deux.")
        if courriel:
            donnees["user"] = Utilisateur.objects.filter(email=courriel.lower(), is_active=True).first()
            if donnees["user"] is None:
                self.add_error("courriel", "Aucun accès actif à ce courriel.")
        return donnees


class DemandeForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("motif",)

    bassin = forms.ModelChoiceField(
        Bassin.objects.all(), label="Bassin où le jeune habite", empty_label="Choisissez"
    )
    nom = ChampTexte(label="Nom de naissance", max_length=100)
    prenom = ChampTexte(label="Prénom", max_length=100)
    date_naissance = ChampDate(label="Date de naissance")
    motif = ChampTexte(label="Pourquoi avez-vous besoin de ce dossier ?", max_length=300)


class ReponseForm(FormulaireDSFR):
    dossier = forms.ChoiceField(label="Dossier à ouvrir", required=False)
    reference = ChampTexte(
        label="Ou la référence d’un autre dossier",
        required=False,
        max_length=20,
        help_text="Si le dossier demandé n’est pas dans la liste.",
    )
    fin = ChampDate(
        label="Jusqu’au", futur=True, required=False, maximum=lambda: timezone.localdate() + UN_AN
    )

    def __init__(self, *args, dossiers, par, **kwargs):
        super().__init__(*args, **kwargs)
        self.par = par
        self.dossiers = {d.reference: d for d in dossiers}
        self.fields["dossier"].choices = [
            ("", "Aucun : refuser"),
            *((r, f"{d.jeune} – dossier {r}") for r, d in self.dossiers.items()),
        ]

    def clean_reference(self):
        """The dossier of that reference, None when the field is empty."""
        reference = self.cleaned_data["reference"].strip().upper()
        if not reference:
            return None
        dossier = Dossier.objects.visibles_par(self.par).filter(reference=reference).first()
        if dossier is None or not droits.peut(self.par, Droit.PARTAGER, dossier):
            raise ValidationError("Vous ne suivez aucun dossier de cette référence.")
        return dossier

    def clean(self):
        donnees = super().clean()
        if donnees.get("dossier") and donnees.get("reference"):
            self.add_error("reference", "Choisissez dans la liste ou donnez une référence, pas les deux.")
        donnees["dossier"] = donnees.get("reference") or self.dossiers.get(donnees.get("dossier"))
        if donnees["dossier"] and not donnees.get("fin"):
            self.add_error("fin", "Un accès a toujours une date de fin.")
        return donnees


@regle(Droit.PARTAGER, Droit.DEMANDER_ACCES, Droit.LIRE_DOSSIER)
def liste(request):
    """What is shared with me, what I shared, what is asked."""
    demandes = DemandeAcces.objects.none()
    if droits.a_le_droit(request.user, Droit.PARTAGER):
        demandes = DemandeAcces.objects.visibles_par(request.user).filter(repondue_le__isnull=True)
    listes = {
        "recus": list(partages.recus(request.user)),
        "accordes": list(partages.accordes(request.user)),
        "demandes": demandes.select_related("demandeur", "bassin"),
        "miennes": DemandeAcces.objects.filter(demandeur=request.user).select_related("bassin")[:20],
    }
    if fichier := tableurs.partages(request, **listes):
        return fichier
    for partage in (*listes["recus"], *listes["accordes"]):
        partage.code = partages.reference_de(partage)
    contexte = {
        "peut_demander": droits.a_le_droit(request.user, Droit.DEMANDER_ACCES),
        "fil": [("Partages", None)],
    }
    return render(request, "gab/partages.html", listes | contexte)


@regle(Droit.PARTAGER, objet=Dossier, methodes=("GET", "POST"))
@jetons.une_fois
def partager(request, reference):
    """Share one dossier."""
    dossier = get_object_or_404(Dossier.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.PARTAGER, dossier)
    form = PartageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        donnees = form.cleaned_data
        try:
            partages.partager(
                dossier, motif=donnees["motif"], fin=donnees["fin"], par=request.user, user=donnees.get("user"),
                structure=donnees["structure"],
            )  # fmt: skip
        except ValidationError as erreur:
            form.add_error(None, erreur)
        else:
            form.journaliser_garde(dossier, par=request.user, jeunes=[dossier.jeune_id])
            messages.success(request, "Le partage est proposé : il prend effet quand il est accepté.")
            return redirect("partages:liste")
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": f"Partager le dossier {dossier.reference}",
            "intro": "La personne lit le dossier jusqu’à la date choisie, sans pouvoir agir. Vous pouvez arrêter à tout moment.",
            "form": form,
            "bouton": "Proposer le partage",
            "annuler": lien(dossier),
            "fil": [(f"Dossier {dossier.reference}", lien(dossier)), ("Partager", None)],
        },
    )


def _trouver(request, reference, *sources):
    for source in sources:
        partage = partages.trouver(source(request.user), reference)
        if partage is not None:
            return partage
    raise Http404


@regle(Droit.PARTAGER, Droit.DEMANDER_ACCES, Droit.LIRE_DOSSIER, methodes=("POST",), reference="absente")
def accepter(request, reference):
    """Accept a share."""
    partages.accepter(_trouver(request, reference, partages.recus), par=request.user)
    messages.success(request, "Le dossier vous est ouvert.")
    return redirect("partages:liste")


@regle(Droit.PARTAGER, Droit.DEMANDER_ACCES, Droit.LIRE_DOSSIER, methodes=("POST",), reference="absente")
def revoquer(request, reference):
    """End a share."""
    partages.revoquer(_trouver(request, reference, partages.accordes, partages.recus), par=request.user)
    messages.success(request, "Le partage est terminé.")
    return redirect("partages:liste")


@regle(Droit.DEMANDER_ACCES, methodes=("GET", "POST"))
@jetons.une_fois
def demander(request):
    """Ask to read a dossier outside one's territory."""
    form = DemandeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        d = form.cleaned_data
        demande = partages.demander_acces(
            d["bassin"],
            nom=d["nom"],
            prenom=d["prenom"],
            date_naissance=d["date_naissance"],
            motif=d["motif"],
            par=request.user,
        )
        form.journaliser_garde(demande, par=request.user)
        messages.success(
            request,
            "Votre demande est transmise au coordinateur du bassin. Il vous répond s’il peut y donner suite.",
        )
        return redirect("partages:liste")
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": "Demander l’accès à un dossier",
            "intro": "Le coordinateur du bassin reçoit votre demande. La réponse ne dit pas si le jeune est connu du portail.",
            "form": form,
            "bouton": "Envoyer la demande",
            "annuler": reverse("partages:liste"),
            "fil": [("Partages", reverse("partages:liste")), ("Demander l’accès", None)],
        },
    )


@regle(Droit.PARTAGER, objet=DemandeAcces, methodes=("GET", "POST"))
def demande(request, reference):
    """The coordinator answers a request of access."""
    une = get_object_or_404(
        DemandeAcces.objects.visibles_par(request.user).select_related("demandeur", "bassin"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.PARTAGER, une)
    dossiers = partages.dossiers_demandes(une, request.user)
    montrer(
        request,
        dossiers,
        jeunes=[d.jeune_id for d in dossiers],
        action=Action.RECHERCHE,
        motif="demande d’accès",
    )
    form = ReponseForm(request.POST or None, dossiers=dossiers, par=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            partages.repondre(
                une, par=request.user, dossier=form.cleaned_data["dossier"], fin=form.cleaned_data["fin"]
            )
        except ValidationError as erreur:
            messages.error(request, erreur.messages[0])
        else:
            messages.success(request, "Votre réponse est transmise.")
        return redirect("partages:liste")
    return render(
        request,
        "gab/demande_acces.html",
        {
            "demande": une,
            "form": form,
            "lignes": [
                ("Demandé par", f"{une.demandeur}, {une.demandeur.email}"),
                ("Jeune", f"{une.nom} {une.prenom}, né(e) le {une.date_naissance:%d/%m/%Y}"),
                ("Motif", une.motif),
                ("Dossiers qui ressemblent", len(dossiers)),
            ],
            "fil": [("Partages", reverse("partages:liste")), ("Demande d’accès", None)],
        },
    )
