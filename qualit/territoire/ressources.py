"""Territory in and out by file (django-import-export), with its preview: used by the Django admin.

The key of each line is a code that does not change; a line that says nothing new is skipped.
"""

from import_export import fields, resources
from import_export.widgets import BooleanWidget, DateWidget, ForeignKeyWidget, SimpleArrayWidget

from .models import Academie, Bassin, Commune, Structure, Terme

#: What follows an import in the technical administration: functions (model, par), registered at start by later apps.
APRES_IMPORT = []

DATE = DateWidget("%d/%m/%Y")


class RessourceTerritoire(resources.ModelResource):
    """What the resources of the territory share: model checks, unchanged lines skipped, one transaction."""

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True


class BassinResource(RessourceTerritoire):
    academie = fields.Field("academie", "academie", ForeignKeyWidget(Academie, "code"))

    class Meta(RessourceTerritoire.Meta):
        model = Bassin
        import_id_fields = ["code"]
        fields = ("code", "nom", "academie", "telephone_gab", "courriel_gab", "delai_habituel_jours")


class CommuneResource(RessourceTerritoire):
    """Communes → bassins."""

    bassin = fields.Field("bassin", "bassin", ForeignKeyWidget(Bassin, "code"))
    codes_postaux = fields.Field("codes_postaux", "codes_postaux", SimpleArrayWidget(" "))

    class Meta(RessourceTerritoire.Meta):
        model = Commune
        import_id_fields = ["code_insee", "nom"]
        fields = ("code_insee", "nom", "codes_postaux", "departement", "population", "bassin")


class StructureResource(RessourceTerritoire):
    academie = fields.Field("academie", "academie", ForeignKeyWidget(Academie, "code"))
    bassin = fields.Field("bassin", "bassin", ForeignKeyWidget(Bassin, "code"))
    code_commune = fields.Field("code_commune", "commune", ForeignKeyWidget(Commune, "code_insee"))
    reprise_par = fields.Field("reprise_par", "reprise_par", ForeignKeyWidget(Structure, "code"))
    prive = fields.Field("prive", "prive", BooleanWidget())
    ouverte_le = fields.Field("ouverte_le", "ouverte_le", DATE)
    fermee_le = fields.Field("fermee_le", "fermee_le", DATE)

    class Meta(RessourceTerritoire.Meta):
        model = Structure
        import_id_fields = ["code"]
        fields = (
            "code", "uai", "siret", "nom", "type", "prive", "code_commune", "bassin", "academie", "adresse",
            "telephone", "courriel", "ouverte_le", "fermee_le", "reprise_par",
        )  # fmt: skip


class TermeResource(RessourceTerritoire):
    valide_du = fields.Field("valide_du", "valide_du", DATE)
    valide_au = fields.Field("valide_au", "valide_au", DATE)

    class Meta(RessourceTerritoire.Meta):
        model = Terme
        import_id_fields = ["liste", "code", "valide_du"]
        fields = ("liste", "code", "libelle", "ordre", "valide_du", "valide_au")
