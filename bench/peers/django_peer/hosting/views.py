"""The two measured routes."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Record, Zone
from .serializers import ProfileSerializer, RecordSerializer


class ProfileView(APIView):
    """Answer who the token's user is."""

    required_scopes = ("user_info",)

    def get(self, request: Request) -> Response:
        return Response({"result": "success", "data": ProfileSerializer(request.user).data})


class RecordListView(ListAPIView):
    """Answer a page of the zone's records with their exact number."""

    required_scopes = ("dns:read",)
    serializer_class = RecordSerializer

    def get_queryset(self) -> QuerySet[Record]:
        zone = get_object_or_404(Zone, fqdn=self.kwargs["fqdn"], owner=self.request.user)
        return zone.records.order_by("id")
