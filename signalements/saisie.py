"""One sitting at the form of a report: what was typed, read with tolerance, saved as a draft, ready to be sent.

The same form is read by the page itself, by the automatic saving, by the live checks (eligibility, identity) and by
the sending (`dedoublonnage.views`): all go through `Saisie`, so that they understand the same thing.
"""

import hashlib
import secrets

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Commune, Structure
from qualit.territoire.nomenclatures import choix, libelle
from qualit.workflow import TransitionImpossible

from . import services
from .controles import numero_normalise
from .forms import ContactForm, ResponsableForm, SignalementForm
from .models import Contact, EtatSignalement, Signalement
from .services import ConflitDeVersion

LIGNES_CONTACTS, LIGNES_RESPONSABLES = 3, 1
MAXIMUM_LIGNES = 10
#: What "Enregistrer et signaler le suivant" keeps from the report just sent.
CHAMPS_REPRIS = (
    "classe",
    "formation",
    "statut",
    "regime",
    "niveau",
    "date_sortie",
    "nature_sortie",
    "declarant_nom",
    "declarant_fonction",
    "declarant_telephone",
)
#: Owners proposed for the first rows of contacts.
VIDES = {"contacts": ({"proprietaire": "jeune"}, {"proprietaire": "mere"}, {"proprietaire": "pere"})}
CHAMPS = tuple(SignalementForm.base_fields)


def structure_de_saisie(user):
    """The structure for which this person files reports. Raises PermissionDenied when there is none."""
    ids = droits.structures_pour(user, Droit.SIGNALER)
    if not ids:
        raise PermissionDenied
    return Structure.objects.select_related("commune", "bassin", "academie").get(pk=ids[0])


def brouillons_de(user):
    """Drafts of the structures for which this person files reports."""
    return (
        Signalement.objects.visibles_par(user)
        .brouillons()
        .filter(structure__in=droits.structures_pour(user, Droit.SIGNALER))
    )


def _entier(texte, defaut, maximum):
    try:
        return max(0, min(int(texte), maximum))
    except (TypeError, ValueError):
        return defaut


class Lignes:
    """Repeated rows of a form (contacts, guardians): a count in a hidden field, and a button that adds one."""

    def __init__(self, forme, prefixe, donnees, initiales, minimum):
        self.prefixe = prefixe
        if donnees is None:
            total = min(max(minimum, len(initiales) + (1 if initiales else 0)), MAXIMUM_LIGNES)
            vides = (VIDES.get(prefixe, ()) + ({},) * total)[len(initiales) : total]
            self.forms = [
                forme(prefix=f"{prefixe}-{n}", initial=initiale)
                for n, initiale in enumerate([*initiales, *vides])
            ]
        else:
            total = _entier(donnees.get(f"{prefixe}-total"), minimum, MAXIMUM_LIGNES)
            self.forms = [forme(donnees, prefix=f"{prefixe}-{n}") for n in range(total)]
            if f"ajouter_{prefixe}" in donnees and total < MAXIMUM_LIGNES:
                self.forms.append(forme(prefix=f"{prefixe}-{total}"))

    @property
    def total(self):
        return len(self.forms)

    @property
    def complet(self):
        return self.total >= MAXIMUM_LIGNES

    @property
    def remplies(self):
        return [f for f in self.forms if f.is_bound]

    def valides(self):
        return not [f for f in self.remplies if not f.is_valid()]

    def __iter__(self):
        return iter(self.forms)


