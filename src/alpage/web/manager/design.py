"""The page that shows every part of the family, as the manager has it."""

from alpage.web.design import every_part
from alpage.web.pages import Pages

pages = Pages()
pages.get("/design")(every_part.show)
pages.get("/design/calm")(every_part.show_calm)
