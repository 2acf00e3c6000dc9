from django.urls import path

from . import views, vues_documents, vues_publications, vues_recherche

app_name = "statistiques"

urlpatterns = [
    path("", views.tableau, name="tableau"),
    path("liste/", views.liste, name="liste"),
    path("question/", views.question, name="question"),
    path("question.pdf", vues_documents.question_pdf, name="question_pdf"),
    path("rapport/", vues_documents.rapport, name="rapport"),
    path("rapport.pdf", vues_documents.rapport_pdf, name="rapport_pdf"),
    path("publications/", vues_publications.publications, name="publications"),
    path("publications/figer/", vues_publications.figer, name="figer"),
    path("publications/<str:reference>/", vues_publications.publication, name="publication"),
    path(
        "publications/<str:reference>/<slug:format>/", vues_publications.fichier, name="publication_fichier"
    ),
    path("recherche/", vues_recherche.recherche, name="recherche"),
    path("export/<slug:format>/", views.export, name="export"),
]