class Saisie:
    """What one request typed in the form of a report.

    signalement: the draft being edited, None for a new one; apres: the report just sent whose class and dates are
    kept; envoi: the demands of a sending hold; garde: sensitive words in the free text ask for a tick.
    """

    def __init__(self, request, signalement=None, *, apres=None, envoi=False, garde=False):
        self.request, self.envoi = request, envoi
        self.structure = structure_de_saisie(request.user) if signalement is None else signalement.structure
        self.donnees = request.POST if request.method == "POST" else None
        self.conflit = None
        self.avertir = False
        self.jeton = self._jeton()
        if signalement is None and self.donnees is not None:
            services.verrouiller_jeton(self.jeton)
            signalement = Signalement.objects.filter(
                structure=self.structure, jeton_saisie=self.jeton
            ).first()
        self.signalement = signalement or Signalement(structure=self.structure, jeton_saisie=self.jeton)
        self.version = self.signalement.version
        if self.donnees is not None:
            self.version = _entier(self.donnees.get("version"), 1, 2**31 - 1) or 1
        self.form = SignalementForm(self.donnees, initial=self._initiales(apres), envoi=envoi, garde=garde)
        if apres is not None:  # the next of a series is typed at once
            self.form.fields["nom_naissance"].widget.attrs["autofocus"] = True
        self.contacts = Lignes(
            ContactForm, "contacts", self.donnees, self._contacts_initiaux(), LIGNES_CONTACTS
        )
        self.responsables = Lignes(
            ResponsableForm, "responsables", self.donnees, self._responsables_initiaux(), LIGNES_RESPONSABLES
        )

    def _jeton(self):
        recu = self.donnees.get("jeton", "") if self.donnees is not None else ""
        return (
            recu
            if 16 <= len(recu) <= 64 and recu.isascii() and recu.isprintable()
            else secrets.token_urlsafe(16)
        )

    def _initiales(self, apres):
        if self.signalement.pk:
            return {champ: getattr(self.signalement, champ) for champ in CHAMPS}
        user = self.request.user
        initiales = {
            "domicile": Signalement.Domicile.FRANCE,
            "declarant_nom": user.get_full_name(),
            "declarant_fonction": user.fonction,
            "declarant_telephone": user.telephone,
        }
        if apres is not None:
            initiales |= {champ: getattr(apres, champ) for champ in CHAMPS_REPRIS}
        return initiales

    def _contacts_initiaux(self):
        if self.signalement.pk:
            return [
                {"valeur": c.valeur, "proprietaire": c.proprietaire} for c in self.signalement.contacts.all()
            ]
        return []

    def _responsables_initiaux(self):
        if self.signalement.pk:
            champs = ("nom", "prenom", "lien", "telephone", "courriel", "adresse")
            return [{c: getattr(r, c) for c in champs} for r in self.signalement.responsables.all()]
        return []

    # --- reading ---------------------------------------------------------------------------------------

    @property
    def deja_envoye(self):
        """The same form was sent already (double click, back button, other tab)."""
        return self.signalement.pk is not None and self.signalement.etat != EtatSignalement.BROUILLON

    def lire(self):
        """Validate everything and put what is readable in `self.signalement`, unsaved. Returns True without errors."""
        complet = all([self.form.is_valid(), self.contacts.valides(), self.responsables.valides()])
        for champ in CHAMPS:
            if champ in self.form.cleaned_data and champ not in self.form.errors:
                setattr(self.signalement, champ, self.form.cleaned_data[champ])
        if self.envoi and complet:
            complet = self._exiger_un_contact()
        return complet

    def _exiger_un_contact(self):
        aucun = self.form.cleaned_data["aucun_contact"]
        if not self.liste_contacts and not aucun:
            self.form.add_error(
                "aucun_contact",
                "Donnez au moins un téléphone ou un courriel, ou cochez « Aucun contact connu ».",
            )
            return False
        if self.liste_contacts and aucun:
            self.form.add_error("aucun_contact", "Vous avez donné un contact : décochez cette case.")
            return False
        return True

    @property
    def liste_contacts(self):
        """[(type, value, owner)] of the readable lines."""
        return [f.contact for f in self.contacts.remplies if f.is_valid() and f.contact]

    @property
    def contacts_non_enregistres(self):
        """The same as unsaved `Contact`s, for the identity check before saving."""
        return [
            Contact(
                type=type_,
                valeur=valeur,
                normalisee=numero_normalise(valeur) if type_ == Contact.Type.TELEPHONE else valeur.lower(),
                proprietaire=proprietaire,
            )
            for type_, valeur, proprietaire in self.liste_contacts
        ]

    @property
    def est_vide(self):
        """Nothing was typed that is worth a draft."""
        s = self.signalement
        return not (s.pk or s.nom_naissance or s.prenom or s.date_naissance or s.ine)

    def constats(self):
        """Remarks of the eligibility check on what was typed."""
        return services.eligibilite(self.signalement)

    @staticmethod
    def empreinte_avertissements(constats):
        """What tells that these warnings were shown already."""
        textes = "\n".join(c.texte for c in constats if c.gravite == "avertissement")
        return hashlib.blake2b(textes.encode(), digest_size=8).hexdigest() if textes else ""

    # --- saving ----------------------------------------------------------------------------------------

    def enregistrer(self, *, automatique=False):
        """Save the draft with what is readable. Returns False on a conflict (then `self.conflit` is what is stored).

        Raises TransitionImpossible when it was sent meanwhile.
        """
        if self.deja_envoye:
            raise TransitionImpossible("Ce signalement a déjà été envoyé.")
        responsables = [f.responsable for f in self.responsables.remplies if f.is_valid() and f.responsable]
        try:
            services.enregistrer_brouillon(
                self.signalement,
                contacts=self.liste_contacts,
                responsables=responsables,
                par=self.request.user,
                version=self.version,
                onglet=self.jeton,
                noter_ecriture=not automatique,
            )
        except ConflitDeVersion as conflit:
            self.conflit = conflit.actuel
            self.version = conflit.actuel.version
            return False
        self.version = self.signalement.version
        if self.form.is_valid():
            self.form.journaliser_garde(self.signalement, par=self.request.user)
        return True

    def prete_a_envoyer(self):
        """Read, save as a draft, and say whether to go on: no error, no conflict, nothing blocking, warnings seen."""
        complet = self.lire()
        if not self.est_vide and not self.enregistrer():
            return False
        if not complet:
            return False
        constats = self.constats()
        if any(c.gravite == "bloquant" for c in constats):
            return False
        vus = self.donnees.get("avertissements_vus", "")
        self.avertir = self.empreinte_avertissements(constats) not in {"", vus}
        return not self.avertir

    # --- showing ---------------------------------------------------------------------------------------

    @property
    def erreurs(self):
        """[(anchor, label, text)] of every error, for the summary."""
        lignes = []
        sections = [(self.form, "")]
        sections += [(f, f"Contact {n}, ") for n, f in enumerate(self.contacts.remplies, 1)]
        sections += [(f, f"Responsable {n}, ") for n, f in enumerate(self.responsables.remplies, 1)]
        for form, avant in sections:
            for champ in form:
                if form.is_bound:
                    lignes += [(champ.ancre, f"{avant}{champ.label}", e) for e in champ.errors]
        return lignes

    def differences(self):
        """What the colleague's version says where it differs from what was typed: [(label, stored, typed)]."""
        lignes = []
        for champ in CHAMPS:
            ici, la = getattr(self.signalement, champ), getattr(self.conflit, champ)
            if ici != la and (ici or la):
                lignes.append((self.form.fields[champ].label, _lisible(champ, la), _lisible(champ, ici)))
        stockes = sorted(c.valeur for c in self.conflit.contacts.all())
        saisis = sorted(
            services.numero_lisible(numero_normalise(v)) if t == Contact.Type.TELEPHONE else v
            for t, v, _ in self.liste_contacts
        )
        if stockes != saisis:
            lignes.append(("Contacts", ", ".join(stockes), ", ".join(saisis)))
        return lignes

    def page(self, statut=None, **plus):
        """The page of the form, with what was typed."""
        s = self.signalement
        reference = s.reference if s.pk else None
        arguments = [reference] if reference else []
        a_dire = []
        if self.donnees is not None or s.pk:
            a_dire = self.constats()
        if s.pk:
            montrer(self.request, [s])
        contexte = {
            "saisie": self,
            "form": self.form,
            "contacts": self.contacts,
            "responsables": self.responsables,
            "signalement": s if s.pk else None,
            "structure": self.structure,
            "constats": a_dire,
            "avertissements_vus": self.empreinte_avertissements(a_dire),
            "erreurs": self.erreurs if self.donnees is not None else [],
            "differences": self.differences() if self.conflit else [],
            "classes": choix("classes"),
            "communes_domicile": communes_du_code(s.code_postal),
            "url_enregistrer": reverse(
                "signalements:modifier" if reference else "signalements:nouveau", args=arguments
            ),
            "url_sauver": reverse(
                "signalements:sauver" if reference else "signalements:sauver_nouveau", args=arguments
            ),
            "url_envoyer": reverse("dedoublonnage:envoyer", args=arguments)
            if reference
            else reverse("dedoublonnage:envoyer_nouveau"),
            "fil": [("Signaler", None)] if not reference else [
                ("Brouillons", reverse("signalements:brouillons")), ("Compléter", None)
            ],
            **plus,
        }  # fmt: skip
        if statut is None:
            statut = 409 if self.conflit else 200
        return render(self.request, "signalements/formulaire.html", contexte, status=statut)


