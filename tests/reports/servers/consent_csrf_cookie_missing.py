from base import *

class Case(Base):
    """The consent form wants a cookie that the page never set."""
    def consent(self, r):
        return 403, {}, {"error": "csrf_validation_failed", "detail": "Missing CSRF cookie"}


main(Case)
