"""Pages as the measured contract has them."""

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response


class RecordPagination(PageNumberPagination):
    """Pages that carry their exact total at the root of the answer."""

    page_size = 50
    page_size_query_param = "per_page"
    max_page_size = 1000

    def get_paginated_response(self, data: list[dict[str, object]]) -> Response:
        return Response(
            {
                "result": "success",
                "total": self.page.paginator.count,
                "page": self.page.number,
                "pages": self.page.paginator.num_pages,
                "items_per_page": self.page.paginator.per_page,
                "data": data,
            }
        )
