"""What the pages of the GAB share: find a dossier, say its breadcrumb, try a service."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from qualit.journal.services import montrer
from qualit.workflow import TransitionImpossible
from signalements.models import Signalement

from .. import services
from ..models import Dossier


def trouver_dossier(user, reference):
    """The dossier of that reference that this person may read, with what every page shows of it; 404 else."""
    return get_object_or_404(
        Dossier.objects.visibles_par(user).select_related(
            "jeune__identite__structure", "bassin__academie", "referent"
        ),
        reference=reference,
    )


def fil_du_dossier(dossier, *suite):
    """Breadcrumb of a page under a dossier."""
    etapes = [
        ("File du bassin", reverse("gab:file")),
        (f"Dossier {dossier.reference}", services.lien(dossier)),
    ]
    return [*etapes, *suite]


def montrer_dossiers(request, dossiers, **options):
    """Declare the dossiers of a page, and their jeunes, to the journal."""
    montrer(request, dossiers, jeunes=[d.jeune_id for d in dossiers], **options)


def jeune_de(objet):
    """The id of the jeune whom a dossier, or anything that hangs from one, is about."""
    if isinstance(objet, Signalement):
        objet = objet.versement
    return getattr(objet, "dossier", objet).jeune_id


def noter_la_garde(request, form, objet):
    """Journal that sensitive words were saved on purpose."""
    form.journaliser_garde(objet, par=request.user, jeunes=[jeune_de(objet)])


def tenter(request, fonction, *args, reussite="", garde=None, **kwargs):
    """Run a service in a savepoint; say what happened. Returns its result, or None after an impossible transition.

    garde: the form whose free text was looked at; its first argument is what the text is about.
    """
    try:
        with transaction.atomic():
            resultat = fonction(*args, **kwargs)
            if garde is not None:
                noter_la_garde(request, garde, args[0])
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return None
    if reussite:
        messages.success(request, reussite)
    return resultat if resultat is not None else True


def suite_sure(request, defaut):
    """The local path asked by `suite`, else `defaut`."""
    suite = request.POST.get("suite", "")
    if suite and url_has_allowed_host_and_scheme(suite, allowed_hosts=None):
        return suite
    return defaut


def page_de_formulaire(request, dossier, titre, form, bouton, *, gabarit="gab/formulaire.html", **contexte):
    """Render a form page under a dossier."""
    return render(
        request,
        gabarit,
        {
            "fil": fil_du_dossier(dossier, (titre, None)),
            "dossier": dossier,
            "nom": str(dossier.jeune),
            "titre": titre,
            "form": form,
            "bouton": bouton,
            "annuler": services.lien(dossier),
        }
        | contexte,
    )