def communes_du_code(code_postal):
    """Names of the communes that a postal code serves (current ones)."""
    code = (code_postal or "").replace(" ", "")
    if len(code) != 5 or not code.isdigit():
        return []
    return list(
        Commune.objects.du_code_postal(code).filter(actuelle__isnull=True).values_list("nom", flat=True)[:60]
    )


LISTES = {
    "statut": "statuts",
    "regime": "regimes",
    "niveau": "niveaux",
    "diplome": "diplomes",
    "nature_sortie": "natures_sortie",
    "motif_principal": "motifs",
}


def _lisible(champ, valeur):
    if valeur in (None, "", []):
        return "non renseigné"
    if champ in LISTES:
        return libelle(LISTES[champ], valeur)
    if champ == "motifs":
        return ", ".join(libelle("motifs", m) for m in valeur)
    if champ in ("sexe", "domicile"):
        return dict(Signalement._meta.get_field(champ).flatchoices).get(valeur, valeur)
    if hasattr(valeur, "strftime"):
        return valeur.strftime("%d/%m/%Y")
    return {True: "oui", False: "non"}.get(valeur, valeur) if isinstance(valeur, bool) else valeur


def dernier_enregistrement(signalement):
    """Who saved a draft last, and when (local time)."""
    return signalement.modifie_par or signalement.auteur, timezone.localtime(signalement.modifie_le)
