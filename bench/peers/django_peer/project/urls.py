"""The two measured routes."""

from django.urls import path
from hosting.views import ProfileView, RecordListView

urlpatterns = [
    path("2/profile", ProfileView.as_view()),
    path("2/zones/<str:fqdn>/records", RecordListView.as_view()),
]
