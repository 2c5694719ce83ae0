from tests.web.login.conftest import anna, browser, sign_in

__all__ = ["anna", "browser", "sign_in"]  # fixtures
