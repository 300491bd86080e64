from base import *

class Case(Base):
    """The consent page's policy lets its form lead to the page's own origin only; browsers hold redirects to it too."""
    def page(self, title, inner, status=200, headers=()):
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
        return super().page(title, inner, status, [("Content-Security-Policy", policy), *headers])


main(Case)
